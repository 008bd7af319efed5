"""The little that a supervisor remembers across restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from federation.documents import ListName
from node.state import State

NODE, SISTER = "rmas://lab/AUS/node1", "rmas://lab/AUS/node2"
R, I = ListName.REPORTED, ListName.ISSUED  # noqa: E741 - as elsewhere


@contextmanager
def opened(path: Path) -> Iterator[State]:
    state = State(path / "state.db")
    yield state
    state.close()


def test_nothing_was_seen_at_first(tmp_path: Path) -> None:
    with opened(tmp_path) as state:
        assert state.highest_as_of(NODE, R) == 0


def test_the_highest_as_of_is_kept_per_node_and_list_and_survives(tmp_path: Path) -> None:
    """DATA_REGRESSION must be seen after a restart too (B13)."""
    with opened(tmp_path) as state:
        state.raise_as_of(NODE, {R: 10, I: 20})
        state.raise_as_of(NODE, {R: 5})
        state.raise_as_of(SISTER, {R: 7})
    with opened(tmp_path) as state:
        assert [state.highest_as_of(NODE, name) for name in (R, I)] == [10, 20]
        assert [state.highest_as_of(SISTER, name) for name in (R, I)] == [7, 0]


def test_only_a_rise_is_written(tmp_path: Path) -> None:
    """It happens when a peer imports, not with every answer."""
    with opened(tmp_path) as state:
        state.raise_as_of(NODE, {R: 10})
        before = state._db.total_changes()
        for _ in range(10):
            state.raise_as_of(NODE, {R: 10})
        assert state._db.total_changes() == before


def test_a_disk_that_refuses_takes_no_memory_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H05: guarded from now on, and the operator hears of it."""
    with opened(tmp_path) as state:
        other = apsw.Connection(str(tmp_path / "state.db"))
        state._db.set_busy_timeout(0)
        other.execute("BEGIN IMMEDIATE")
        state.raise_as_of(NODE, {R: 10})
        assert (state.highest_as_of(NODE, R), state.unwritten) == (10, 1)
        other.execute("ROLLBACK")
        other.close()
        state.raise_as_of(NODE, {R: 11})
    with opened(tmp_path) as state:
        assert state.highest_as_of(NODE, R) == 11


def test_counting_and_how_far_it_came_are_one_step(tmp_path: Path) -> None:
    with opened(tmp_path) as state:
        state.count("worker-0", 3, {(1, "NZL"): 5, (2, "AUS"): 7})
        state.count("worker-0", 4, {(1, "NZL"): 1})
        with pytest.raises(apsw.ConstraintError):
            state.count(None, 9, {(1, "NZL"): 100})  # type: ignore[arg-type]
        assert state.counted("worker-0") == 4
    with opened(tmp_path) as state:
        assert state.day_totals(1) == {"NZL": 6}
        assert state.day_totals(2) == {"AUS": 7}
        assert state.counted("worker-1") == 0
