"""The closed sets of codes are those of the specification, numbers included."""

from __future__ import annotations

import pytest

from federation.status import REFUSALS, BadAnswerCode, Purpose, RefusalCode
from tests.leaks.markers import marker_numbers

CODES = (
    "NOT_MEMBER CERT_BINDING KEY_PURPOSE BAD_SIGNATURE MALFORMED AUDIENCE METHOD VERSION CHARTER_OLD SESSION_UNKNOWN"
    " REPLAY CLOCK NOT_MINE NO_DATA PURPOSE NO_GRANT RATE BUDGET OVERLOADED SUSPENDED"
)


def test_refusal_codes_and_their_numbers_never_change() -> None:
    assert {code.name: code.value for code in RefusalCode} == {
        name: number for number, name in enumerate(CODES.split(), start=1)
    }


def test_codes_of_answers_not_believed() -> None:
    names = "BAD_SIGNATURE DIGEST RESPONDER COUNT CLOCK DATA_REGRESSION MALFORMED"
    assert {code.value for code in BadAnswerCode} == set(names.split())


def test_purposes_and_their_numbers_never_change() -> None:
    names = "BORDER_ENTRY BORDER_EXIT PRE_DEPARTURE VISA INVESTIGATION TEST"
    assert {one.name: one.value for one in Purpose} == {
        name: number for number, name in enumerate(names.split(), start=1)
    }


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_says_who_must_act_and_why(code: RefusalCode) -> None:
    acted_on_by, sentence = REFUSALS[code]
    assert acted_on_by.value
    assert sentence
    assert not any(number in sentence for number in marker_numbers())
