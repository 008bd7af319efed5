"""A wire that breaks between two live nodes: no answer, soon, and never a clear one; and it mends by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import monotonic

import pytest

from federation.verdict import Verdict
from node.desk_client import connect
from node.desk_messages import DeskResult
from node.spool import Event, read
from tests.pair import Pair, eventually
from tests.relay import Harm, Way, end_half_way, flip_one_bit, reset_half_way

pytestmark = pytest.mark.slow

DEADLINE_MS = 1200  # one that is shorter than a second says nothing about the peer
SLACK_SECONDS = 1.0  # for a machine that is busy with something else


def unanswered(pair: Pair, reasons: set[str]) -> DeskResult:
    """Ask while the wire is broken: no answer, for one of these reasons, within the deadline."""
    started = monotonic()
    result = pair.ask(deadline_ms=DEADLINE_MS)
    assert monotonic() - started < DEADLINE_MS / 1000 + SLACK_SECONDS
    assert result.verdict is Verdict.NO_ANSWER
    assert result.reason in reasons
    return result


def unanswered_twice(pair: Pair) -> None:
    """What it takes for a peer to be down."""
    with ThreadPoolExecutor(2) as threads:
        for asked in [threads.submit(unanswered, pair, {"DEADLINE"}) for _ in range(2)]:
            asked.result()


def is_clear(pair: Pair) -> bool:
    """Ask while the wire may be mending: the right answer or none."""
    result = pair.ask(deadline_ms=DEADLINE_MS)
    assert result.verdict in (Verdict.CLEAR, Verdict.NO_ANSWER)
    return result.verdict is Verdict.CLEAR


def known_down(pair: Pair) -> None:
    """Once the peer is known to be down, that is said at once."""
    took = []
    with connect(pair.lab.layout("NZL").desk_socket) as desk:
        desk.status()  # the desk's own connection is made
        for _ in range(9):
            started = monotonic()
            assert pair.ask_on(desk).reason == "PEER_UNREACHABLE"
            took.append(monotonic() - started)
    assert median(took) < 0.05


@pytest.mark.parametrize("way", Way, ids=lambda way: way.value)
def test_when_one_direction_is_lost_the_peer_is_down_after_two_deadlines(way: Way, pair: Pair) -> None:
    """ATTACKS J02."""
    pair.relay.hold(way)
    unanswered_twice(pair)
    known_down(pair)
    pair.relay.heal()
    eventually(lambda: is_clear(pair))


def test_a_peer_that_vanished_without_a_word_is_replaced_by_a_fresh_connection(pair: Pair) -> None:
    """ATTACKS J03: its old connections never end by themselves, and new ones are taken and stay silent."""
    pair.relay.hold(*Way)
    unanswered_twice(pair)
    known_down(pair)
    pair.relay.reset_all()
    pair.relay.heal()
    eventually(lambda: is_clear(pair))


HARMS = {"reset": reset_half_way, "a flipped bit": flip_one_bit, "a record cut short": end_half_way}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_an_answer_lost_on_the_way_is_asked_for_once_more_as_a_new_request(harm: Harm, pair: Pair) -> None:
    """ATTACKS J06."""
    spool = pair.lab.layout("NZL").spool / "desk"
    before = sum(1 for _ in read(spool))
    pair.relay.hurt_responses(harm, times=1)
    result = pair.ask()
    assert result.verdict is Verdict.CLEAR
    asked = [entry.request_digest for _, entry in read(spool, before) if entry.event is Event.ASKING]
    assert len(asked) == len(set(asked)) == 2
    assert asked[-1].hex() == result.request_digest


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_when_every_answer_is_lost_there_is_none(harm: Harm, pair: Pair) -> None:
    """ATTACKS J06."""
    pair.relay.hurt_responses(harm)
    unanswered(pair, {"PEER_UNREACHABLE", "DEADLINE"})
    known_down(pair)
    pair.relay.heal()
    eventually(lambda: is_clear(pair))
