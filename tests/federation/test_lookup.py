"""Questions and outcomes in their one fixed form."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import DocumentClass, Kind, TravelDocument, travel_document
from federation.errors import BadAnswer, Malformed, Refused
from federation.lookup import (
    KINDS,
    MATCH,
    MAX_QUESTIONS,
    NO_MATCH,
    NOT_ASKED,
    OPENED_OCTETS,
    QUESTION_OCTETS,
    SALT_OCTETS,
    UNKNOWN_DATE,
    Question,
    case_number,
    decode_outcome,
    decode_question,
    encode_outcome,
    encode_question,
    open_questions,
    question_digests,
)
from federation.status import BadAnswerCode, RefusalCode
from tests.fake_lists import passport
from tests.faults import flip_bit

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "normalisation-v1.json").read_text())["questions"]
UPPER, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"

states = st.text(UPPER, min_size=1, max_size=3)
numbers = st.text(UPPER + DIGITS, min_size=1, max_size=24)
parts = st.one_of(st.text(DIGITS, min_size=2, max_size=2), st.just("<<"))
births = st.lists(parts, min_size=3, max_size=3).map("".join)
expiries = st.one_of(st.text(DIGITS, min_size=6, max_size=6), st.just(UNKNOWN_DATE))
documents = st.builds(TravelDocument, states, st.sampled_from(DocumentClass), numbers)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    kinds = draw(st.integers(1, 7))
    if kinds & Kind.ISSUED_DATES:
        return Question(kinds, draw(documents), draw(births), draw(expiries))
    return Question(kinds, draw(documents))


def opened_of(*asked: Question) -> bytes:
    return b"".join(bytes([place]) * SALT_OCTETS + encode_question(one) for place, one in enumerate(asked))


REPORTED = Question(int(Kind.REPORTED), passport("AUS"))
DATED = Question(7, passport("AUS"), "600412", "310102")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["octets"][:12])
def test_the_published_questions_have_their_published_octets(vector: dict[str, Any]) -> None:
    document = travel_document(vector["issuing_state"], vector["document_class"], vector["document_number"])
    kinds = sum(Kind[kind] for kind in vector["kinds"])
    question = Question(kinds, document, vector["birth"], vector["expiry"])
    assert encode_question(question).hex() == vector["octets"]
    assert decode_question(bytes.fromhex(vector["octets"])).document == document


@given(questions())
def test_every_question_comes_back_from_its_octets(question: Question) -> None:
    octets = encode_question(question)
    assert len(octets) == QUESTION_OCTETS
    assert decode_question(octets) == question


@given(st.binary(min_size=QUESTION_OCTETS, max_size=QUESTION_OCTETS))
def test_octets_that_are_read_are_the_only_ones_for_that_question(octets: bytes) -> None:
    try:
        question = decode_question(octets)
    except Malformed:
        return
    assert encode_question(question) == octets


def test_no_changed_octet_reads_as_the_same_question() -> None:
    octets = encode_question(DATED)
    for position in range(len(octets) * 8):
        try:
            assert decode_question(flip_bit(octets, position)) != DATED
        except Malformed:
            continue


NUMBER = passport("AUS").document_number.encode().ljust(24, b"<")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x01PAUS" + NUMBER + b"<" * 11,
        b"\x01PAUS" + NUMBER + b"<" * 13,
        b"\x00PAUS" + NUMBER + b"<" * 12,  # no kind
        b"\x08PAUS" + NUMBER + b"<" * 12,  # a kind there is not
        b"\x01XAUS" + NUMBER + b"<" * 12,  # no class
        b"\x01Paus" + NUMBER + b"<" * 12,
        b"\x01P<US" + NUMBER + b"<" * 12,
        b"\x01PA<S" + NUMBER + b"<" * 12,  # a filler inside
        b"\x01P<<<" + NUMBER + b"<" * 12,
        b"\x01PAUS" + b"<" * 24 + b"<" * 12,  # no number
        b"\x01PAUS" + b"<" + NUMBER[:-1] + b"<" * 12,
        b"\x01PAUS" + NUMBER[:3] + b"<" + NUMBER[4:] + b"<" * 12,
        b"\x01PAUS" + NUMBER.lower() + b"<" * 12,
        b"\x01PAUS" + NUMBER[:-1] + b"\n" + b"<" * 12,
        b"\x01PAUS" + NUMBER + b"600412310102",  # dates that nobody asked about
        b"\x07PAUS" + NUMBER + b"60<412310102",  # a filler within a part
        b"\x07PAUS" + NUMBER + b"6004123101<<",  # an expiry in part
        b"\x07PAUS" + NUMBER + "٦٠".encode() + b"0412310102",
    ],
)
def test_what_is_not_in_the_fixed_form_is_refused(octets: bytes) -> None:
    with pytest.raises(Malformed):
        decode_question(octets)


@pytest.mark.parametrize("birth", ["991399", "000000", "<<<<<<"])
def test_dates_that_no_calendar_has_are_answered_like_any(birth: str) -> None:
    """A refusal of the responder's would tell apart what a no-match does not (oracle 2)."""
    asked = Question(int(Kind.ISSUED_DATES), passport("AUS"), birth, UNKNOWN_DATE)
    assert decode_question(encode_question(asked)) == asked


