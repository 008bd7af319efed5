"""What jobs are handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from node.app import Node
from node.logs import Logger
from node.state import State
from node.store.ports import Writer
from node.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The node, what the supervisor writes, its workers, its health service (gRPC), and its log."""

    node: Node
    writer: Writer
    state: State
    workers: WorkerPool
    health: Any
    log: Logger
