"""Answers that are not believed: whatever a responder signs, or a thief delivers, ends as "no answer" with its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import NodeName
from certs.keys import fingerprint
from certs.profiles import Role
from certs.signing import KeySigner
from federation import codec
from federation.documents import Kind, ListName
from federation.envelope import PayloadType, seal
from federation.lookup import LOOKUP_METHOD, LookupAnswer, encode_outcome
from federation.service import OPEN_SESSION_METHOD
from federation.session import OpenSessionAnswer
from federation.status import BadAnswerCode, RefusalCode
from federation.verdict import Failure, Reason, Verdict
from node.asking import Result
from tests import faults
from tests.caller import ALL_KINDS
from tests.fake_lists import HOUR_MS, as_read, passport
from tests.faults import flip_bit, refusing, resealed
from tests.virtual_time import NOW_MS
from tests.world import Fault, World, drawn_key

MINUTE_MS = 60_000
CLEAR, NOT_FOUND = encode_outcome(ALL_KINDS, False, True, True), encode_outcome(ALL_KINDS, False, False, False)


@pytest.fixture
def asked(world: World) -> World:
    """New Zealand asked Australia about a document that is in order, and was told so; next time something is wrong."""
    world.aus.register.issue(passport("AUS"))
    assert ask(world).judgement.verdict is Verdict.CLEAR
    return world


def ask(world: World) -> Result:
    return world.ask("NZL", passport("AUS"))


def with_fault(world: World, fault: Fault) -> Failure | None:
    """Why there was no answer; None when there was one."""
    world.nzl.links["AUS"].faults.append(fault)
    return ask(world).judgement.failure


def bad(code: BadAnswerCode) -> Failure:
    return Failure(Reason.BAD_ANSWER, code)


def outcomes(octets: bytes) -> Callable[[LookupAnswer], LookupAnswer]:
    return lambda answer: replace(answer, outcomes=octets)


def changed(**fields: int | bytes | str) -> Callable[[LookupAnswer], LookupAnswer]:
    return lambda answer: replace(answer, **fields)  # type: ignore[arg-type]


MALFORMED, COUNT, CLOCK = BadAnswerCode.MALFORMED, BadAnswerCode.COUNT, BadAnswerCode.CLOCK
REGRESSION, RESPONDER, DIGEST = BadAnswerCode.DATA_REGRESSION, BadAnswerCode.RESPONDER, BadAnswerCode.DIGEST
TAMPERED: dict[str, tuple[Callable[[LookupAnswer], LookupAnswer], BadAnswerCode]] = {
    "no outcome": (outcomes(b""), COUNT),
    "an outcome too many": (outcomes(bytes([CLEAR, CLEAR])), COUNT),
    "a pair of 0 for REPORTED": (outcomes(bytes([CLEAR & ~3])), MALFORMED),
    "a pair of 0 for ISSUED_DATES": (outcomes(bytes([CLEAR & ~(3 << 4)])), MALFORMED),
    "REPORTED asked and not answered": (outcomes(bytes([CLEAR | 3])), MALFORMED),
    "ISSUED asked and not answered": (outcomes(bytes([CLEAR | 3 << 2])), MALFORMED),
    "ISSUED_DATES asked and not answered": (outcomes(bytes([CLEAR | 3 << 4])), MALFORMED),
    "a fourth pair of 0": (outcomes(bytes([CLEAR & 63])), MALFORMED),
    "a fourth pair of 1": (outcomes(bytes([CLEAR & 63 | 64])), MALFORMED),
    "a fourth pair of 2": (outcomes(bytes([CLEAR & 63 | 128])), MALFORMED),
    "the digest of another request": (changed(request_digest=bytes(32)), DIGEST),
    "a digest cut short": (changed(request_digest=bytes(31)), MALFORMED),
    "another member as responder": (changed(responder="rmas://lab/USA/node1"), RESPONDER),
    "a sister node as responder": (changed(responder="rmas://lab/AUS/node2"), RESPONDER),
    "no responder": (changed(responder=""), MALFORMED),
    "another caller": (changed(caller="rmas://lab/USA/node1"), RESPONDER),
    "no caller, with outcomes": (changed(caller=""), RESPONDER),
    "answered 61 s ago": (lambda a: replace(a, answered_at=a.answered_at - 61_000), CLOCK),
    "answered in 61 s": (lambda a: replace(a, answered_at=a.answered_at + 61_000), CLOCK),
    "a reported list without a date": (changed(reported_as_of=0), MALFORMED),
    "an issued list without a date": (changed(issued_as_of=0), MALFORMED),
    "a reported list cut after the answer": (lambda a: replace(a, reported_as_of=a.answered_at + 1), REGRESSION),
    "an issued list cut after the answer": (lambda a: replace(a, issued_as_of=a.answered_at + 1), REGRESSION),
    "a reported list older than before": (lambda a: replace(a, reported_as_of=a.reported_as_of - 1), REGRESSION),
    "an issued list older than before": (lambda a: replace(a, issued_as_of=a.issued_as_of - 1), REGRESSION),
    "a refusal and outcomes": (changed(refusal=int(RefusalCode.NO_DATA)), MALFORMED),
    "causes and outcomes": (changed(causes=b"\x00"), MALFORMED),
    "a refusal nobody knows": (refusing(21), MALFORMED),
    "a refusal of 2^32-1": (refusing(2**32 - 1), MALFORMED),
    "too many causes": (refusing(RefusalCode.NO_DATA, b"\x01\x00"), COUNT),
    "a cause that is neither 0 nor 1": (refusing(RefusalCode.NO_DATA, b"\x02"), MALFORMED),
    "a refusal for another request": (
        lambda a: replace(refusing(RefusalCode.NO_DATA)(a), request_digest=bytes(32)),
        DIGEST,
    ),
    "a refusal for another caller": (
        lambda a: replace(refusing(RefusalCode.NO_DATA)(a), caller="rmas://lab/USA/node1"),
        RESPONDER,
    ),
}


@pytest.mark.parametrize(("tamper", "code"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_responder_that_signs_what_does_not_hold_is_not_believed(
    asked: World, tamper: Callable[[LookupAnswer], LookupAnswer], code: BadAnswerCode
) -> None:
    assert with_fault(asked, resealed(tamper)) == bad(code)


@pytest.mark.parametrize("seconds", [-60, -59, 59, 60])
def test_an_answer_within_60_s_of_our_clock_is_believed(asked: World, seconds: int) -> None:
    """At the edges where it is 61 s it is not."""
    shifted = resealed(lambda answer: replace(answer, answered_at=answer.answered_at + seconds * 1000))
    assert with_fault(asked, shifted) is None


@pytest.mark.parametrize(
    ("name", "age_ms", "verdict"),
    [
        (ListName.REPORTED, 48 * HOUR_MS, Verdict.CLEAR),
        (ListName.REPORTED, 48 * HOUR_MS + 1, Verdict.NO_ANSWER),
        (ListName.ISSUED, 8 * 24 * HOUR_MS, Verdict.CLEAR),
        (ListName.ISSUED, 8 * 24 * HOUR_MS + 1, Verdict.NOT_REPORTED),
    ],
)
def test_a_list_is_too_old_after_48_hours_or_8_days(
    world: World, name: ListName, age_ms: int, verdict: Verdict
) -> None:
    world.aus.register.issue(passport("AUS"))
    world.aus.register.as_of[name] = NOW_MS - age_ms
    result = ask(world)
    assert result.judgement.verdict is verdict
    assert result.answered.stale == (frozenset() if verdict is Verdict.CLEAR else {name})
    if verdict is Verdict.NO_ANSWER:
        assert result.judgement.failure == Failure(Reason.DATA_STALE)


def test_a_reported_document_is_an_alert_however_old_the_list(world: World) -> None:
    """Age never hides a match."""
    world.aus.register.report(passport("AUS"))
    world.aus.register.as_of[ListName.REPORTED] = NOW_MS - 1000 * HOUR_MS
    result = ask(world)
    assert result.judgement.verdict is Verdict.ALERT
    assert result.answered.stale == {ListName.REPORTED}


class TestSignedBySomebodyElse:
    def test_by_the_responder_s_tls_key(self, asked: World) -> None:
        """A10."""
        assert with_fault(asked, faults.signed_by_tls_key(asked.aus)) == bad(BadAnswerCode.BAD_SIGNATURE)

    @pytest.mark.parametrize("says_so", [True, False])
    def test_by_another_member(self, asked: World, says_so: bool) -> None:
        """A14: under its own key id, or under the responder's."""
        assert with_fault(asked, faults.signed_by(asked.usa, says_so=says_so)) == bad(BadAnswerCode.BAD_SIGNATURE)

    def test_by_another_member_with_its_certificate(self, asked: World) -> None:
        """A14: a good certificate, of the wrong node."""
        other = asked.usa.identity
        fault = resealed(lambda answer: answer, other.signer, other.key_id, other.certificate)
        assert with_fault(asked, fault) == bad(RESPONDER)

    @pytest.mark.parametrize("refusal", [RefusalCode.NO_DATA, RefusalCode.OVERLOADED, None])
    def test_by_a_new_key_of_the_responder_that_the_session_does_not_know(
        self, asked: World, refusal: RefusalCode | None
    ) -> None:
        """A certificate outside OpenSession proves one thing alone: that the session is gone."""
        assert with_fault(asked, renewed_key(asked, refusal)) == bad(BadAnswerCode.BAD_SIGNATURE)

    def test_a_new_key_may_say_that_the_session_is_gone(self, asked: World) -> None:
        asked.nzl.links["AUS"].faults.append(faults.once(renewed_key(asked, RefusalCode.SESSION_UNKNOWN)))
        assert ask(asked).judgement.verdict is Verdict.CLEAR

    @pytest.mark.parametrize("certificate", [b"", b"garbage"])
    def test_by_an_unknown_key(self, asked: World, certificate: bytes) -> None:
        signer = KeySigner(drawn_key("unknown"))
        fault = resealed(refusing(RefusalCode.SESSION_UNKNOWN), signer, bytes(32), certificate)
        assert with_fault(asked, fault) == bad(BadAnswerCode.BAD_SIGNATURE)

    def test_as_another_kind_of_statement(self, asked: World) -> None:
        fault = resealed(lambda answer: answer, payload_type=PayloadType.LOOKUP_REQUEST)
        assert with_fault(asked, fault) == bad(MALFORMED)

    def test_by_a_key_whose_certificate_ended_since(self, world: World) -> None:
        """Oracle 5: a session that is open outlives no certificate."""
        world.aus.rekey(days=1)
        world.ask("NZL", passport("AUS"))
        world.nzl.clock.shift = world.aus.clock.shift = timedelta(days=2)
        assert ask(world).judgement.failure == bad(BadAnswerCode.BAD_SIGNATURE)


