"""Answering: recorded before anything leaves, and never a no-match for want of something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from federation import codec
from federation.documents import Kind, ListName
from federation.envelope import PayloadType, pre_authentication
from federation.lookup import LOOKUP_METHOD, LookupAnswer, Question, decode_outcome
from federation.status import Purpose, RefusalCode
from node.answering import REFUSALS_RECORDED_A_DAY
from node.spool import Entry, Event, SpoolFull
from node.store.ports import Tags
from tests.caller import ALL_KINDS, Caller, question
from tests.fake_lists import HOUR_MS, Register, passport
from tests.faults import flip_bit
from tests.virtual_time import NOW_MS
from tests.world import World

R, I, D = Kind.REPORTED, Kind.ISSUED, Kind.ISSUED_DATES  # noqa: E741 - as the columns of the table


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world.nzl, world.aus).open()


def as_test(caller: Caller, asked: Question) -> bytes:
    return caller.request(asked, change=lambda statement: replace(statement, purpose=int(Purpose.TEST)))


class TestOutcomes:
    def test_each_kind_reads_its_list(self, world: World, caller: Caller) -> None:
        world.aus.register.issue(passport("AUS", 0))
        world.aus.register.report(passport("AUS", 1))
        world.aus.register.issue(passport("AUS", 1), birth="1999-09-09")
        assert caller.outcome(question("AUS", 0)) == {R: False, I: True, D: True}
        assert caller.outcome(question("AUS", 1)) == {R: True, I: True, D: False}
        assert caller.outcome(question("AUS", 2)) == {R: False, I: False, D: False}

    @pytest.mark.parametrize("kinds", range(1, 8))
    def test_only_what_was_asked_is_answered(self, world: World, caller: Caller, kinds: int) -> None:
        world.aus.register.report(passport("AUS"))
        world.aus.register.issue(passport("AUS"))
        assert caller.outcome(question("AUS", 0, kinds)) == {kind: True for kind in (R, I, D) if kinds & kind}

    def test_a_number_issued_twice_matches_with_either_pair_of_dates(self, world: World, caller: Caller) -> None:
        world.aus.register.issue(passport("AUS"), birth="1999-09-09")
        world.aus.register.issue(passport("AUS"))
        assert caller.outcome(question("AUS"))[D]
        other = replace(question("AUS"), birth="990909")
        assert caller.outcome(other)[D]

    def test_birth_of_one_with_expiry_of_another_is_no_match(self, world: World, caller: Caller) -> None:
        world.aus.register.issue(passport("AUS"), birth="1999-09-09", expiry="2030-01-01")
        world.aus.register.issue(passport("AUS"))
        mixed = replace(question("AUS"), birth="990909")
        assert not caller.outcome(mixed)[D]

    def test_a_flight_is_answered_in_the_order_it_was_asked(self, world: World, caller: Caller) -> None:
        for place in range(0, 40, 3):
            world.aus.register.report(passport("AUS", place))
        asked = [question("AUS", place, 1 if place % 2 else ALL_KINDS) for place in range(40)]
        answer = caller.answer(caller.request(*asked))
        said = [decode_outcome(o, q.kinds)[R] for o, q in zip(answer.outcomes, asked, strict=True)]
        assert said == [place % 3 == 0 for place in range(40)]

    def test_each_list_asked_is_dated_and_no_other(self, world: World, caller: Caller) -> None:
        world.aus.register.as_of = {ListName.REPORTED: NOW_MS - HOUR_MS, ListName.ISSUED: NOW_MS - 2 * HOUR_MS}
        for kinds, dated in ((1, (HOUR_MS, 0)), (2, (0, 2 * HOUR_MS)), (5, (HOUR_MS, 2 * HOUR_MS))):
            answer = caller.answer(caller.request(question("AUS", 0, kinds)))
            assert (answer.reported_as_of, answer.issued_as_of) == tuple(NOW_MS - age if age else 0 for age in dated)


class TestSpecimens:
    def test_test_is_answered_from_specimens_and_no_list_is_read(self, world: World, caller: Caller) -> None:
        world.aus.register.report(passport("UTO", 0))
        answer = caller.answer(as_test(caller, question("UTO", 0)))
        assert decode_outcome(answer.outcomes[0], ALL_KINDS) == {R: False, I: True, D: True}
        assert decode_outcome(caller.answer(as_test(caller, question("UTO", 1))).outcomes[0], ALL_KINDS)[R]
        assert world.aus.register.reads == 0
        assert answer.reported_as_of == answer.issued_as_of == answer.answered_at

    def test_no_other_purpose_reaches_them(self, caller: Caller) -> None:
        assert caller.send(caller.request(question("UTO"))) is RefusalCode.NOT_MINE

    def test_test_reaches_no_real_document(self, world: World, caller: Caller) -> None:
        """M06."""
        assert caller.send(as_test(caller, question("AUS"))) is RefusalCode.PURPOSE
        assert world.aus.register.reads == 0


class TestWithoutData:
    @pytest.mark.parametrize("missing", ListName)
    def test_a_list_never_imported_is_refused_and_marked(self, world: World, caller: Caller, missing: ListName) -> None:
        """Oracle 1."""
        world.aus.register.as_of[missing] = None
        answer = caller.answer(caller.request(question("AUS", 0, 1), question("AUS", 1, 2), question("AUS", 2, 7)))
        assert answer.refusal == RefusalCode.NO_DATA
        assert answer.causes == (b"\x01\x00\x01" if missing is ListName.REPORTED else b"\x00\x01\x01")
        assert answer.outcomes == b""

    def test_a_store_that_cannot_be_read_is_no_empty_store(self, world: World, caller: Caller) -> None:
        """H06: whatever fails on the way, no path leads to a no-match; the operator hears of it."""
        world.aus.register.report(passport("AUS"))
        world.aus.register.broken = True
        assert caller.send(caller.request()) is RefusalCode.NO_DATA
        assert [type(one).__name__ for one in world.aus.complaints] == ["StoreDamaged"]

    def test_a_view_that_cannot_be_taken_is_no_empty_view(
        self, world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails() -> None:
            world.aus.register.broken = True
            world.aus.register.find(ListName.REPORTED, [])

        monkeypatch.setattr(world.aus.register, "view", fails)
        assert caller.send(caller.request()) is RefusalCode.NO_DATA

    def test_what_the_store_is_like_is_no_stranger_s_business(
        self, world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is touched when every check has passed, and not before."""
        taken = []

        def take() -> Register:
            taken.append(1)
            return world.aus.register

        monkeypatch.setattr(world.aus.register, "view", take)
        stranger = Caller(world.usa, world.aus)
        stranger.call = replace(stranger.call, tls_leaf=b"garbage")
        assert stranger.send(caller.request()) is RefusalCode.NOT_MEMBER
        assert caller.send(flip_bit(caller.request(), 800)) is not None
        assert caller.send(caller.request(question("NZL"))) is RefusalCode.NOT_MINE
        assert taken == []
        assert caller.send(caller.request()) is None
        assert taken == [1]


