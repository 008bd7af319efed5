"""Each statement has one spelling; whatever else would read alike is refused (ATTACKS A03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import codec
from federation.envelope import Envelope
from federation.errors import Malformed
from federation.lookup import LOOKUP_METHOD, LookupAnswer, LookupStatement, Versions
from federation.session import OpenSessionAnswer, OpenSessionStatement
from tests.faults import flip_bit

NZL, AUS = "rmas://lab/NZL/node1", "rmas://lab/AUS/node1"
VERSIONS = Versions(0, bytes([1]) * 32, bytes([2]) * 32)
LOOKUP = LookupStatement(
    1, LOOKUP_METHOD, NZL, AUS, bytes([3]) * 16, 1, 2, 3, 1, bytes([4]) * 32, VERSIONS, bytes([5]) * 32
)
ANSWER = LookupAnswer(bytes([6]) * 32, AUS, NZL, 5, 4, 3, b"\xf9", 7)
REFUSAL = LookupAnswer(bytes([6]) * 32, AUS, NZL, 5, refusal=13, retry_after=2, causes=b"\x01")
OPENING = OpenSessionStatement((1,), NZL, AUS, bytes([7]) * 16, bytes([8]) * 32, 1, 2, VERSIONS)
OPENED = OpenSessionAnswer(bytes([9]) * 32, AUS, NZL, bytes([10]) * 16, 1, 3, VERSIONS, 500, 262_144, 600)


@dataclass(frozen=True)
class Statement:
    """A statement with both directions of its codec."""

    value: Any
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    may_be_empty: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def octets(self) -> bytes:
        return self.encode(self.value)


# Empty, a method is not ours, outcomes are too few, and a refusal marks nothing: the checks that follow see to it. A
# responder that refuses the TLS leaf cannot say who called.
STATEMENTS = {
    "lookup": Statement(LOOKUP, codec.encode_lookup_statement, codec.decode_lookup_statement, {2: {"method": ""}}),
    "answer": Statement(
        ANSWER, codec.encode_lookup_answer, codec.decode_lookup_answer, {3: {"caller": ""}, 7: {"outcomes": b""}}
    ),
    "refusal": Statement(
        REFUSAL, codec.encode_lookup_answer, codec.decode_lookup_answer, {3: {"caller": ""}, 11: {"causes": b""}}
    ),
    "opening": Statement(OPENING, codec.encode_open_session_statement, codec.decode_open_session_statement),
    "opened": Statement(
        OPENED, codec.encode_open_session_answer, codec.decode_open_session_answer, {3: {"caller": ""}}
    ),
}
each = pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())


def fields_of(octets: bytes) -> list[bytes]:
    """A statement taken apart into its fields, each with its tag; none of ours is nested."""
    found, at = [], 0
    while at < len(octets):
        kind = octets[at] & 7
        length = {1: 8, 5: 4, 0: 1}.get(kind)
        head = 1
        if length is None:
            shift, length = 0, 0
            while True:
                octet = octets[at + head]
                length |= (octet & 127) << shift
                head, shift = head + 1, shift + 7
                if octet < 128:
                    break
        found.append(octets[at : at + head + length])
        at += head + length
    return found


@each
def test_a_statement_comes_back_from_its_octets(statement: Statement) -> None:
    assert statement.decode(statement.octets) == statement.value
    assert b"".join(fields_of(statement.octets)) == statement.octets


@each
class TestOneSpelling:
    """A03: dropped, doubled, reordered, unknown, merged."""

    def test_fields_in_another_order_are_refused(self, statement: Statement) -> None:
        """A03: reordered."""
        parts = fields_of(statement.octets)
        for place in range(len(parts) - 1):
            swapped = [*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]]
            with pytest.raises(Malformed):
                statement.decode(b"".join(swapped))

    def test_a_field_twice_is_refused(self, statement: Statement) -> None:
        """A03: doubled, the same or with another value; the last would win."""
        for part in fields_of(statement.octets):
            with pytest.raises(Malformed):
                statement.decode(statement.octets + part)

    def test_a_dropped_field_is_refused(self, statement: Statement) -> None:
        """A03: dropped. Where a field may be empty, without it another statement is read."""
        parts = fields_of(statement.octets)
        for place, part in enumerate(parts):
            rest = b"".join(parts[:place] + parts[place + 1 :])
            emptied = statement.may_be_empty.get(part[0] >> 3)
            if emptied is None:
                with pytest.raises(Malformed):
                    statement.decode(rest)
            else:
                assert statement.decode(rest) == replace(statement.value, **emptied)

    @pytest.mark.parametrize(
        "unknown", [b"\xa0\x06\x01", b"\xa2\x06\x01x", b"\xa1\x06" + bytes(8), b"\xa3\x06\xa4\x06"]
    )
    def test_an_unknown_field_is_refused(self, statement: Statement, unknown: bytes) -> None:
        """A03: a field that one of two readers might know."""
        for octets in (statement.octets + unknown, unknown + statement.octets):
            with pytest.raises(Malformed):
                statement.decode(octets)

    def test_two_statements_in_one_are_refused(self, statement: Statement) -> None:
        """A03: concatenation merges in protobuf."""
        with pytest.raises(Malformed):
            statement.decode(statement.octets * 2)

    def test_a_length_spelt_longer_is_refused(self, statement: Statement) -> None:
        parts = fields_of(statement.octets)
        for place, part in enumerate(parts):
            if part[0] & 7 == 2 and part[1] < 128:
                longer = part[:1] + bytes([part[1] | 128, 0]) + part[2:]
                with pytest.raises(Malformed):
                    statement.decode(b"".join([*parts[:place], longer, *parts[place + 1 :]]))

    def test_no_changed_bit_reads_alike(self, statement: Statement) -> None:
        """A03, differentially: what is read is never what was meant."""
        for position in range(len(statement.octets) * 8):
            flipped = flip_bit(statement.octets, position)
            if _reads(statement, flipped):
                assert statement.decode(flipped) != statement.value

    def test_cut_short_is_refused_or_reads_otherwise(self, statement: Statement) -> None:
        for length in range(len(statement.octets)):
            if _reads(statement, statement.octets[:length]):
                assert statement.decode(statement.octets[:length]) != statement.value


def _reads(statement: Statement, octets: bytes) -> bool:
    try:
        statement.decode(octets)
    except Malformed:
        return False
    return True


@each
@given(octets=st.binary(max_size=300))
def test_any_octets_are_refused_or_are_the_one_spelling(statement: Statement, octets: bytes) -> None:
    try:
        value = statement.decode(octets)
    except Malformed:
        return
    assert statement.encode(value) == octets


@pytest.mark.parametrize(
    "change",
    [
        {"caller": ""},
        {"responder": ""},
        {"caller": "x" * 121},
        {"session_id": bytes(15)},
        {"session_id": bytes(17)},
        {"caller_tls_leaf": bytes(31)},
        {"question_digests": b""},
        {"question_digests": bytes(33)},
        {"question_digests": bytes(32 * 501)},
        {"versions": replace(VERSIONS, charter_digest=bytes(31))},
        {"versions": replace(VERSIONS, others_digest=bytes(33))},
    ],
)
def test_a_lookup_with_a_field_of_another_width_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        codec.decode_lookup_statement(codec.encode_lookup_statement(replace(LOOKUP, **change)))


@pytest.mark.parametrize("versions", [(), (2, 1), (1, 1), tuple(range(1, 18))])
def test_protocol_versions_are_ascending_without_repeats(versions: tuple[int, ...]) -> None:
    with pytest.raises(Malformed):
        codec.decode_open_session_statement(
            codec.encode_open_session_statement(replace(OPENING, protocol_versions=versions))
        )


@pytest.mark.parametrize(
    "answer",
    [replace(ANSWER, refusal=13), replace(ANSWER, causes=b"\x01"), replace(REFUSAL, outcomes=b"\xf9")],
    ids=["outcomes and a refusal", "outcomes and causes", "a refusal and outcomes"],
)
def test_outcomes_and_refusal_exclude_each_other(answer: LookupAnswer) -> None:
    with pytest.raises(Malformed):
        codec.decode_lookup_answer(codec.encode_lookup_answer(answer))


ENVELOPE = Envelope("type", b"payload", bytes([11]) * 32, bytes([12]) * 64)


class TestFrame:
    """What is around the envelope is not signed; it can lose a message, but not change one."""

    def test_a_request_comes_back(self) -> None:
        assert codec.decode_lookup_request(codec.encode_lookup_request(ENVELOPE, b"opened")) == (ENVELOPE, b"opened")

    def test_one_envelope_comes_back_either_way(self) -> None:
        data = codec.encode_enveloped(replace(ENVELOPE, certificate=b"leaf"))
        assert codec.decode_open_session_request(data) == codec.decode_response(data)

    @pytest.mark.parametrize(
        "envelope",
        [
            replace(ENVELOPE, key_id=bytes(31)),
            replace(ENVELOPE, key_id=b""),
            replace(ENVELOPE, signature=bytes(63)),
            replace(ENVELOPE, signature=bytes(72)),
            replace(ENVELOPE, certificate=bytes(codec.MAX_CERTIFICATE_OCTETS + 1)),
        ],
    )
    def test_an_envelope_with_a_field_of_another_width_is_refused(self, envelope: Envelope) -> None:
        with pytest.raises(Malformed):
            codec.decode_response(codec.encode_enveloped(envelope))

    def test_no_envelope_at_all_is_refused(self) -> None:
        for decode in (codec.decode_lookup_request, codec.decode_open_session_request, codec.decode_response):
            with pytest.raises(Malformed):
                decode(b"")

    @given(st.binary(max_size=400))
    def test_any_octets_are_refused_or_read(self, octets: bytes) -> None:
        for decode in (codec.decode_lookup_request, codec.decode_open_session_request, codec.decode_response):
            try:
                decode(octets)
            except Malformed:
                continue

    def test_unknown_fields_around_it_change_nothing_of_what_was_signed(self) -> None:
        """A03: refused or semantically identical."""
        data = codec.encode_lookup_request(ENVELOPE, b"opened")
        assert codec.decode_lookup_request(data + b"\xa2\x06\x01x") == (ENVELOPE, b"opened")