def renewed_key(world: World, refusal: RefusalCode | None) -> Fault:
    """The responder signs with a message key it was issued after the session was opened."""
    key = drawn_key("renewed")
    leaf = world.aus.leaf(Role.MESSAGE, key)
    tamper = refusing(refusal) if refusal else changed()
    return resealed(tamper, KeySigner(key), fingerprint(leaf), leaf.public_bytes(Encoding.DER))


class TestOnTheWay:
    def test_no_flipped_bit_of_an_answer_is_believed(self, asked: World) -> None:
        """A01 on the way back: every position of an answer that would be CLEAR."""
        _, response = asked.nzl.links["AUS"].last()
        positions = iter(range(len(response) * 8))

        flipped = faults.change_response(lambda data: flip_bit(data, next(positions)))
        asked.nzl.links["AUS"].faults.append(flipped)
        for _ in range(len(response) * 8):
            assert ask(asked).judgement.verdict is Verdict.NO_ANSWER

    @pytest.mark.parametrize("octets", [1, 7, 64, 200])
    def test_a_truncated_answer(self, asked: World, octets: int) -> None:
        assert with_fault(asked, faults.only(LOOKUP_METHOD, faults.truncate_response(octets))) == bad(MALFORMED)

    @pytest.mark.parametrize("extra", [b"x", bytes(100), b"\xff" * 10])
    def test_an_extended_answer(self, asked: World, extra: bytes) -> None:
        fault = faults.only(LOOKUP_METHOD, faults.extend_response(extra))
        assert with_fault(asked, fault) == bad(MALFORMED)

    @pytest.mark.parametrize("response", [b"", b"garbage", bytes(1000)])
    def test_something_else_altogether(self, asked: World, response: bytes) -> None:
        fault = faults.only(LOOKUP_METHOD, faults.change_response(lambda _: response))
        assert with_fault(asked, fault) == bad(MALFORMED)

    def test_the_answer_to_opening_a_session(self, asked: World) -> None:
        _, response = asked.nzl.links["AUS"].last(OPEN_SESSION_METHOD)
        fault = faults.only(LOOKUP_METHOD, faults.change_response(lambda _: response))
        assert with_fault(asked, fault) == bad(MALFORMED)