Record = Sequence[tuple[Event, int]]


def recorded(world: World) -> Record:
    return [(one.event, one.code) for one in world.aus.answering_records()]


class TestRecords:
    def test_an_answer_is_recorded_when_asked_and_when_answered(self, world: World, caller: Caller) -> None:
        data = caller.request(question("AUS", 0), question("AUS", 1))
        response = world.aus.receive(LOOKUP_METHOD, caller.call, data)
        request_digest = codec.decode_lookup_request(data)[0].digest
        payload = codec.decode_response(response).payload
        answer_digest = sha256(pre_authentication(PayloadType.LOOKUP_ANSWER, payload)).digest()
        asked, answered = world.aus.answering_records()
        assert asked == Entry(Event.ASKED, NOW_MS, "NZL", Purpose.BORDER_ENTRY, 2, request_digest)
        assert answered == replace(asked, event=Event.ANSWERED, answer_digest=answer_digest)

    def test_both_sides_record_the_same_request_digest(self, world: World) -> None:
        """Oracle 8."""
        world.ask("NZL", passport("AUS"))
        theirs = {one.request_digest for one in world.aus.answering_records()}
        ours = {one.request_digest for one in world.nzl.asking_records()}
        assert theirs == ours
        assert len(theirs) == 1

    def test_a_refusal_is_recorded_once_a_signature_held(self, world: World, caller: Caller) -> None:
        assert caller.send(caller.request(question("NZL"))) is RefusalCode.NOT_MINE
        assert caller.send(caller.request(change=lambda s: replace(s, purpose=9))) is RefusalCode.PURPOSE
        assert recorded(world) == [(Event.REFUSED, RefusalCode.NOT_MINE), (Event.REFUSED, RefusalCode.PURPOSE)]

    def test_nothing_is_recorded_before_a_signature_holds(self, world: World, caller: Caller) -> None:
        """Else anybody with a certificate of any member's CA could fill the disk."""
        data = caller.request()
        signature = codec.decode_lookup_request(data)[0].signature
        caller.send(flip_bit(data, data.index(signature) * 8))
        caller.send(b"garbage")
        caller.send(caller.request(key_id=bytes(32)))
        world.aus.restart()
        caller.send(caller.request())
        assert recorded(world) == []

    def test_a_member_cannot_fill_the_disk_by_being_refused(self, world: World, caller: Caller) -> None:
        """Past a day's worth refusals are only counted; answers are recorded all the same."""
        answerer = world.aus.worker[1]
        answerer._refusals["NZL"] = (NOW_MS // 86_400_000, REFUSALS_RECORDED_A_DAY - 1)
        for _ in range(3):
            assert caller.send(caller.request(question("NZL"))) is RefusalCode.NOT_MINE
        assert caller.send(caller.request()) is None
        assert [event for event, _ in recorded(world)] == [Event.REFUSED, Event.ASKED, Event.ANSWERED]

    def test_the_list_is_read_after_the_question_is_recorded(
        self, world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed while it looks up, a worker leaves a trace of what was asked."""
        seen: list[Record] = []
        find = world.aus.register.find

        def watched(list_name: ListName, keys: Sequence[bytes]) -> list[Tags]:
            seen.append(recorded(world))
            return find(list_name, keys)

        monkeypatch.setattr(world.aus.register, "find", watched)
        caller.send(caller.request())
        assert seen == [[(Event.ASKED, 0)]] * 2


class TestNoRoomForRecords:
    """H05: no room for a record, no answer (oracle 8)."""

    @pytest.mark.parametrize("records_before", [0, 1])
    def test_what_cannot_be_recorded_is_refused_with_a_signature(
        self, world: World, caller: Caller, monkeypatch: pytest.MonkeyPatch, records_before: int
    ) -> None:
        """Whether room ends before the question is recorded or before its answer is."""
        world.aus.register.report(passport("AUS"))
        monkeypatch.setattr(world.aus.worker_spool, "append", room_for(world.aus.worker_spool.append, records_before))
        answer = caller.answer(caller.request())
        assert (answer.refusal, answer.outcomes, answer.reported_as_of) == (RefusalCode.OVERLOADED, b"", 0)
        assert answer.retry_after > 0
        assert world.aus.register.reads == 2 * records_before
        assert isinstance(world.aus.complaints[-1], SpoolFull)

    def test_the_asker_is_told_no_answer(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(world.aus.worker_spool, "append", room_for(world.aus.worker_spool.append, 0))
        failure = world.ask("NZL", passport("AUS")).judgement.failure
        assert failure is not None
        assert failure.code is RefusalCode.OVERLOADED

    def test_a_node_that_is_not_ready_looks_nothing_up(self, world: World, caller: Caller) -> None:
        answerer = world.aus.worker[1]
        answerer._serving = lambda: False
        assert caller.send(caller.request()) is RefusalCode.OVERLOADED
        assert world.aus.register.reads == 0
        answerer._serving = lambda: True
        assert caller.send(caller.request()) is None


def room_for(append: Callable[[Entry], None], records: int) -> Callable[[Entry], None]:
    left = [records]

    def limited(entry: Entry) -> None:
        if not left[0]:
            raise SpoolFull("no room")
        left[0] -= 1
        append(entry)

    return limited


Granted = Callable[..., tuple[World, Caller]]


@pytest.fixture
def granted(tmp_path: Path) -> Iterator[Granted]:
    """Makes a world in which Australia grants New Zealand less than everything, and a caller there."""
    made: list[World] = []

    def make(**grant: object) -> tuple[World, Caller]:
        def edit(members: dict[str, dict[str, Any]]) -> None:
            (own,) = [one for one in members["AUS"]["grants"] if one["to"] == "NZL"]
            own.update(grant)

        world = World(tmp_path / "granted", edit=edit)
        made.append(world)
        return world, Caller(world.nzl, world.aus).open()

    yield make
    for world in made:
        world.close()


class TestPolicy:
    """Each refusal of policy at the door, as a caller meets it; ``federation.policy`` is tested row by row."""

    def test_without_a_grant(self, granted: Granted) -> None:
        _, caller = granted(until="2026-11-22T08:00:00Z")
        assert caller.send(caller.request()) is RefusalCode.NO_GRANT

    def test_a_list_that_was_not_granted(self, granted: Granted) -> None:
        _, caller = granted(lists=["reported"])
        answer = caller.answer(caller.request(question("AUS", 0, 1), question("AUS", 1, 3)))
        assert (answer.refusal, answer.causes) == (RefusalCode.NO_GRANT, b"\x00\x01")

    def test_a_purpose_that_was_not_granted(self, granted: Granted) -> None:
        _, caller = granted(purposes=["VISA"])
        assert caller.send(caller.request()) is RefusalCode.PURPOSE

    def test_the_day_s_questions(self, granted: Granted) -> None:
        """M07: however they are split into requests."""
        _, caller = granted(questions_per_day=5)
        assert caller.send(caller.request(*(question("AUS", place) for place in range(3)))) is None
        assert caller.send(caller.request(*(question("AUS", place) for place in range(3)))) is RefusalCode.BUDGET
        assert caller.send(caller.request(question("AUS"), question("AUS", 1))) is None
        assert caller.send(caller.request()) is RefusalCode.BUDGET

    def test_a_question_costs_one_of_the_rate(self, granted: Granted) -> None:
        """However its request is wrapped, and 500 in one request no more than 500."""
        world, caller = granted(rate_per_second=500)
        world.loop.pass_time(10)
        for _ in range(500):
            assert caller.send(caller.request(question("AUS", 0, 1))) is None
        assert caller.send(caller.request(question("AUS", 0, 1))) is RefusalCode.RATE
        world.loop.pass_time(1)
        assert caller.send(caller.request(*[question("AUS", 0, 1)] * 500)) is None
        assert caller.send(caller.request(question("AUS", 0, 1))) is RefusalCode.RATE

    def test_a_flood_of_garbage_is_cut_off_before_it_costs_a_signature_check(self, granted: Granted) -> None:
        world, caller = granted(rate_per_second=1)
        world.loop.pass_time(10)
        codes = [caller.send(b"garbage") for _ in range(501)]
        assert codes == [RefusalCode.MALFORMED] * 500 + [RefusalCode.RATE]

    def test_one_peer_at_its_rate_takes_nothing_from_another(self, granted: Granted) -> None:
        """Oracle 9."""
        world, caller = granted(rate_per_second=1)
        other = Caller(world.usa, world.aus).open()
        codes = [caller.send(b"garbage") for _ in range(501)]
        assert codes[-1] is RefusalCode.RATE
        assert other.send(other.request()) is None

    def test_six_date_pairs_on_one_number(self, caller: Caller) -> None:
        codes = [caller.send(caller.request(replace(question("AUS"), birth=f"{60 + n}0412"))) for n in range(6)]
        assert codes == [None] * 5 + [RefusalCode.BUDGET]

    def test_a_sister_node_needs_no_grant(self, world: World) -> None:
        """Nodes of one economy may talk."""
        caller = Caller(world.sister("AUS"), world.aus).open()
        assert caller.send(caller.request()) is None


def answer_of(response: bytes) -> LookupAnswer:
    return codec.decode_lookup_answer(codec.decode_response(response).payload)


@pytest.mark.parametrize("octets", [b"", b"garbage", bytes(200), b"\x0a\xff\xff\xff\xff\x0f"])
def test_a_refusal_of_what_cannot_be_read_names_no_request(world: World, caller: Caller, octets: bytes) -> None:
    answer = answer_of(world.aus.receive(LOOKUP_METHOD, caller.call, octets))
    assert (answer.refusal, answer.request_digest) == (RefusalCode.MALFORMED, bytes(32))


def test_a_refusal_names_the_request_it_refuses_even_when_the_leaf_was_refused(world: World, caller: Caller) -> None:
    data = caller.request()
    call = replace(caller.call, tls_leaf=b"garbage")
    answer = answer_of(world.aus.receive(LOOKUP_METHOD, call, data))
    assert answer.refusal == RefusalCode.NOT_MEMBER
    assert answer.request_digest == codec.decode_lookup_request(data)[0].digest
    assert answer.caller == ""


def test_only_session_unknown_carries_a_certificate(world: World, caller: Caller) -> None:
    def certificate(data: bytes) -> bytes:
        return codec.decode_response(world.aus.receive(LOOKUP_METHOD, caller.call, data)).certificate

    assert certificate(caller.request()) == b""
    assert certificate(caller.request(question("NZL"))) == b""
    world.aus.restart()
    assert certificate(caller.request()) == world.aus.identity.certificate
