"""Normalisation version 1: one form for a document, and no number in anything printed."""

import copy
import importlib.util
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import documents
from federation.documents import (
    DocumentClass,
    Kind,
    TravelDocument,
    normalise_class,
    normalise_number,
    normalise_state,
    travel_document,
)
from federation.economies import ISSUERS
from federation.errors import InvalidDocument
from federation.lookup import Question, decode_question, encode_question

VECTORS = Path(__file__).parents[1] / "vectors"
PUBLISHED = json.loads((VECTORS / "normalisation-v1.json").read_text(encoding="ascii"))
RULES: dict[str, Callable[[str], str]] = {
    "document_number": normalise_number,
    "issuing_state": normalise_state,
    "document_class": normalise_class,
    "date_of_birth": documents.birth_characters,
    "date_of_expiry": documents.expiry_characters,
}


def second_implementation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("second", VECTORS / "make_normalisation_v1.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SECOND = second_implementation()


def code_of(rule: Callable[[str], str], text: str) -> str:
    with pytest.raises(InvalidDocument) as refused:
        rule(text)
    return refused.value.code


def test_the_published_vectors_are_what_their_script_writes() -> None:
    assert (VECTORS / "normalisation-v1.json").read_text(encoding="ascii") == SECOND.text()
    assert PUBLISHED["normalisation"] == documents.NORMALISATION_VERSION


@pytest.mark.parametrize(
    ("field", "case"), [(field, case) for field in RULES for case in PUBLISHED[field]], ids=lambda value: None
)
def test_each_published_text_has_its_published_result_or_code(field: str, case: dict[str, str]) -> None:
    """ATTACKS I07, I09, I10, I11."""
    rule = RULES[field]
    if "result" in case:
        assert rule(case["text"]) == case["result"]
    else:
        with pytest.raises(InvalidDocument) as refused:
            rule(case["text"])
        assert (refused.value.code, refused.value.field) == (case["code"], field)


@pytest.mark.parametrize("case", PUBLISHED["questions"], ids=lambda value: None)
def test_each_published_question_has_its_published_octets(case: dict[str, object]) -> None:
    """ATTACKS I11."""
    document = travel_document(*(str(case[name]) for name in ("issuing_state", "document_class", "document_number")))
    names = case["kinds"]
    assert isinstance(names, list)
    kinds = sum(Kind[name] for name in names)
    octets = encode_question(Question(kinds, document, str(case["birth"]), str(case["expiry"])))
    assert octets.hex() == case["octets"]
    assert len(octets) == 41
    assert decode_question(octets).document == document


def outcome(rule: Callable[[str], str], text: str) -> str:
    """The result, or the code in brackets."""
    try:
        return rule(text)
    except InvalidDocument as refused:
        return f"({refused.code})"
    except SECOND.Refused as refused:
        return f"({refused})"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("AZaz09< -")), max_size=40))
def test_two_implementations_agree_on_any_number(text: str) -> None:
    """ATTACKS I11."""
    assert outcome(normalise_number, text) == outcome(SECOND.number, text)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("PIACVXpiacv< ")), max_size=4))
def test_two_implementations_agree_on_any_class(text: str) -> None:
    """ATTACKS I11."""
    assert outcome(normalise_class, text) == outcome(SECOND.document_class, text)


@given(st.one_of(st.text(max_size=11), st.from_regex(r"(0000|19\d\d|20\d\d)-[01]\d-[0-3]\d", fullmatch=True)))
def test_two_implementations_agree_on_any_date(text: str) -> None:
    """ATTACKS I10, I11."""
    assert outcome(documents.birth_characters, text) == outcome(SECOND.birth, text)
    assert outcome(documents.expiry_characters, text) == outcome(SECOND.expiry, text)


@given(st.from_regex(r"[A-Z0-9]{1,24}", fullmatch=True), st.text(alphabet="< -", max_size=3), st.data())
def test_separators_and_case_make_no_difference_to_a_number(number: str, separator: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number)))
    spelt = number[:place].lower() + separator + number[place:]
    assert normalise_number(spelt) == number


@given(st.text(max_size=40))
def test_a_normalised_number_is_its_own_normal_form(text: str) -> None:
    try:
        number = normalise_number(text)
    except InvalidDocument:
        return
    assert normalise_number(number) == number
    assert 1 <= len(number) <= 24
    assert set(number) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_o_and_zero_stay_two_numbers() -> None:
    assert travel_document("NZL", "P", "LO1") != travel_document("NZL", "P", "L01")


@pytest.mark.parametrize("code", sorted(ISSUERS))
def test_every_issuer_is_taken_as_printed_in_lower_case_and_filled_up(code: str) -> None:
    for spelling in (code, code.lower(), code.ljust(3, "<"), code.ljust(3), f" {code} "):
        assert normalise_state(spelling) == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [("P", "P"), ("PD", "P"), ("I<", "I"), ("AC", "I"), ("C", "I"), ("A", "I"), ("V", "V"), ("vN", "V")],
)
def test_the_first_letter_of_a_document_code_decides_the_class(text: str, expected: str) -> None:
    assert normalise_class(text) is DocumentClass(expected)


@pytest.mark.parametrize(
    "spoofed",
    [
        "L\u0410123456",
        "\u039bA123456",
        "\uff2cA123456",
        "LA\u200d123456",
        "\u202eLA123456",
        "L\u0041\u0301123456",
        "\u0661",
    ],
)
def test_a_look_alike_from_another_alphabet_is_refused_and_never_folded(spoofed: str) -> None:
    """ATTACKS I07: Cyrillic, Greek, full width, joiner, right-to-left override, combining mark, Arabic digit."""
    assert code_of(normalise_number, spoofed) == "NUMBER_CHARACTER"


@pytest.mark.parametrize("text", ["N\u017dL", "\u0130RL", "\uff2e\uff3a\uff2c", "\u0405GP", "u\u017fa"])
def test_upper_casing_makes_no_code_of_what_is_not_ascii(text: str) -> None:
    """ATTACKS I07: ``'u\u017fa'.upper()`` is ``'USA'``."""
    assert code_of(normalise_state, text) == "STATE_UNKNOWN"


def test_the_first_field_that_fails_names_the_refusal() -> None:
    with pytest.raises(InvalidDocument) as refused:
        travel_document("XXB", "X", "")
    assert refused.value.field == "issuing_state"
    with pytest.raises(InvalidDocument) as refused:
        travel_document("AUS", "X", "")
    assert refused.value.field == "document_class"


def test_no_printed_form_of_a_document_shows_its_number(markers: tuple[str, ...]) -> None:
    document = travel_document("NZL", "P", markers[0])
    assert document.document_number == markers[0]
    for printed in (repr(document), str(document), f"{document}", repr([document]), repr({document: document})):
        assert markers[0] not in printed
        assert "NZL" in printed


@pytest.mark.parametrize("spoil", ["{}\u0410", "{}/", "{0}{0}{0}"])
def test_no_refusal_of_a_number_repeats_it(markers: tuple[str, ...], spoil: str) -> None:
    number = spoil.format(markers[1])
    with pytest.raises(InvalidDocument) as refused:
        travel_document("NZL", "P", number)
    error = refused.value
    printed = [str(error), repr(error), error.message, "".join(traceback.format_exception(error, limit=0))]
    assert not any(markers[1] in text for text in printed)


def test_a_document_is_a_value() -> None:
    document = travel_document("nzl", "p<", "la-123456")
    assert document == TravelDocument("NZL", DocumentClass.P, "LA123456")
    assert hash(document) == hash(copy.copy(document))
