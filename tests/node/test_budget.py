"""The day's questions of each peer, over all workers of a node: counted once, told in one piece, never far out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Refused
from federation.status import RefusalCode
from node.budget import DAY_MS, SIZE, SLOTS, WorkerBudget, publish
from node.counting import count_questions
from node.spool import Entry, Event, Spool
from node.state import State
from tests.codes import code_of
from tests.virtual_time import NOW_MS

DAY = NOW_MS // DAY_MS


def spends(budget: WorkerBudget, questions: int, limit: int, economy: str = "NZL", now_ms: int = NOW_MS) -> bool:
    code = code_of(lambda: budget.spend(economy, questions, limit, now_ms))
    assert code in (None, RefusalCode.BUDGET)
    return code is None


class TestOneWorker:
    def test_the_day_s_questions_may_be_used_up_and_not_one_more(self, tmp_path: Path) -> None:
        budget = WorkerBudget(tmp_path / "budget")
        assert spends(budget, 60, 100)
        assert not spends(budget, 41, 100)
        assert spends(budget, 40, 100)
        assert not spends(budget, 1, 100)

    def test_each_member_has_its_own(self, tmp_path: Path) -> None:
        """Oracle 9: one peer cannot use up another's."""
        budget = WorkerBudget(tmp_path / "budget")
        assert spends(budget, 100, 100, "NZL")
        assert spends(budget, 100, 100, "USA")

    def test_the_next_day_starts_anew(self, tmp_path: Path) -> None:
        budget = WorkerBudget(tmp_path / "budget")
        assert spends(budget, 100, 100)
        midnight = (DAY + 1) * DAY_MS
        assert not spends(budget, 1, 100, now_ms=midnight - 1)
        assert spends(budget, 1, 100, now_ms=midnight)

    def test_a_refusal_says_how_long_until_midnight(self, tmp_path: Path) -> None:
        budget = WorkerBudget(tmp_path / "budget")
        with pytest.raises(Refused) as refused:
            budget.spend("NZL", 1, 0, NOW_MS)
        wait_ms = refused.value.retry_after * 1000
        assert 0 < wait_ms - ((DAY + 1) * DAY_MS - NOW_MS) <= 1000


