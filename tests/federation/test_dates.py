"""Dates in six characters: the calendar, unknown parts, the century (ATTACKS I10)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.dates import (
    birth_characters,
    check_birth_characters,
    check_expiry_characters,
    expired,
    expiry_characters,
)
from federation.errors import InvalidDocument

DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(DAYS)
def test_every_day_of_two_centuries_has_its_six_characters(day: date) -> None:
    assert birth_characters(day.isoformat()) == expiry_characters(day.isoformat()) == day.strftime("%y%m%d")


@given(DAYS, st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_any_part_of_a_birth_may_be_unknown(day: date, known: tuple[bool, bool, bool]) -> None:
    """ATTACKS I10: unknown ``<<``."""
    parts = [
        part if is_known else "0" * len(part) for part, is_known in zip(day.isoformat().split("-"), known, strict=True)
    ]
    expected = "".join(part[-2:] if is_known else "<<" for part, is_known in zip(parts, known, strict=True))
    assert birth_characters("-".join(parts)) == expected
    assert check_birth_characters(expected) == expected


@given(st.integers(1900, 2099), st.integers(1, 99), st.integers(1, 99))
def test_a_day_the_calendar_lacks_is_refused_everywhere(year: int, month: int, day: int) -> None:
    """ATTACKS I10: 99, 29 February."""
    text = f"{year}-{month:02}-{day:02}"
    try:
        date(year, month, day)
    except ValueError:
        for rule in (birth_characters, expiry_characters):
            with pytest.raises(InvalidDocument) as refused:
                rule(text)
            assert refused.value.code == "DATE_CALENDAR"
    else:
        assert birth_characters(text) == expiry_characters(text)


@pytest.mark.parametrize(
    ("characters", "code"),
    [
        ("740812", None),
        ("<<<<<<", None),
        ("74<<<<", None),
        ("7408<<", None),
        ("<<0812", None),
        ("<<<<12", None),
        ("000229", None),
        ("960229", None),
        ("<<0229", None),
        ("990229", "DATE_CALENDAR"),
        ("740230", "DATE_CALENDAR"),
        ("<<0230", "DATE_CALENDAR"),
        ("740431", "DATE_CALENDAR"),
        ("741301", "DATE_CALENDAR"),
        ("740001", "DATE_CALENDAR"),
        ("740800", "DATE_CALENDAR"),
        ("000000", "DATE_CALENDAR"),
        ("999999", "DATE_CALENDAR"),
        ("7408<2", "DATE_FORM"),
        ("7<0812", "DATE_FORM"),
        ("74081G", "DATE_FORM"),
        ("74081", "DATE_FORM"),
        ("7408122", "DATE_FORM"),
        ("740812\n", "DATE_FORM"),
        ("", "DATE_FORM"),
        ("\u0667\u0664\u0660\u0668\u0661\u0662", "DATE_FORM"),
    ],
)
def test_six_characters_of_a_birth_are_a_day_as_far_as_they_are_known(characters: str, code: str | None) -> None:
    """ATTACKS I10."""
    if code is None:
        assert check_birth_characters(characters) == characters
        return
    with pytest.raises(InvalidDocument) as refused:
        check_birth_characters(characters)
    assert (refused.value.code, refused.value.field) == (code, "date_of_birth")


@pytest.mark.parametrize(
    ("characters", "code"),
    [
        ("310102", None),
        ("<<<<<<", None),
        ("31<<<<", "DATE_PARTIAL"),
        ("3101<<", "DATE_PARTIAL"),
        ("310230", "DATE_CALENDAR"),
    ],
)
def test_six_characters_of_an_expiry_are_a_day_or_nothing(characters: str, code: str | None) -> None:
    if code is None:
        assert check_expiry_characters(characters) == characters
        return
    with pytest.raises(InvalidDocument) as refused:
        check_expiry_characters(characters)
    assert (refused.value.code, refused.value.field) == (code, "date_of_expiry")


@pytest.mark.parametrize(
    ("expiry", "on", "over"),
    [
        ("310102", date(2031, 1, 1), False),
        ("310102", date(2031, 1, 2), False),
        ("310102", date(2031, 1, 3), True),
        ("260228", date(2026, 3, 1), True),
        ("<<<<<<", date(2026, 3, 1), False),
        ("760101", date(2026, 3, 1), False),
        ("770101", date(2026, 3, 1), True),
        ("991231", date(2000, 1, 1), True),
        ("000101", date(1999, 12, 31), False),
        ("491231", date(2099, 6, 1), False),
        ("501231", date(2099, 6, 1), True),
    ],
)
def test_the_last_day_counts_and_the_century_reaches_fifty_years_ahead(expiry: str, on: date, over: bool) -> None:
    """ATTACKS I10: century pivot; 76 is 2076 in 2026, 77 is 1977."""
    assert expired(expiry, on) is over


@given(DAYS, st.integers(-49 * 365, 49 * 365))
def test_within_the_pivot_expiry_is_what_the_whole_date_says(on: date, days: int) -> None:
    """ATTACKS I10."""
    expires = on + timedelta(days=days)
    assert expired(expires.strftime("%y%m%d"), on) is (expires < on)