SESSIONS: dict[str, tuple[Callable[[OpenSessionAnswer], OpenSessionAnswer], BadAnswerCode]] = {
    "another request": (lambda a: replace(a, request_digest=bytes(32)), DIGEST),
    "another responder": (lambda a: replace(a, responder="rmas://lab/USA/node1"), RESPONDER),
    "another caller": (lambda a: replace(a, caller="rmas://lab/USA/node1"), RESPONDER),
    "version 0": (lambda a: replace(a, protocol_version=0), MALFORMED),
    "version 2": (lambda a: replace(a, protocol_version=2), MALFORMED),
    "61 s ago": (lambda a: replace(a, answered_at=a.answered_at - 61_000), CLOCK),
    "in 61 s": (lambda a: replace(a, answered_at=a.answered_at + 61_000), CLOCK),
    "an id cut short": (lambda a: replace(a, session_id=bytes(15)), MALFORMED),
    "a refusal nobody knows": (lambda a: replace(a, refusal=99), MALFORMED),
}


@pytest.mark.parametrize(("tamper", "code"), SESSIONS.values(), ids=SESSIONS.keys())
def test_a_session_that_does_not_hold_is_not_used(
    world: World, tamper: Callable[[OpenSessionAnswer], OpenSessionAnswer], code: BadAnswerCode
) -> None:
    assert with_fault(world, faults.session_resealed(tamper)) == bad(code)
    assert not any(method == LOOKUP_METHOD for method, _, _ in world.nzl.links["AUS"].carried)


