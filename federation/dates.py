"""Dates of birth and expiry, between the form of extracts and the six characters of a machine readable zone.

Extracts and commands write ``1960-04-12``, unknown parts of a birth ``00`` (``1960-00-00``, ``0000-00-00``), no expiry
as an empty text. The machine readable zone writes ``YYMMDD`` with ``<<`` for what is unknown (ICAO 9303 part 3, 4.8).
Two digits of a year name two centuries: nothing here guesses which, but `expired`, which says how.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from federation.errors import InvalidDocument

UNKNOWN_DATE: Final = "<<<<<<"

# Outside these a year is a slip of the keyboard, or the 9999 by which some systems mean that nothing expires.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2099

_FULL_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
_SIX_CHARACTERS = re.compile(r"([0-9]{2}|<<)([0-9]{2}|<<)([0-9]{2}|<<)").fullmatch

# For a year that is unknown, so that 29 February passes.
_ANY_LEAP_YEAR: Final = 2000


# An extract repeats its dates (ninety years have 32,872), so most lines are answered from here.
@lru_cache(maxsize=32768)
def birth_characters(text: str) -> str:
    """The six characters for a date of birth such as ``1960-04-12``, unknown parts ``00``.

    Raises InvalidDocument ``DATE_MISSING``, ``DATE_FORM``, ``DATE_YEAR`` or ``DATE_CALENDAR``, field ``date_of_birth``.
    """
    field = "date_of_birth"
    if not text:
        raise InvalidDocument(
            "DATE_MISSING", field, "The date of birth is empty: give it as 1960-04-12, unknown parts as 00."
        )
    year, month, day = _parts(text, field)
    if year:
        _check_year(year, field)
    _check_calendar(year or _ANY_LEAP_YEAR, month, day, field)
    return _two(year) + _two(month) + _two(day)


@lru_cache(maxsize=32768)
def expiry_characters(text: str) -> str:
    """The six characters for a date of expiry such as ``2031-01-02``; ``<<<<<<`` for an empty text, no expiry.

    Raises InvalidDocument ``DATE_FORM``, ``DATE_PARTIAL``, ``DATE_YEAR`` or ``DATE_CALENDAR``, field
    ``date_of_expiry``.
    """
    field = "date_of_expiry"
    if not text:
        return UNKNOWN_DATE
    year, month, day = _parts(text, field)
    if not (year and month and day):
        raise _partial_expiry()
    _check_year(year, field)
    _check_calendar(year, month, day, field)
    return _two(year) + _two(month) + _two(day)


def check_birth_characters(characters: str) -> str:
    """A date of birth as a machine readable zone has it, returned unchanged.

    Raises InvalidDocument ``DATE_FORM`` or ``DATE_CALENDAR``, field ``date_of_birth``.
    """
    _check_six(characters, "date_of_birth")
    return characters


def check_expiry_characters(characters: str) -> str:
    """A date of expiry as a machine readable zone has it, whole or ``<<<<<<``, returned unchanged.

    Raises InvalidDocument ``DATE_FORM``, ``DATE_PARTIAL`` or ``DATE_CALENDAR``, field ``date_of_expiry``.
    """
    _check_six(characters, "date_of_expiry")
    if "<" in characters and characters != UNKNOWN_DATE:
        raise _partial_expiry()
    return characters


def expired(expiry: str, on: date, *, horizon_years: int = 50) -> bool:
    """Whether a document with these six expiry characters has expired on a day; its last day still counts.

    The century is the one that puts the year no more than ``horizon_years`` after ``on`` and less than a hundred years
    before that: documents are made out for ten years or so, and found again decades later. Without an expiry: never.
    ``expiry`` has passed `check_expiry_characters` or `expiry_characters`.
    """
    if expiry == UNKNOWN_DATE:
        return False
    latest = on.year + horizon_years
    year = latest - (latest - int(expiry[:2])) % 100
    return (year, int(expiry[2:4]), int(expiry[4:6])) < (on.year, on.month, on.day)


def _parts(text: str, field: str) -> tuple[int, int, int]:
    # [0-9] and not \d, which takes the digits of every script.
    match = _FULL_DATE(text)
    if match is None:
        raise InvalidDocument(
            "DATE_FORM", field, f"The {_SAID[field]} is not written as 2031-01-02: give year-month-day."
        )
    return int(match[1]), int(match[2]), int(match[3])


def _check_six(characters: str, field: str) -> None:
    match = _SIX_CHARACTERS(characters)
    if match is None:
        raise InvalidDocument(
            "DATE_FORM",
            field,
            f"The {_SAID[field]} is not six characters YYMMDD with << for unknown parts: read the document again.",
        )
    if "00" in (match[2], match[3]):
        raise _calendar(field)
    year, month, day = (0 if part == "<<" else int(part) for part in match.groups())
    # 2000 + year is a leap year whenever one of the years that these two digits may mean is: 00 may mean 2000.
    _check_calendar(_ANY_LEAP_YEAR + year, month, day, field)


def _check_year(year: int, field: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidDocument(
            "DATE_YEAR",
            field,
            f"The year of the {_SAID[field]} is not between {FIRST_YEAR} and {LAST_YEAR}: correct it"
            + (", or leave the date empty if the document does not expire." if field == "date_of_expiry" else "."),
        )


def _check_calendar(year: int, month: int, day: int, field: str) -> None:
    """Refuse a day that the calendar does not have; a month or day of 0 is unknown and passes as any would."""
    try:
        # January has every day, so it stands in where the month is unknown.
        date(year, month or 1, day or 1)
    except ValueError:
        raise _calendar(field) from None


def _two(part: int) -> str:
    return f"{part % 100:02}" if part else "<<"


_SAID: Final = {"date_of_birth": "date of birth", "date_of_expiry": "date of expiry"}


def _calendar(field: str) -> InvalidDocument:
    return InvalidDocument(
        "DATE_CALENDAR", field, f"The {_SAID[field]} is no day of the calendar: read or type the date again."
    )


def _partial_expiry() -> InvalidDocument:
    return InvalidDocument(
        "DATE_PARTIAL",
        "date_of_expiry",
        "Part of the date of expiry is unknown: give the whole date, or nothing if the document does not expire.",
    )