def test_dates_do_not_travel_with_a_question_that_does_not_need_them() -> None:
    octets = encode_question(Question(3, passport("AUS"), "600412", "310102"))
    assert octets.endswith(b"<" * 12)


def test_a_question_in_print_shows_neither_number_nor_dates() -> None:
    shown = f"{DATED!r} {DATED}"
    assert passport("AUS").document_number not in shown
    assert "600412" not in shown


class TestOpenedQuestions:
    def test_they_are_read_in_order_against_their_digests(self) -> None:
        opened = opened_of(REPORTED, DATED)
        assert open_questions(opened, question_digests(opened)) == [REPORTED, DATED]

    def test_a_digest_is_over_random_octets_and_question(self) -> None:
        opened = opened_of(REPORTED)
        assert question_digests(opened) == sha256(bytes(SALT_OCTETS) + encode_question(REPORTED)).digest()

    def test_no_flipped_bit_passes(self) -> None:
        """A01 beside the envelope: random octets and question are under the signature through their digest."""
        opened = opened_of(DATED)
        for position in range(len(opened) * 8):
            with pytest.raises(Refused) as refused:
                open_questions(flip_bit(opened, position), question_digests(opened))
            assert refused.value.code is RefusalCode.BAD_SIGNATURE

    def test_two_questions_that_changed_places_are_refused(self) -> None:
        with pytest.raises(Refused, match="BAD_SIGNATURE"):
            open_questions(opened_of(DATED, REPORTED), question_digests(opened_of(REPORTED, DATED)))

    @pytest.mark.parametrize("count", [0, MAX_QUESTIONS + 1])
    def test_1_to_500_are_carried(self, count: int) -> None:
        opened = opened_of(REPORTED) * count
        with pytest.raises(Malformed):
            open_questions(opened, question_digests(opened))

    def test_500_are_carried(self) -> None:
        opened = opened_of(REPORTED) * MAX_QUESTIONS
        assert len(open_questions(opened, question_digests(opened))) == MAX_QUESTIONS

    @pytest.mark.parametrize("cut", [1, OPENED_OCTETS])
    def test_another_number_than_was_signed_is_refused(self, cut: int) -> None:
        opened = opened_of(REPORTED, DATED)
        with pytest.raises(Malformed):
            open_questions(opened[:-cut], question_digests(opened))

    def test_a_signed_question_out_of_form_is_refused(self) -> None:
        opened = bytes(OPENED_OCTETS)
        with pytest.raises(Malformed):
            open_questions(opened, question_digests(opened))


def pairs(octet: int) -> tuple[int, int, int, int]:
    return octet & 3, octet >> 2 & 3, octet >> 4 & 3, octet >> 6


@given(st.integers(1, 7), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_outcomes_come_back_for_exactly_the_kinds_asked(kinds: int, matched: tuple[bool, bool, bool]) -> None:
    octet = encode_outcome(kinds, *matched)
    expected = {kind: match for kind, match in zip(KINDS, matched, strict=True) if kinds & kind}
    assert decode_outcome(octet, kinds) == expected
    assert pairs(octet)[3] == NOT_ASKED


@given(st.integers(0, 255), st.integers(1, 7))
def test_every_octet_is_the_outcome_of_some_answer_or_refused(octet: int, kinds: int) -> None:
    """A 0, a 3 for a kind asked, a 1 or 2 for one not asked, a fourth pair other than 3: MALFORMED."""
    allowed = [({NO_MATCH, MATCH} if kinds & kind else {NOT_ASKED}) for kind in KINDS] + [{NOT_ASKED}]
    if all(pair in may for pair, may in zip(pairs(octet), allowed, strict=True)):
        decoded = decode_outcome(octet, kinds)
        reported, issued, dates = (decoded.get(kind, False) for kind in KINDS)
        assert encode_outcome(kinds, reported, issued, dates) == octet
    else:
        with pytest.raises(BadAnswer) as bad:
            decode_outcome(octet, kinds)
        assert bad.value.code is BadAnswerCode.MALFORMED


class TestCaseNumber:
    def test_both_sides_derive_the_same(self) -> None:
        assert case_number(sha256(b"request").digest(), 3) == case_number(sha256(b"request").digest(), 3)

    @given(st.binary(min_size=32, max_size=32), st.integers(0, MAX_QUESTIONS - 1))
    def test_it_is_ten_characters_and_the_check_character_of_crockford(self, digest: bytes, index: int) -> None:
        number = case_number(digest, index)
        value = 0
        for character in number[:10]:
            value = value * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
        assert number[10:] == "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"[value % 37]

    def test_each_question_of_each_request_has_its_own(self) -> None:
        digests = [sha256(bytes([one])).digest() for one in range(20)]
        assert len({case_number(digest, index) for digest in digests for index in range(50)}) == 1000