class TestTold:
    """What the supervisor tells in ``run/budget``."""

    def test_what_other_workers_answered_counts(self, tmp_path: Path) -> None:
        budget = WorkerBudget(tmp_path / "budget")
        assert spends(budget, 10, 100)
        publish(tmp_path / "budget", DAY, {"NZL": 95, "USA": 1})
        assert not spends(budget, 6, 100)
        assert spends(budget, 5, 100)
        assert spends(budget, 99, 100, "USA")

    def test_a_worker_that_starts_again_knows_what_was_used(self, tmp_path: Path) -> None:
        """M08: restarting a worker resets nothing."""
        publish(tmp_path / "budget", DAY, {"NZL": 100})
        assert not spends(WorkerBudget(tmp_path / "budget"), 1, 100)

    def test_yesterday_s_total_is_no_longer_counted(self, tmp_path: Path) -> None:
        publish(tmp_path / "budget", DAY - 1, {"NZL": 100})
        assert spends(WorkerBudget(tmp_path / "budget"), 100, 100)

    def test_members_that_are_gone_are_gone(self, tmp_path: Path) -> None:
        budget = WorkerBudget(tmp_path / "budget")
        publish(tmp_path / "budget", DAY, {"NZL": 100, "USA": 100})
        publish(tmp_path / "budget", DAY, {"NZL": 100})
        assert not spends(budget, 1, 100, "NZL")
        assert spends(budget, 100, 100, "USA")

    @given(totals=st.dictionaries(st.text("ABC", min_size=3, max_size=3), st.integers(0, 2**40), max_size=27))
    def test_every_total_arrives(self, tmp_path_factory: pytest.TempPathFactory, totals: dict[str, int]) -> None:
        path = tmp_path_factory.mktemp("budget") / "budget"
        budget = WorkerBudget(path)
        publish(path, DAY, totals)
        for economy, total in totals.items():
            assert spends(budget, 0, total, economy)
            assert not spends(budget, 1, total, economy)

    def test_a_half_written_file_is_not_believed(self, tmp_path: Path) -> None:
        """The generation is odd while it is written, and stays so if the writer died."""
        path = tmp_path / "budget"
        publish(path, DAY, {"NZL": 50})
        budget = WorkerBudget(path)
        assert spends(budget, 10, 100)
        data = bytearray(path.read_bytes())
        data[0] |= 1
        data[8:] = bytes(len(data) - 8)
        path.write_bytes(data)
        assert not spends(budget, 41, 100)
        publish(path, DAY, {"NZL": 60})
        assert not spends(budget, 41, 100)
        assert spends(budget, 40, 100)

    @pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE + 1])
    def test_a_file_of_another_size_is_written_anew(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "budget"
        path.write_bytes(bytes(size))
        budget = WorkerBudget(path)
        assert spends(budget, 1, 100)
        publish(path, DAY, {"NZL": 100})
        assert not spends(WorkerBudget(path), 1, 100)

    def test_more_members_than_there_is_room_for_do_no_harm(self, tmp_path: Path) -> None:
        names = [f"{a}{b}{c}" for a in "ABCDEFGHIJKL" for b in "ABCDEFGHIJ" for c in "ABCDEFGHIJ"][: SLOTS + 5]
        publish(tmp_path / "budget", DAY, dict.fromkeys(names, 1))
        assert (tmp_path / "budget").stat().st_size == SIZE

    def test_a_reader_never_takes_half_of_a_telling(self, tmp_path: Path) -> None:
        """Both totals always grow together, so they are never seen apart."""
        path = tmp_path / "budget"
        publish(path, DAY, {"AAA": 0, "ZZZ": 0})
        stop = threading.Event()

        def tell() -> None:
            for total in range(1, 800):
                publish(path, DAY, {"AAA": total, "ZZZ": total})
            stop.set()

        teller = threading.Thread(target=tell)
        teller.start()
        budget = WorkerBudget(path)
        while not stop.is_set():
            budget._refresh()
            assert budget._told.get(("AAA", DAY)) == budget._told.get(("ZZZ", DAY))
        teller.join()


def asked(economy: str, questions: int, event: Event = Event.ASKED, at_ms: int = NOW_MS) -> Entry:
    return Entry(event, at_ms, economy, 1, questions, bytes(32))


class TestCounting:
    """From the workers' spools to what is told: ``node.counting``."""

    def test_every_worker_s_questions_are_added_up_and_told(self, tmp_path: Path) -> None:
        state = State(tmp_path / "state.db")
        for worker, questions in enumerate((30, 50)):
            spool = Spool(tmp_path / f"worker-{worker}", 64)
            spool.append(asked("NZL", questions))
            spool.append(asked("NZL", questions, Event.ANSWERED))
            spool.append(asked("NZL", questions, Event.REFUSED))
            spool.close()
        count_questions(tmp_path, state, tmp_path / "budget", NOW_MS)
        budget = WorkerBudget(tmp_path / "budget")
        assert not spends(budget, 21, 100)
        assert spends(budget, 20, 100)
        state.close()

    def test_none_is_counted_twice(self, tmp_path: Path) -> None:
        """Again and again, and by a supervisor that was started anew."""
        spool = Spool(tmp_path / "worker-0", 64)
        for questions in (10, 20, 30):
            spool.append(asked("NZL", questions))
            for _ in range(2):
                state = State(tmp_path / "state.db")
                count_questions(tmp_path, state, tmp_path / "budget", NOW_MS)
                state.close()
        spool.close()
        state = State(tmp_path / "state.db")
        assert state.day_totals(DAY) == {"NZL": 60}
        state.close()

    def test_each_day_has_its_own_total(self, tmp_path: Path) -> None:
        state = State(tmp_path / "state.db")
        spool = Spool(tmp_path / "worker-0", 64)
        spool.append(asked("NZL", 7, at_ms=NOW_MS - DAY_MS))
        spool.append(asked("NZL", 5))
        spool.close()
        count_questions(tmp_path, state, tmp_path / "budget", NOW_MS)
        assert (state.day_totals(DAY - 1), state.day_totals(DAY)) == ({"NZL": 7}, {"NZL": 5})
        state.forget_days_before(DAY)
        assert (state.day_totals(DAY - 1), state.day_totals(DAY)) == ({}, {"NZL": 5})
        state.close()

    def test_what_a_worker_asked_of_itself_between_two_tellings_is_never_lost_for_good(self, tmp_path: Path) -> None:
        """Two workers in turns: the node gives away no more than one telling's worth beyond the limit."""
        state, path = State(tmp_path / "state.db"), tmp_path / "budget"
        spools = [Spool(tmp_path / f"worker-{n}", 4096) for n in range(2)]
        budgets = [WorkerBudget(path) for _ in range(2)]
        given_away, limit, between = 0, 1000, 50
        for step in range(3000):
            worker = step % 2
            if spends(budgets[worker], 1, limit):
                spools[worker].append(asked("NZL", 1))
                given_away += 1
            if step % between == 0:
                count_questions(tmp_path, state, path, NOW_MS)
        assert limit <= given_away <= limit + between
        for spool in spools:
            spool.close()
        state.close()
