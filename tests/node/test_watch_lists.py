"""What the log says of lists that are held or have grown old, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from federation.documents import ListName
from node.jobs import watch_lists
from node.jobs.surroundings import Surroundings
from node.jobs.watch_lists import AGAIN_SECONDS, EVERY_SECONDS, Said
from node.store.ports import SourceState

NOW_MS = 1_795_316_400_000
FRESH = SourceState(as_of_ms=NOW_MS)
HELD = replace(FRESH, held_as_of_ms=NOW_MS + 1, held_rejected=3)


class FakeNode:
    """The lists' states as a test sets them, a clock that it moves, and the events that were said."""

    def __init__(self) -> None:
        self.states = {name: {"main": FRESH} for name in ListName}
        self.seconds = 0.0
        self.said: list[str] = []
        self._memory = Said()

    async def with_writer(self, ask: Callable[[Any], Any]) -> Any:
        """As `node.feeding.Feeder`."""
        return ask(SimpleNamespace(state=lambda name: SimpleNamespace(sources=self.states[name])))

    def watch(self) -> list[str]:
        """What one run of the job says."""
        self.said.clear()
        clock = SimpleNamespace(now_ms=lambda: NOW_MS, monotonic=lambda: self.seconds)
        log = SimpleNamespace(warning=lambda event, **_fields: self.said.append(event))
        own = SimpleNamespace(coverage={})
        node = SimpleNamespace(
            clock=clock, settings=None, economy="NZL", directory=SimpleNamespace(members={"NZL": own})
        )
        around = SimpleNamespace(node=node, feeder=self, log=log)
        asyncio.run(watch_lists.watch(cast(Surroundings, around), self._memory))
        return list(self.said)


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    monkeypatch.setattr("node.app.list_sources", lambda _settings: dict.fromkeys(ListName, ("main",)))
    return FakeNode()


def test_a_held_import_is_said_within_a_minute_and_then_every_quarter_of_an_hour(node: FakeNode) -> None:
    assert EVERY_SECONDS <= 60
    assert node.watch() == []
    node.states[ListName.REPORTED]["main"] = HELD
    heard = []
    for _ in range(31):
        node.seconds += 60
        heard += [node.seconds] * len(node.watch())
    assert heard == [60, 60 + AGAIN_SECONDS, 60 + 2 * AGAIN_SECONDS]


@pytest.mark.parametrize("other", [replace(HELD, held_rejected=4), replace(HELD, held_as_of_ms=NOW_MS + 2)])
def test_another_one_is_said_at_once(node: FakeNode, other: SourceState) -> None:
    node.states[ListName.REPORTED]["main"] = HELD
    assert node.watch() == ["import held for rejected lines"]
    assert node.watch() == []
    node.states[ListName.REPORTED]["main"] = other
    assert node.watch() == ["import held for rejected lines"]


def test_what_was_mended_and_comes_back_is_said_at_once(node: FakeNode) -> None:
    old = SourceState(as_of_ms=NOW_MS - 25 * 3_600_000)
    for state, heard in ((old, ["list grows old"]), (old, []), (FRESH, []), (old, ["list grows old"])):
        node.states[ListName.REPORTED]["main"] = state
        assert node.watch() == heard
