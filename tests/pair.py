"""Two economies with a wire between them that a test can break: AUS answers behind a relay, with two workers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from node import config, config_file, lab, lab_control, lab_process
from node.clock import Clock
from node.desk_client import Desk, connect
from node.desk_messages import DeskLookup, DeskResult
from tests.foreign_node import handed_over
from tests.relay import Relay

WORKERS = 2
RECOVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Pair:
    """NZL asks AUS. ``relay`` listens where the directory says that AUS does, ``hidden`` is where it really does."""

    lab: lab.Lab
    relay: Relay
    hidden: int
    specimens: list[dict[str, Any]]

    def specimen(self, status: str, economy: str = "AUS") -> dict[str, Any]:
        """The specimen of an economy by its status."""
        (found,) = [one for one in self.specimens if (one["economy"], one["status"]) == (economy, status)]
        return found

    def ask(self, status: str = "issued", deadline_ms: int = 0) -> DeskResult:
        """What a border system of NZL is told about a specimen of AUS; by default one that is in order."""
        with connect(self.lab.layout("NZL").desk_socket) as desk:
            return self.ask_on(desk, status, deadline_ms)

    def ask_on(self, desk: Desk, status: str = "issued", deadline_ms: int = 0) -> DeskResult:
        """The same, over a connection that is open already."""
        (result,) = desk.lookup([handed_over(self.specimen(status))], DeskLookup(deadline_ms=deadline_ms), timeout=20)
        return result

    def ask_back(self) -> DeskResult:
        """What a border system of AUS is told about a specimen of NZL."""
        with connect(self.lab.layout("AUS").desk_socket) as desk:
            (result,) = desk.lookup([handed_over(self.specimen("stolen", "NZL"))], DeskLookup(), timeout=20)
        return result

    def status(self, economy: str = "AUS") -> dict[str, Any]:
        """What `rmas status --json` prints of a node."""
        with connect(self.lab.layout(economy).desk_socket) as desk:
            return desk.status()

    def supervisor(self, economy: str = "AUS") -> lab_process.Process:
        """The node's first process."""
        found = lab_process.find(self.lab.home(economy))
        assert found is not None, f"{economy} does not run"
        return found

    def workers(self, economy: str = "AUS") -> list[int]:
        """The pids of the workers that are ready, by place; 0 for one that is not."""
        return [one["pid"] if one["ready"] else 0 for one in self.status(economy)["workers"]]

    def mend(self, *economies: str) -> None:
        """Whatever was broken before: these nodes run, with clocks that are right, and reach each other."""
        self.relay.heal()
        for economy in economies:
            if config.load(self.lab.home(economy)).lab.clock_offset_seconds:
                lab_control.stop(self.lab, [economy], Clock())
        lab_control.start(self.lab, economies, timedelta(0), Clock())


def build(path: Path) -> Pair:
    """Make the two, seeded, and start them."""
    # The last of a lab's economies vouches for nothing: AUS, which is asked, comes first.
    found = lab.build(path, lab.Plan(("AUS", "NZL"), 20, WORKERS), Clock())
    aus, nzl = found.home("AUS") / config.CONFIG_FILE, found.home("NZL") / config.CONFIG_FILE
    published = int(config.load(found.home("AUS")).peer.listen[0].rpartition(":")[2])
    relay = Relay(published, hidden := lab._free_ports(1, Clock())[0])
    config_file.change(aus, "peer", {"listen": [f"127.0.0.1:{hidden}"]})
    config_file.change(nzl, "peer", {"workers": 1})
    pair = Pair(found, relay, hidden, json.loads((path / lab.SPECIMENS_FILE).read_text()))
    lab_control.start(found, found.economies, timedelta(0), Clock())
    return pair


def eventually(condition: Any, seconds: float = RECOVERY_SECONDS) -> float:
    """Poll until ``condition()`` holds; how long that took. Fails when it does not within ``seconds``."""
    started = monotonic()
    while not condition():
        assert monotonic() - started < seconds, "it did not come about in time"
        Clock().pause(0.02)
    return monotonic() - started
