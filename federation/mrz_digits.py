"""Every check digit of a machine readable zone, by name (ICAO Doc 9303 parts 4 to 7).

A failing digit is reported with what its field may say instead, and nothing is ever corrected: 7-3-1 lets one in ten
wrong guesses pass, and a guess that passes is another traveller's document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from federation.check_digits import LOOK_ALIKES, check_digit, readings
from federation.dates import check_birth_characters, check_expiry_characters
from federation.errors import InvalidDocument
from federation.mrz_errors import MrzError
from federation.mrz_layout import Field, Layout

_NUMBER_FORM = re.compile(r"[A-Z0-9][A-Z0-9<]*").fullmatch

# The rest of a long number, its check digit, the filler that ends them, and what follows (9303-5 4.2.4, 9303-6 4.2.4).
_LONG_REST = re.compile(r"([A-Z0-9]+)([A-Z0-9])<(.*)").fullmatch


@dataclass(frozen=True, slots=True, repr=False)
class NumberField:
    """A document number without trailing fillers, put together again if it was long; with the data that follow it."""

    number: str
    covered: str
    digit: str
    optional_data: str


def number_field(layout: Layout, fields: Mapping[Field, str]) -> NumberField:
    """The document number of a zone, short or long.

    Raises MrzError ``NUMBER_FORM``: a ``<`` in the check digit's place announces a rest that the optional data lack.
    """
    first, digit, optional = fields[Field.DOCUMENT_NUMBER], fields[Field.NUMBER_DIGIT], fields[Field.OPTIONAL]
    if digit != "<" or not layout.long_numbers:
        return NumberField(first.rstrip("<"), first, digit, optional.rstrip("<"))
    rest = _LONG_REST(optional)
    if rest is None or first.endswith("<"):
        raise MrzError(
            "NUMBER_FORM",
            Field.DOCUMENT_NUMBER,
            "The document number has no check digit and does not go on in the optional data: read the document again.",
        )
    number = first + rest[1]
    return NumberField(number, number, rest[2], rest[3].rstrip("<"))


@dataclass(frozen=True, slots=True, repr=False)
class _Covered:
    """A check digit, the field it is named after, the characters it covers, and when these have their form."""

    field: Field
    text: str
    digit: str
    is_form: Callable[[str], bool]

    def holds(self) -> bool:
        # An empty personal number of a TD3 may have a filler for its check digit (9303-4 4.2.2, position 43).
        if self.field is Field.OPTIONAL and self.digit == "<":
            return not self.text.strip("<")
        return self.digit == check_digit(self.text)


def verify_check_digits(layout: Layout, lines: Sequence[str], fields: Mapping[Field, str], number: NumberField) -> None:
    """Verify each check digit that the format has.

    Raises MrzError ``CHECK_DIGIT`` for the first that does not hold, naming all that do not in ``failed``.
    """
    wrong = [covered for covered in _all_covered(layout, lines, fields, number) if not covered.holds()]
    if wrong:
        first = wrong[0]
        raise MrzError(
            "CHECK_DIGIT",
            first.field,
            f"The check digit of {_SAID[first.field]} does not hold: compare it with the document, look-alikes such as"
            " 0 and O first, and read or type it again.",
            _zone_readings(layout, lines) if first.field is Field.COMPOSITE else _field_readings(first),
            tuple(covered.field.value for covered in wrong),
        )


def verify_date(field: Field, characters: str, digit: str) -> None:
    """Verify that a date whose check digit holds is one; a letter can pass the digit (6 read as G).

    Raises MrzError ``DATE_FORM``, ``DATE_PARTIAL`` or ``DATE_CALENDAR``, with readings that are dates.
    """
    check, is_form = _DATES[field]
    try:
        check(characters)
    except InvalidDocument as error:
        found = readings(characters, digit, is_form)
        raise MrzError(error.code, error.field, error.message, found) from None


def _all_covered(
    layout: Layout, lines: Sequence[str], fields: Mapping[Field, str], number: NumberField
) -> list[_Covered]:
    covered = [
        _Covered(Field.DOCUMENT_NUMBER, number.covered, number.digit, _is_number),
        _Covered(Field.BIRTH, fields[Field.BIRTH], fields[Field.BIRTH_DIGIT], _is_birth),
        _Covered(Field.EXPIRY, fields[Field.EXPIRY], fields[Field.EXPIRY_DIGIT], _is_expiry),
    ]
    if Field.OPTIONAL_DIGIT in layout.spans:
        covered.append(_Covered(Field.OPTIONAL, fields[Field.OPTIONAL], fields[Field.OPTIONAL_DIGIT], _is_any))
    if layout.composite:
        text = "".join(span.cut(lines) for span in layout.composite)
        covered.append(_Covered(Field.COMPOSITE, text, fields[Field.COMPOSITE_DIGIT], _is_any))
    return covered


def _is_number(text: str) -> bool:
    return _NUMBER_FORM(text) is not None


def _is_birth(text: str) -> bool:
    return _passes(check_birth_characters, text)


def _is_expiry(text: str) -> bool:
    return _passes(check_expiry_characters, text)


def _is_any(_text: str) -> bool:
    return True


def _passes(check: Callable[[str], str], text: str) -> bool:
    try:
        check(text)
    except InvalidDocument:
        return False
    return True


def _field_readings(covered: _Covered) -> tuple[str, ...]:
    found = readings(covered.text, covered.digit, covered.is_form)
    return found if covered.field in _DATES else tuple(text.rstrip("<") for text in found)


def _zone_readings(layout: Layout, lines: Sequence[str]) -> tuple[str, ...]:
    """The whole zone, its lines joined by newlines, once for each single look-alike that makes every digit hold.

    The composite digit alone fails when a character no other digit covers was misread, or the composite digit itself.
    """
    found = []
    for span in (*layout.composite, layout.spans[Field.COMPOSITE_DIGIT]):
        line = lines[span.line - 1]
        for index in range(span.first - 1, span.last):
            for other in LOOK_ALIKES.get(line[index], ""):
                zone = list(lines)
                zone[span.line - 1] = line[:index] + other + line[index + 1 :]
                if _all_hold(layout, zone):
                    found.append("\n".join(zone))
    return tuple(found)


def _all_hold(layout: Layout, lines: Sequence[str]) -> bool:
    fields = layout.cut(lines)
    try:
        number = number_field(layout, fields)
    except MrzError:
        return False
    return all(
        covered.holds() and covered.is_form(covered.text) for covered in _all_covered(layout, lines, fields, number)
    )


_DATES = {
    Field.BIRTH: (check_birth_characters, _is_birth),
    Field.EXPIRY: (check_expiry_characters, _is_expiry),
}

_SAID = {
    Field.DOCUMENT_NUMBER: "the document number",
    Field.BIRTH: "the date of birth",
    Field.EXPIRY: "the date of expiry",
    Field.OPTIONAL: "the optional data (personal number)",
    Field.COMPOSITE: "the whole zone (the composite one, its last)",
}
