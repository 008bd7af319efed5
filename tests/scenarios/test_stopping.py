"""A node that ends, in order or not: what was asked of it is answered, asked again, or told that there is no answer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from federation.lookup import LOOKUP_METHOD
from federation.verdict import Verdict
from node import lab_process
from node.desk_client import connect
from node.desk_messages import DeskResult
from tests.foreign_node import ForeignNode, Line
from tests.pair import Pair, eventually
from tests.relay import Way

pytestmark = pytest.mark.slow

WORKERS_END_SECONDS = 3.0
ASKERS = 3


@dataclass
class Load:
    """Several border posts of NZL that ask one question after the other, and what each was told, in order."""

    pair: Pair
    heard: list[list[DeskResult]] = field(default_factory=lambda: [[] for _ in range(ASKERS)])
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self, place: int) -> None:
        with connect(self.pair.lab.layout("NZL").desk_socket) as desk:
            while not self.over.is_set():
                self.heard[place].append(self.pair.ask_on(desk))

    def answers(self) -> int:
        return sum(len(heard) for heard in self.heard)

    def wait_for(self, more: int) -> None:
        """Until so many more answers came."""
        before = self.answers()
        eventually(lambda: self.answers() >= before + more)


@contextmanager
def load(pair: Pair) -> Iterator[Load]:
    """Asking goes on meanwhile; an error of an asker comes out at the end."""
    load = Load(pair)
    with ThreadPoolExecutor(ASKERS) as threads:
        askers = [threads.submit(load.ask, place) for place in range(ASKERS)]
        try:
            yield load
        finally:
            load.over.set()
        for asker in askers:
            asker.result()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    return lab_process._stat(pid)[0] in ("", "Z", "X")


def exit_code(pair: Pair, economy: str) -> int:
    """Of a supervisor that this process started, when it has ended."""
    _, status = os.waitpid(pair.supervisor(economy).pid, 0)
    return os.waitstatus_to_exitcode(status)


def events(pair: Pair, economy: str, since: int) -> str:
    """What a node's log says after its first ``since`` octets."""
    return (pair.lab.home(economy) / lab_process.LOG_FILE).read_text()[since:]


def log_size(pair: Pair, economy: str) -> int:
    return (pair.lab.home(economy) / lab_process.LOG_FILE).stat().st_size


def test_a_worker_that_drains_loses_no_lookup(pair: Pair) -> None:
    """ATTACKS H14: what it took it answers; what comes later is asked again of the one beside it."""
    ended = pair.workers()
    with load(pair) as asking:
        asking.wait_for(20)
        for pid in ended:
            os.kill(pid, signal.SIGTERM)
            asking.wait_for(20)
            eventually(lambda: all(pair.workers()) and pid not in pair.workers())  # noqa: B023 - called at once
    assert {result.verdict for heard in asking.heard for result in heard} == {Verdict.CLEAR}


def test_a_node_told_to_stop_drains_and_leaves_no_lookup_without_a_word(pair: Pair) -> None:
    """ATTACKS H14: answered up to a moment, told that there is no answer from then on."""
    since = log_size(pair, "AUS")
    with load(pair) as asking:
        asking.wait_for(20)
        os.kill(pair.supervisor("AUS").pid, signal.SIGTERM)
        assert exit_code(pair, "AUS") == 0
        asking.wait_for(20)
    for heard in asking.heard:
        assert {result.verdict for result in heard} == {Verdict.CLEAR, Verdict.NO_ANSWER}
        assert {result.reason for result in heard} == {"", "PEER_UNREACHABLE"}
        assert heard[-1].verdict is Verdict.NO_ANSWER
    said = events(pair, "AUS", since)
    assert '"stopped"' in said
    assert "worker did not drain" not in said
    assert "Fatal" not in said


def test_an_asking_node_told_to_stop_first_says_what_became_of_its_lookups(pair: Pair) -> None:
    """ATTACKS H14."""
    pair.relay.hold(*Way)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(pair.ask, "issued", 1000)
        eventually(lambda: pair.relay.is_holding)
        os.kill(pair.supervisor("NZL").pid, signal.SIGTERM)
        result = waiting.result()
    assert (result.verdict, result.reason) == (Verdict.NO_ANSWER, "DEADLINE")
    assert exit_code(pair, "NZL") == 0


@pytest.fixture
def aus(unmended_pair: Pair) -> Pair:
    """AUS runs and is well; nobody else need."""
    unmended_pair.mend("AUS")
    return unmended_pair


@contextmanager
def held_line(pair: Pair) -> Iterator[Line]:
    """A call to AUS that never comes to its end, on a connection that does not hear what the node says."""
    with Line(ForeignNode(pair.lab.home("NZL")), "AUS", pair.hidden) as line:
        line.connection.send(LOOKUP_METHOD.encode(), b"\x00", end=False)
        yield line


def test_a_node_stops_soon_though_a_peer_does_not_let_go(aus: Pair) -> None:
    """Its drain time is for those who listen."""
    with held_line(aus):
        workers = aus.workers()
        os.kill(aus.supervisor("AUS").pid, signal.SIGTERM)
        eventually(lambda: all(map(is_gone, workers)), WORKERS_END_SECONDS)
    assert exit_code(aus, "AUS") == 0


def test_when_the_supervisor_is_killed_its_workers_end_though_a_peer_does_not_let_go(aus: Pair) -> None:
    """What answers must be what is watched; and the ports are free for the next supervisor."""
    with held_line(aus):
        workers = aus.workers()
        os.kill(aus.supervisor("AUS").pid, signal.SIGKILL)
        eventually(lambda: all(map(is_gone, workers)), WORKERS_END_SECONDS)
    aus.mend("AUS")
    assert aus.workers() != workers