def test_a_session_signed_with_another_members_certificate_is_not_used(world: World) -> None:
    world.nzl.links["AUS"].faults.append(opened_as(world, world.usa.name))
    failure = ask(world).judgement.failure
    assert failure == bad(RESPONDER)


def test_a_session_signed_by_a_sister_node_is_not_used(world: World) -> None:
    world.nzl.links["AUS"].faults.append(opened_as(world, NodeName("lab", "AUS", "node2")))
    assert ask(world).judgement.failure == bad(RESPONDER)


def opened_as(world: World, name: NodeName) -> Fault:
    """A true answer under the certificate of another node."""
    key = drawn_key("another node")
    leaf = world.economies[name.economy].leaf(Role.MESSAGE, key, name)

    def sign_anew(response: bytes) -> bytes:
        payload = codec.decode_response(response).payload
        certificate = leaf.public_bytes(Encoding.DER)
        return codec.encode_enveloped(
            seal(PayloadType.OPEN_SESSION_ANSWER, payload, KeySigner(key), fingerprint(leaf), certificate)
        )

    return faults.only(OPEN_SESSION_METHOD, faults.change_response(sign_anew))


def test_no_flipped_bit_of_a_session_is_believed(world: World) -> None:
    """A01: every seventh bit, certificate included; each question tries to open a session anew."""
    positions = iter(range(0, 7000, 7))
    flipped = faults.change_response(lambda data: flip_bit(data, next(positions)))
    world.nzl.links["AUS"].faults.append(faults.only(OPEN_SESSION_METHOD, flipped))
    for _ in range(1000):
        assert ask(world).judgement.verdict is Verdict.NO_ANSWER


@pytest.mark.parametrize("code", [c for c in RefusalCode if c is not RefusalCode.SESSION_UNKNOWN])
def test_every_refusal_is_no_answer_with_its_code(asked: World, code: RefusalCode) -> None:
    failure = with_fault(asked, resealed(refusing(code)))
    assert failure is not None
    if code is RefusalCode.NO_DATA:
        assert failure == Failure(Reason.LIST_UNAVAILABLE)
    else:
        assert (failure.reason, failure.code) == (Reason.REFUSED, code)


@pytest.mark.parametrize(("minutes", "word"), [(10, "ahead"), (-10, "behind")])
def test_a_peer_with_a_wrong_clock_says_which_clock_is_off_and_by_how_much(
    world: World, minutes: int, word: str
) -> None:
    world.aus.clock.shift = timedelta(minutes=minutes)
    result = ask(world)
    assert result.judgement.failure is not None
    assert result.judgement.failure.code is RefusalCode.CLOCK
    assert f"600 s {word}" in result.message


def test_a_wrong_clock_of_a_peer_with_a_session_is_noticed_too(asked: World) -> None:
    asked.aus.clock.shift = timedelta(minutes=10)
    failure = ask(asked).judgement.failure
    assert failure is not None
    assert failure.code is RefusalCode.CLOCK


def test_an_answer_says_what_was_asked_of_each_list_and_nothing_more(world: World) -> None:
    result = world.ask("NZL", as_read(passport("AUS"), birth=None))
    assert set(result.answered.outcomes) == {Kind.REPORTED, Kind.ISSUED}
    assert result.answered.responder == world.aus.name.uri
    assert result.answered.as_of == dict.fromkeys(ListName, NOW_MS - HOUR_MS)
