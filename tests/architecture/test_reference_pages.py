"""Pages name every field that the program reads and writes, and every module there is, and no other."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from federation.client import PeerClient
from federation.documents import ListName
from node import status
from node.app import Node
from node.responders import Peer
from node.store.ports import ListState, Reader, SourceState
from node.trust_fetching import FetchTrust
from node.worker_status import WorkerStatus
from node.workers import WorkerPool
from tests.written_directory import parse

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
WORKED = ROOT / "docs" / "spec" / "worked" / "directory.json"


def _named(text: str) -> set[str]:
    """Every name in code marks that looks like a field."""
    return set(re.findall(r"`([a-z][a-z0-9_]*)`", text))


def _first_cells(page: str) -> set[str]:
    rows = re.findall(r"^\|(.*?)\|", (REFERENCE / page).read_text(), re.MULTILINE)
    return set().union(*(_named(cell) for cell in rows))


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(one) for one in value.values()))
    return set().union(*(_keys(one) for one in value)) if isinstance(value, list) else set()


def test_every_field_of_a_directory_is_on_its_page() -> None:
    data = WORKED.read_bytes()
    assert set(parse(data).members) == {"AUS", "NZL"}
    assert _keys(json.loads(data)) <= _named((WORKED.with_suffix(".md")).read_text())


def test_every_field_on_the_page_is_one_of_a_directory() -> None:
    assert _first_cells("../spec/worked/directory.md") <= _keys(json.loads(WORKED.read_bytes()))


def _status() -> dict[str, Any]:
    settings = SimpleNamespace(economy="NZL", peer=SimpleNamespace(listen=("127.0.0.1:7443",)))
    node = SimpleNamespace(
        settings=settings,
        clock=SimpleNamespace(now_ms=lambda: 3_000_000),
        identity=SimpleNamespace(name="rmas://lab/NZL/node1"),
        layout=SimpleNamespace(desk_socket=Path("run/desk.sock")),
        directory=SimpleNamespace(digest=bytes(32), charter_version=1),
    )
    worker = WorkerStatus(7, True, 0, 1, 2, 3, 4, 5)
    workers = SimpleNamespace(ready=lambda: True, restarts=0, statuses=lambda: [(0, worker), (1, None)])
    source = SourceState(1_000_000, 2_000_000, 2_500_000, 1)
    lists = {name: ListState(1, 2, 3, 4, 5, {"main": source}) for name in ListName}
    reader = SimpleNamespace(view=lambda: SimpleNamespace(data_as_of=lambda _: 1_000_000))
    client = SimpleNamespace(name="rmas://lab/AUS/node1", up=None, last_error="")
    peer = SimpleNamespace(economy="AUS", clients=(cast(PeerClient, client),))
    nothing: Any = None
    fetch = FetchTrust(nothing, nothing, nothing, nothing, nothing)
    return status.describe(
        cast(Node, node), cast(WorkerPool, workers), lists, cast(Reader, reader), [cast(Peer, peer)], 0, fetch.describe
    )


def test_every_key_of_a_status_is_on_its_page() -> None:
    assert _keys(_status()) - {*ListName, "main"} <= _named((REFERENCE / "status-json.md").read_text())


def test_every_key_on_the_page_is_one_of_a_status() -> None:
    assert _first_cells("status-json.md") <= _keys(_status())


def _rooms(package: str) -> set[str]:
    """The modules that the map of docs/architecture.md puts into a package, as paths without their ending."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    found = re.search(rf"^### {package}/.*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found
    rooms: set[str] = set()
    for first, second in re.findall(r"^\|(.*?)\|(.*)\|$", found[0], re.MULTILINE):
        inner = re.fullmatch(r" `([a-z]+)/` ", first)
        names, below = (second, f"{package}/{inner[1]}") if inner else (first, package)
        rooms |= {f"{below}/{name}" for name in re.findall(r"`([a-z_0-9]+)`", names)}
    return rooms


@pytest.mark.parametrize("package", ["certs", "federation", "node"])
def test_the_map_has_every_module_and_no_other(package: str) -> None:
    there = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in (ROOT / package).rglob("*.py")
        if not path.name.startswith("__") and path.parent.name != "v1"
    }
    assert _rooms(package) == there, "docs/architecture.md, Rooms"


_LEVELS = {"debug", "info", "warning", "error", "critical"}


def _events_logged() -> set[str]:
    """Every fixed text that the node logs as an event, and ``library`` for what others say."""
    events = {"library"}
    for path in (ROOT / "node").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _LEVELS:
                texts = (one.value for one in ast.walk(call.args[0]) if isinstance(one, ast.Constant))
                events |= {text for text in texts if isinstance(text, str)}
    return events


def test_every_event_of_the_log_is_explained_to_operators() -> None:
    page = (ROOT / "docs" / "operations" / "README.md").read_text()
    table = re.search(r"^\| level \| event \|.*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert table
    rows = [line.split("|") for line in table[0].strip().splitlines()[2:]]
    assert {event for row in rows for event in re.findall(r"`([^`]+)`", row[2])} == _events_logged()
    for level, event in ((row[1].strip(), row[2]) for row in rows):
        assert level in {*_LEVELS, "any"}, event
