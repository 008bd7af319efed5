"""Each of these statements has one spelling; whatever else would read alike is refused (ATTACKS A03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import entry_codec as codec
from federation.envelope import PayloadType
from federation.status import DocumentCode
from federation.trust_statements import CaRow, Contact, CoverageRow, Endpoint, Maintenance
from tests.faults import flip_bit
from tests.federation.test_codec import fields_of
from tests.federation.trust_documents import CONTACT, entry, notice, refused, suspension, withdrawal

OTHER_CONTACT = replace(CONTACT, desk="Passport Office", email="", deputy="")


@dataclass(frozen=True)
class Form:
    """A statement with both directions of its codec."""

    value: Any
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]

    @property
    def octets(self) -> bytes:
        return self.encode(self.value)


FORMS = {
    "suspension": Form(suspension("PHL", "AUS", "NZL"), codec.encode_suspension, codec.decode_suspension),
    "withdrawal": Form(withdrawal("PHL"), codec.encode_withdrawal, codec.decode_withdrawal),
    "entry": Form(
        entry(contacts=(CONTACT, OTHER_CONTACT), log_key=bytes([1]) * 32, witness_key=bytes([2]) * 32),
        codec.encode_entry,
        codec.decode_entry,
    ),
    "notice": Form(notice(), codec.encode_notice, codec.decode_notice),
}
each = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


def reads(form: Form, octets: bytes) -> bool:
    code = refused(lambda: form.decode(octets))
    assert code in (None, DocumentCode.MALFORMED, DocumentCode.TOO_LARGE)
    return code is None


@each
class TestOneSpelling:
    """A03: dropped, doubled, reordered, unknown, merged."""

    def test_a_statement_comes_back_from_its_octets(self, form: Form) -> None:
        assert form.decode(form.octets) == form.value
        assert b"".join(fields_of(form.octets)) == form.octets

    def test_fields_in_another_order_are_refused_or_rows_that_do_not_ascend(self, form: Form) -> None:
        """A03: reordered."""
        parts = fields_of(form.octets)
        for place in range(len(parts) - 1):
            assert not reads(form, b"".join([*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]]))

    def test_a_field_twice_is_refused(self, form: Form) -> None:
        """A03: doubled, at the end or in its place; a row twice is two of the same."""
        parts = fields_of(form.octets)
        for place, part in enumerate(parts):
            assert not reads(form, form.octets + part)
            assert not reads(form, b"".join([*parts[:place], part, *parts[place:]]))

    def test_a_dropped_field_is_another_statement_or_none(self, form: Form) -> None:
        """A03: dropped."""
        parts = fields_of(form.octets)
        for place in range(len(parts)):
            rest = b"".join(parts[:place] + parts[place + 1 :])
            if reads(form, rest):
                assert form.decode(rest) != form.value

    @pytest.mark.parametrize(
        "unknown", [b"\xa0\x06\x01", b"\xa2\x06\x01x", b"\xa1\x06" + bytes(8), b"\xa3\x06\xa4\x06"]
    )
    def test_an_unknown_field_is_refused(self, form: Form, unknown: bytes) -> None:
        """A03: a field that one of two readers might know."""
        assert not reads(form, form.octets + unknown)
        assert not reads(form, unknown + form.octets)

    def test_an_unknown_field_within_a_row_is_refused(self, form: Form) -> None:
        """A03."""
        parts = fields_of(form.octets)
        for place, part in enumerate(parts):
            if part[0] & 7 == 2 and len(part) < 120:
                grown = part[:1] + bytes([part[1] + 3]) + part[2:] + b"\xf8\x01\x01"
                octets = b"".join([*parts[:place], grown, *parts[place + 1 :]])
                if reads(form, octets):  # where the row is a text, it is another text
                    assert form.decode(octets) != form.value
                    assert form.encode(form.decode(octets)) == octets

    def test_two_statements_in_one_are_refused(self, form: Form) -> None:
        """A03: concatenation merges in protobuf."""
        assert not reads(form, form.octets * 2)

    def test_a_length_spelt_longer_is_refused(self, form: Form) -> None:
        """A03."""
        parts = fields_of(form.octets)
        for place, part in enumerate(parts):
            if part[0] & 7 == 2 and part[1] < 128:
                longer = part[:1] + bytes([part[1] | 128, 0]) + part[2:]
                assert not reads(form, b"".join([*parts[:place], longer, *parts[place + 1 :]]))

    def test_no_changed_bit_and_no_cut_reads_alike(self, form: Form) -> None:
        """A03, differentially: what is read is never what was meant."""
        cut = (form.octets[:length] for length in range(len(form.octets)))
        flipped = (flip_bit(form.octets, position) for position in range(len(form.octets) * 8))
        for octets in (*cut, *flipped):
            if reads(form, octets):
                assert form.decode(octets) != form.value

    def test_a_statement_too_large_is_not_parsed(self, form: Form) -> None:
        assert refused(form.decode, bytes(codec.MAX_STATEMENT_OCTETS + 1)) is DocumentCode.TOO_LARGE


NUMBERS = st.integers(0, 2**32 - 1)
TIMES = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
OCTETS = st.binary(max_size=12)


def rows(one: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=most, unique=True).map(lambda found: tuple(sorted(found)))


ENTRIES = st.builds(
    entry,
    federation=TEXT,
    economy=TEXT,
    number=NUMBERS,
    issued_at=TIMES,
    cas=rows(st.builds(CaRow, OCTETS, TEXT), 3),
    coverage=rows(st.builds(CoverageRow, TEXT, TEXT, NUMBERS, TEXT), 3),
    contacts=rows(st.builds(Contact, TEXT, TEXT, TEXT, TEXT, TEXT, rows(TEXT, 3), TEXT), 3),
    log_key=OCTETS,
    witness_key=OCTETS,
)
NOTICES = st.builds(
    notice,
    node=TEXT,
    number=NUMBERS,
    issued_at=TIMES,
    endpoints=rows(st.builds(Endpoint, TEXT, TEXT, NUMBERS), 3),
    roles=rows(TEXT, codec.MAX_ROLES),
    maintenance=rows(st.builds(Maintenance, TIMES, TIMES), 3),
    refresh_seconds=NUMBERS,
)


@given(ENTRIES)
def test_any_entry_comes_back(value: Any) -> None:
    assert codec.decode_entry(codec.encode_entry(value)) == value


@given(NOTICES)
def test_any_notice_comes_back(value: Any) -> None:
    assert codec.decode_notice(codec.encode_notice(value)) == value


@each
@given(octets=st.binary(max_size=300))
def test_any_octets_are_refused_or_are_the_one_spelling(form: Form, octets: bytes) -> None:
    """ATTACKS I01."""
    if reads(form, octets):
        assert form.encode(form.decode(octets)) == octets


@each
@given(data=st.data())
def test_a_right_one_with_a_few_changes_is_refused_or_is_the_one_spelling(form: Form, data: st.DataObject) -> None:
    """ATTACKS I01."""
    octets = bytearray(form.octets)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(octets)))
        octets[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    if reads(form, bytes(octets)):
        assert form.encode(form.decode(bytes(octets))) == bytes(octets)


MANY = tuple(f"{number:04}" for number in range(2000))


@pytest.mark.parametrize(
    "value",
    [
        entry(cas=tuple(CaRow(name.encode(), "ACTIVE") for name in MANY[: codec.MAX_CAS + 1])),
        entry(coverage=tuple(CoverageRow(name, "P", 1) for name in MANY[: codec.MAX_COVERAGE + 1])),
        entry(contacts=tuple(replace(CONTACT, desk=name) for name in MANY[: codec.MAX_CONTACTS + 1])),
        entry(contacts=(replace(CONTACT, languages=MANY[: codec.MAX_LANGUAGES + 1]),)),
    ],
    ids=["CAs", "coverage", "contacts", "languages"],
)
def test_an_entry_with_too_many_of_anything_is_refused(value: Any) -> None:
    """ATTACKS E07."""
    assert refused(codec.decode_entry, codec.encode_entry(value)) is DocumentCode.TOO_LARGE


@pytest.mark.parametrize(
    "value",
    [
        notice(endpoints=tuple(Endpoint(name) for name in MANY[: codec.MAX_ENDPOINTS + 1])),
        notice(roles=("answer", "ask", "listen")),
        notice(maintenance=tuple(Maintenance(at, at + 1) for at in range(codec.MAX_MAINTENANCE + 1))),
    ],
    ids=["endpoints", "roles", "maintenance"],
)
def test_a_notice_with_too_many_of_anything_is_refused(value: Any) -> None:
    """ATTACKS E07."""
    assert refused(codec.decode_notice, codec.encode_notice(value)) is DocumentCode.TOO_LARGE


def test_a_digest_of_another_width_is_refused() -> None:
    for width in (0, 31, 33):
        value = replace(suspension("PHL", "AUS", "NZL"), charter_digest=bytes(width))
        assert not reads(FORMS["suspension"], codec.encode_suspension(value))
        left = replace(withdrawal("PHL"), charter_digest=bytes(width))
        assert not reads(FORMS["withdrawal"], codec.encode_withdrawal(left))


@pytest.mark.parametrize("change", [{"number": -1}, {"number": 2**32}, {"issued_at": 2**64}, {"federation": "\ud800"}])
def test_what_cannot_be_written_is_refused_when_it_is_made(change: dict[str, Any]) -> None:
    """ATTACKS I05."""
    assert refused(codec.encode_entry, entry(**change)) is DocumentCode.MALFORMED


def test_every_kind_has_a_payload_type_of_its_own() -> None:
    kinds = {PayloadType[name.upper()] for name in FORMS}
    assert len(kinds) == len(FORMS)
