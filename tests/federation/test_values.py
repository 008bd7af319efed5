"""Values are compared, hashed and printed like frozen dataclasses; that nobody alters one is the type checker's to say."""

import dataclasses

import pytest

from federation.documents import DocumentClass, TravelDocument
from federation.lookup import Question, Versions
from federation.values import value


def test_values_are_equal_and_hashed_by_what_they_hold() -> None:
    one, same, other = (Versions(number, bytes(32), bytes(32)) for number in (1, 1, 2))
    assert one == same
    assert one != other
    assert len({one, same, other}) == 2
    assert dataclasses.replace(one, charter_version=2) == other


def test_values_have_no_room_for_another_field() -> None:
    question = Question(1, TravelDocument("NZL", DocumentClass.P, "QZX000001"))
    with pytest.raises(AttributeError):
        question.answer = True  # type: ignore[attr-defined]


def test_a_value_that_may_be_altered_is_refused() -> None:
    with pytest.raises(TypeError, match="frozen"):
        value(frozen=False, slots=True)
