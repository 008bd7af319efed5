"""Oracle 2: only match or no-match leaves; an answer's size follows from the number of questions alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from federation import codec
from federation.documents import DocumentClass, Kind, ListName, TravelDocument
from federation.lookup import LOOKUP_METHOD, LookupAnswer, Question
from federation.status import Purpose, RefusalCode
from federation.v1 import envelope_pb2, peer_pb2, statements_pb2
from tests.caller import ALL_KINDS, Caller, question
from tests.fake_lists import passport
from tests.world import World

# What each field of an answer may tell, and why it can tell nothing of a document. A field that is not here fails.
ANSWER_FIELDS = {
    "request_digest": "32 octets: the request, which the asker made",
    "responder": "its name, which the asker knows",
    "caller": "the asker's own name",
    "answered_at": "the responder's clock, to the millisecond",
    "reported_as_of": "when the whole list was cut; 0 when it was not asked",
    "issued_as_of": "when the whole list was cut; 0 when it was not asked",
    "outcomes": "match or no match, two bits a kind asked: the one thing that leaves",
    "server_time": "how long the whole answer took, in steps of 0.1 ms",
    "refusal": "a code, decided before a list is read",
    "retry_after": "seconds, from the caller's own rate and budget",
    "causes": "which questions a refusal is for, by routes, lists, grant and budget: none reads a list",
}
FIXED_WIDTH = {
    "answered_at": "TYPE_FIXED64",
    "reported_as_of": "TYPE_FIXED64",
    "issued_as_of": "TYPE_FIXED64",
    "server_time": "TYPE_FIXED32",
    "refusal": "TYPE_FIXED32",
    "retry_after": "TYPE_FIXED32",
}


def test_every_field_of_an_answer_is_accounted_for() -> None:
    assert [field.name for field in statements_pb2.LookupAnswer.DESCRIPTOR.fields] == list(ANSWER_FIELDS)


def test_every_number_in_an_answer_has_a_fixed_width_and_is_always_written() -> None:
    for field in statements_pb2.LookupAnswer.DESCRIPTOR.fields:
        if field.name in FIXED_WIDTH:
            assert field.type == getattr(field, FIXED_WIDTH[field.name])
            assert field.has_presence
        else:
            assert field.type in (field.TYPE_BYTES, field.TYPE_STRING)


def test_around_an_answer_there_is_nothing_but_its_seal() -> None:
    response = [field.name for field in peer_pb2.LookupResponse.DESCRIPTOR.fields]
    envelope = [field.name for field in envelope_pb2.Envelope.DESCRIPTOR.fields]
    assert response == ["envelope"]
    assert envelope == ["payload_type", "payload", "key_id", "signature", "certificate"]


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world.nzl, world.aus).open()


def response(caller: Caller, *questions: Question) -> bytes:
    return caller.responder.receive(LOOKUP_METHOD, caller.call, caller.request(*questions))


def answer(data: bytes) -> LookupAnswer:
    return codec.decode_lookup_answer(codec.decode_response(data).payload)


WAYS = 6


def register_in_every_way(world: World, state: str) -> None:
    """Six passports of a state, each known to the issuer in another way; the first not at all."""
    register = world.aus.register
    register.issue(passport(state, 1))
    register.issue(passport(state, 2), birth="1970-01-01")
    for year in range(60, 90):
        register.issue(passport(state, 3), birth=f"19{year}-01-01")
    register.report(passport(state, 4))
    register.report(passport(state, 5))
    register.issue(passport(state, 5))


@pytest.mark.parametrize("kinds", range(1, 8))
def test_a_match_and_a_no_match_differ_in_the_outcome_alone(world: World, caller: Caller, kinds: int) -> None:
    """N02: whatever is registered; all else that differs is digest and signature, which follow from the request."""
    register_in_every_way(world, "AUS")
    answers = [response(caller, question("AUS", place, kinds)) for place in range(WAYS)]
    assert len({len(data) for data in answers}) == 1
    blank = {replace(answer(data), outcomes=b"", request_digest=b"") for data in answers}
    assert len(blank) == 1
    assert len({codec.decode_response(data).key_id for data in answers}) == 1
    assert {len(answer(data).outcomes) for data in answers} == {1}


@pytest.mark.parametrize("count", [1, 2, 50, 500])
def test_the_size_of_an_answer_follows_from_the_number_of_questions(world: World, caller: Caller, count: int) -> None:
    """N02: a plane full of matches, of no-matches and of both."""
    sizes = set()
    for reported in (0, count // 2, count):
        world.aus.register.clear()
        for place in range(min(reported, 200)):
            world.aus.register.report(passport("AUS", place))
        for kinds in (1, ALL_KINDS):
            sizes.add(len(response(caller, *(question("AUS", place % 200, kinds) for place in range(count)))))
    assert len(sizes) == 1


def refusals() -> dict[RefusalCode, Callable[[World, Caller, Question], bytes]]:
    """For each class of refusal, how any document at all can meet it."""

    def plain(prepare: Callable[[World], object]) -> Callable[[World, Caller, Question], bytes]:
        def ask(world: World, caller: Caller, asked: Question) -> bytes:
            prepare(world)
            return response(caller, asked)

        return ask

    def changed(**fields: object) -> Callable[[World, Caller, Question], bytes]:
        def ask(world: World, caller: Caller, asked: Question) -> bytes:
            data = caller.request(asked, change=lambda statement: replace(statement, **fields))  # type: ignore[arg-type]
            return caller.responder.receive(LOOKUP_METHOD, caller.call, data)

        return ask

    def without_list(world: World) -> None:
        world.aus.register.as_of[ListName.REPORTED] = None

    return {
        RefusalCode.SUSPENDED: plain(lambda world: world.aus.block("NZL")),
        RefusalCode.AUDIENCE: changed(responder="rmas://lab/USA/node1"),
        RefusalCode.METHOD: changed(method="/x"),
        RefusalCode.VERSION: changed(protocol_version=2),
        RefusalCode.SESSION_UNKNOWN: plain(lambda world: world.aus.restart()),
        RefusalCode.CLOCK: changed(issued_at=0, not_after=0),
        RefusalCode.PURPOSE: changed(purpose=9),
        RefusalCode.NO_DATA: plain(without_list),
        RefusalCode.NOT_MINE: changed(purpose=int(Purpose.BORDER_ENTRY)),
    }


@pytest.mark.parametrize("code", refusals())
def test_a_refusal_looks_the_same_whatever_is_registered(world: World, caller: Caller, code: RefusalCode) -> None:
    """N02: it is decided before a list is read, so it cannot tell."""
    state = "USA" if code is RefusalCode.NOT_MINE else "AUS"
    register_in_every_way(world, state)
    answers = [refusals()[code](world, caller, question(state, place)) for place in range(WAYS)]
    assert len({len(data) for data in answers}) == 1
    assert {answer(data).refusal for data in answers} == {code}
    assert len({replace(answer(data), request_digest=b"") for data in answers}) == 1
    assert world.aus.register.reads == 0


WELL_OR_ILL_FORMED = [
    "A", "0", "000000000", "N1234567", "Z" * 24, "9" * 24, "O0O0O0O0O", "PA1234567", "DROPTABLE", "X1", "123456789012",
]  # fmt: skip


def test_any_number_within_the_routes_has_the_same_answer(world: World, caller: Caller) -> None:
    """N04: well formed for that issuer or not, known or not."""
    numbers = [TravelDocument("AUS", DocumentClass.P, number) for number in WELL_OR_ILL_FORMED]
    world.aus.register.issue(numbers[0])
    for births in ("600412", "991399", "000000", "<<<<<<"):
        answers = [response(caller, Question(ALL_KINDS, document, births, "310102")) for document in numbers]
        assert len({len(data) for data in answers}) == 1
        assert {answer(data).refusal for data in answers} == {0}


def test_any_number_outside_the_routes_has_the_same_refusal(world: World, caller: Caller) -> None:
    """N04: routes are public; the refusal says nothing that they do not."""
    for state in ("USA", "D", "ZZZ"):
        documents = [TravelDocument(state, DocumentClass.P, number) for number in WELL_OR_ILL_FORMED]
        answers = [response(caller, Question(int(Kind.REPORTED), document)) for document in documents]
        assert len({len(data) for data in answers}) == 1
        assert {(answer(data).refusal, answer(data).causes) for data in answers} == {(RefusalCode.NOT_MINE, b"\x01")}


def test_each_question_of_a_batch_costs_the_same_reading(world: World, caller: Caller) -> None:
    """N05 in memory: a list is read once a request, whatever is asked of it and found in it."""
    world.aus.register.report(passport("AUS", 0))
    for places in ((0,), (1,), (0, 1, 2), tuple(range(50))):
        before = world.aus.register.reads
        response(caller, *(question("AUS", place) for place in places))
        assert world.aus.register.reads == before + 2


def test_a_match_leaves_the_same_records_as_a_no_match(world: World, caller: Caller) -> None:
    """N05: two records, which differ in digests alone."""
    world.aus.register.report(passport("AUS", 0))
    for place in (0, 1):
        response(caller, question("AUS", place))
    match, no_match = world.aus.answering_records()[:2], world.aus.answering_records()[2:]
    blank = [[replace(one, request_digest=b"", answer_digest=b"") for one in records] for records in (match, no_match)]
    assert blank[0] == blank[1]
