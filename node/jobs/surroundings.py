"""What jobs are handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from node.app import Node
from node.feeding import Feeder
from node.logs import Logger
from node.peers import Peers
from node.state import State
from node.trust_fetching import FetchTrust
from node.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The node, the way to its writer, what it remembers, its workers, its health service (gRPC), its log, what fetches
    trust documents, and whom it asks.
    """

    node: Node
    feeder: Feeder
    state: State
    workers: WorkerPool
    health: Any
    log: Logger
    fetch: FetchTrust
    peers: Peers
