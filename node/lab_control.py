"""Starting, stopping and looking at the nodes of a lab that stands on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from federation.status import Purpose
from federation.verdict import Reason
from node import config, config_file, lab_process
from node.clock import Clock
from node.desk_client import connect
from node.desk_messages import DeskLookup
from node.enquiry import DocumentInput
from node.errors import LabError, NodeDown, OperatorError
from node.lab import Lab
from node.specimen_list import SPECIMENS

READY_SECONDS = 60.0
POLL_SECONDS = 0.05
# A peer that answers with any of these was not reached; every other answer, a refusal too, came from it.
_NOT_REACHED = frozenset({Reason.PEER_UNREACHABLE, Reason.DEADLINE, Reason.LOCAL_FAULT})


def start(lab: Lab, economies: Sequence[str], offset: timedelta, clock: Clock) -> None:
    """Start the nodes of ``economies`` that do not run, with their clocks off by ``offset``; wait until all is well.

    Returns when each answers its own desk and every running node reaches every other. Raises LabError LAB_RUNNING
    when one runs that would need another clock, LAB_NOT_READY with the end of its log when one does not come up.
    """
    started = [economy for economy in economies if _start(lab, economy, offset)]
    _wait_all(lab, started, clock)


def resume(lab: Lab, clock: Clock) -> None:
    """Start every node that does not run, each with the clock it was last given, and wait as `start` does."""
    started = [economy for economy in lab.economies if not lab_process.find(lab.home(economy))]
    for economy in started:
        lab_process.start(lab.home(economy))
    _wait_all(lab, started, clock)


def stop(lab: Lab, economies: Sequence[str], clock: Clock) -> list[str]:
    """Stop these nodes, draining; returns those that had to be killed."""
    running = [(economy, process) for economy in economies if (process := lab_process.find(lab.home(economy)))]
    # All are asked before any is waited for: they drain side by side.
    for _, process in running:
        lab_process.request_stop(process)
    return [one for one, process in running if not lab_process.await_stop(process, clock, _drain_seconds(lab, one))]


def status(lab: Lab) -> list[dict[str, Any]]:
    """Per economy: `economy, dir, state, peer_address, desk_address, console_url, pids`."""
    return [_status(lab, economy) for economy in lab.economies]


def _status(lab: Lab, economy: str) -> dict[str, Any]:
    home = lab.home(economy)
    settings = config.load(home)
    process = lab_process.find(home)
    return {
        "economy": economy,
        "dir": str(home),
        "state": "stopped" if process is None else "running" if _answers(lab, economy) else "starting",
        "peer_address": settings.peer.listen[0],
        "desk_address": f"unix:{lab.layout(economy).desk_socket}",
        "console_url": None,
        "pids": lab_process.pids(process) if process else [],
    }


def _start(lab: Lab, economy: str, offset: timedelta) -> bool:
    home = lab.home(economy)
    seconds = offset // timedelta(seconds=1)
    now_off = config.load(home).lab.clock_offset_seconds
    if lab_process.find(home):
        if now_off == seconds:
            return False
        raise LabError("LAB_RUNNING", f"{economy} is running with another clock; stop it first.")
    if now_off != seconds:
        config_file.change(home / config.CONFIG_FILE, "lab", {"clock_offset_seconds": seconds})
    lab_process.start(home)
    return True


def _drain_seconds(lab: Lab, economy: str) -> float:
    return config.load(lab.home(economy)).peer.drain_seconds


def _wait_all(lab: Lab, started: Sequence[str], clock: Clock) -> None:
    try:
        for economy in started:
            _wait_ready(lab, economy, clock)
        _wait_reached(lab, clock)
    except BaseException:
        # What this command started and could not bring up does not go on running behind its back.
        stop(lab, started, clock)
        raise


def _wait_ready(lab: Lab, economy: str, clock: Clock) -> None:
    home = lab.home(economy)
    process = lab_process.find(home)

    def ready() -> bool:
        if process is None or not lab_process.alive(process):
            raise _not_ready(home, f"{economy} ended right after its start")
        return _answers(lab, economy)

    if not _wait(ready, clock):
        raise _not_ready(home, f"{economy} did not become ready within {READY_SECONDS:.0f} s")


def _wait_reached(lab: Lab, clock: Clock) -> None:
    running = [economy for economy in lab.economies if lab_process.find(lab.home(economy))]
    for asker in running:
        for other in running:
            if asker != other and not _wait(partial(_reaches, lab, asker, other), clock):
                raise _not_ready(lab.home(asker), f"{asker} does not reach {other}")


def _wait(condition: Callable[[], bool], clock: Clock) -> bool:
    deadline = clock.monotonic() + READY_SECONDS
    while not condition():
        if clock.monotonic() > deadline:
            return False
        clock.pause(POLL_SECONDS)
    return True


def _answers(lab: Lab, economy: str) -> bool:
    try:
        with connect(lab.layout(economy).desk_socket) as desk:
            return bool(desk.status(timeout=2)["state"] == "ready")
    except OperatorError:
        return False


def _reaches(lab: Lab, asker: str, other: str) -> bool:
    specimen = SPECIMENS[0]
    document = DocumentInput(
        issuing_state="UTO",
        document_class=specimen["document_class"],
        document_number=specimen["document_number"],
    )
    how = DeskLookup(purpose=Purpose.TEST.name, peer=other, deadline_ms=1000)
    try:
        with connect(lab.layout(asker).desk_socket) as desk:
            return desk.lookup([document], how, timeout=5)[0].reason not in _NOT_REACHED
    except NodeDown:
        return False


def _not_ready(home: Path, what: str) -> LabError:
    last = next((line for line in map(_sentence, reversed(lab_process.log_tail(home))) if line), "nothing")
    return LabError("LAB_NOT_READY", f"{what}; the last words in {home / lab_process.LOG_FILE}: {last}")


def _sentence(line: str) -> str:
    """What a log line says to a person; a line that is no log line as it is."""
    try:
        item = json.loads(line)
        return str(item.get("message") or item.get("event"))
    except (ValueError, AttributeError):
        return line.strip()
