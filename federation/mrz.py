"""The machine readable zone of a travel document, read strictly and written by one encoder (ICAO Doc 9303 parts 3-7).

``parse`` takes what the standard allows and nothing else: capital letters, exact lengths, every check digit. What it
takes, ``encode`` gives back character for character, so no two zones read as one document and no zone reads as two.
The rules are numbered in docs/spec/1-documents.md, 1.5, and kept here in that order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from federation.check_digits import check_digit
from federation.dates import expired
from federation.documents import TravelDocument, travel_document
from federation.economies import is_nationality, issuer
from federation.errors import InvalidDocument
from federation.mrz_digits import NumberField, number_field, verify_check_digits, verify_date
from federation.mrz_errors import MrzError
from federation.mrz_layout import LAYOUTS, Field, Layout, MrzFormat
from federation.mrz_shape import ALLOWED, layout_of, zone_lines

__all__ = ["Mrz", "MrzError", "MrzFormat", "encode", "expired", "parse"]

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9<]*").fullmatch
_IDENTIFIERS = re.compile(r"([A-Z]+(?:<[A-Z]+)*)(?:<<([A-Z]+(?:<[A-Z]+)*))?<*").fullmatch


@dataclass(frozen=True, slots=True, repr=False)
class Mrz:
    """What a machine readable zone says, its fields under ICAO's names and without trailing fillers.

    ``document_number`` is whole, however the format splits it, and keeps fillers inside it; names have spaces between
    their parts; ``birth`` and ``expiry`` are the six characters as printed, ``<<`` for unknown parts. No printed form
    of it shows a number, a name or a date.
    """

    format: MrzFormat
    document_code: str
    issuing_state: str
    primary_identifier: str
    secondary_identifier: str
    document_number: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    optional_data: str = ""
    optional_data_2: str = ""
    #: TD3 alone: an empty personal number may have the check digit 0 or, as here, a filler (9303-4, position 43).
    optional_digit_is_filler: bool = True

    def __repr__(self) -> str:
        return f"Mrz({self.format} {self.issuing_state} [fields withheld])"

    def travel_document(self) -> TravelDocument:
        """The document to ask about.

        A visa's number field may hold the number of the *passport* it was issued for; nothing in the zone says so.
        """
        return travel_document(self.issuing_state, self.document_code, self.document_number)

    @property
    def captured_ok(self) -> bool:
        """Whether every check digit held: always, because `parse` returns no zone in which one did not."""
        return True

    @property
    def name_may_be_truncated(self) -> bool:
        """Whether the name reaches the end of its field, by which ICAO marks a name that may have been cut (9303-3 4.6)."""
        name = _name_text(self)
        return len(name) == LAYOUTS[self.format].spans[Field.NAME].width


def parse(lines: Sequence[str]) -> Mrz:
    """Read the two or three lines of a machine readable zone; whitespace after a line is ignored, nothing else is.

    Raises InvalidDocument, as MrzError where a line or a check digit is at fault; docs/spec/1-documents.md, 1.6, lists the
    codes. No message holds a number, a name or a date; ``MrzError.readings`` does, for the caller's screen alone.
    """
    # 1. Characters and shape.
    zone = zone_lines(lines)
    layout = layout_of(zone)
    fields = layout.cut(zone)
    # 2. Check digits before anything they cover is judged: a misread character is the likeliest cause of every later one.
    number = number_field(layout, fields)
    verify_check_digits(layout, zone, fields, number)
    # 3. What the fields say.
    return _read(layout, fields, number)


def encode(mrz: Mrz) -> tuple[str, ...]:
    """The lines of a zone, check digits computed: the one form in which `parse` gives back an equal value.

    Raises InvalidDocument when a field is not what `parse` would return: ``FIELD_TOO_LONG`` where one does not fit (a
    name is not cut here: how to is its issuer's choice), ``FIELD_FORM``, or the code with which `parse` refuses it.
    """
    layout = LAYOUTS[mrz.format]
    zone = _written(layout, _printed(layout, mrz))
    if layout.composite:
        text = "".join(span.cut(zone) for span in layout.composite)
        zone = _written(layout, _printed(layout, mrz) | {Field.COMPOSITE_DIGIT: _digit(Field.COMPOSITE, text)})
    # Reading it back is the check of every field, by the same rules and in the same words as for a zone read abroad.
    if parse(zone) != mrz:
        raise _field_form("mrz")
    return zone


def _written(layout: Layout, fields: Mapping[Field, str]) -> tuple[str, ...]:
    lines = [["<"] * layout.line_length for _ in range(layout.line_count)]
    for field, text in fields.items():
        span = layout.spans[field]
        if len(text) > span.width:
            raise MrzError(
                "FIELD_TOO_LONG", field, f"The field {field} does not fit into a {layout.format}: shorten it."
            )
        lines[span.line - 1][span.first - 1 : span.first - 1 + len(text)] = text
    return tuple("".join(line) for line in lines)


def _read(layout: Layout, fields: Mapping[Field, str], number: NumberField) -> Mrz:
    state = fields[Field.ISSUING_STATE].rstrip("<")
    issuer(state)
    nationality = fields[Field.NATIONALITY].rstrip("<")
    # DEU is read as D, as in the issuing state.
    if not is_nationality("D" if nationality == "DEU" else nationality):
        raise InvalidDocument(
            "NATIONALITY_UNKNOWN",
            Field.NATIONALITY,
            "The nationality is none of ICAO 9303's codes: read the document again, or type its fields.",
        )
    if not _NUMBER(number.number):
        raise MrzError(
            "NUMBER_FORM",
            Field.DOCUMENT_NUMBER,
            "The document number is empty or begins with a filler: read the document again, or type the number.",
        )
    verify_date(Field.BIRTH, fields[Field.BIRTH], fields[Field.BIRTH_DIGIT])
    verify_date(Field.EXPIRY, fields[Field.EXPIRY], fields[Field.EXPIRY_DIGIT])
    if fields[Field.SEX] not in ("F", "M", "<"):
        raise MrzError("SEX", Field.SEX, "The sex is none of F, M and <: read the document again.")
    primary, secondary = _identifiers(fields[Field.NAME])
    return Mrz(
        format=layout.format,
        document_code=fields[Field.DOCUMENT_CODE].rstrip("<"),
        issuing_state=state,
        primary_identifier=primary,
        secondary_identifier=secondary,
        document_number=number.number,
        nationality=nationality,
        birth=fields[Field.BIRTH],
        sex=fields[Field.SEX],
        expiry=fields[Field.EXPIRY],
        optional_data=number.optional_data,
        optional_data_2=fields.get(Field.OPTIONAL_2, "").rstrip("<"),
        optional_digit_is_filler=fields.get(Field.OPTIONAL_DIGIT, "<") == "<" or bool(number.optional_data),
    )


def _identifiers(name: str) -> tuple[str, str]:
    match = _IDENTIFIERS(name)
    if match is None:
        raise MrzError(
            "NAME",
            Field.NAME,
            "The name is not letters with one < between parts and one << before the given names: read the document"
            " again, or type its fields.",
        )
    return match[1].replace("<", " "), (match[2] or "").replace("<", " ")


def _name_text(mrz: Mrz) -> str:
    identifiers = (mrz.primary_identifier, mrz.secondary_identifier)
    return "<<".join(identifier.replace(" ", "<") for identifier in identifiers if identifier)


def _printed(layout: Layout, mrz: Mrz) -> dict[Field, str]:
    """The fields as printed, before padding; all but the composite digit, which covers the others."""
    number, number_digit, optional = _split_number(layout, mrz)
    fields = {
        Field.DOCUMENT_CODE: mrz.document_code,
        Field.ISSUING_STATE: mrz.issuing_state,
        Field.NAME: _name_text(mrz),
        Field.DOCUMENT_NUMBER: number,
        Field.NUMBER_DIGIT: number_digit,
        Field.NATIONALITY: mrz.nationality,
        Field.BIRTH: mrz.birth,
        Field.BIRTH_DIGIT: _digit(Field.BIRTH, mrz.birth),
        Field.SEX: mrz.sex,
        Field.EXPIRY: mrz.expiry,
        Field.EXPIRY_DIGIT: _digit(Field.EXPIRY, mrz.expiry),
        Field.OPTIONAL: optional,
    }
    if Field.OPTIONAL_DIGIT in layout.spans:
        is_filler = not optional and mrz.optional_digit_is_filler
        fields[Field.OPTIONAL_DIGIT] = "<" if is_filler else _digit(Field.OPTIONAL, optional)
    if Field.OPTIONAL_2 in layout.spans:
        fields[Field.OPTIONAL_2] = mrz.optional_data_2
    return fields


def _split_number(layout: Layout, mrz: Mrz) -> tuple[str, str, str]:
    """Document number, its check digit and the optional data, as far as they go into each field."""
    number, width = mrz.document_number, layout.spans[Field.DOCUMENT_NUMBER].width
    digit = _digit(Field.DOCUMENT_NUMBER, number)
    if layout.long_numbers and len(number) > width:
        return number[:width], "<", f"{number[width:]}{digit}<{mrz.optional_data}"
    return number, digit, mrz.optional_data


def _digit(field: Field, text: str) -> str:
    """The check digit of a field that is still to be written; fillers after it would not change it."""
    if not ALLOWED(text):
        raise _field_form(field)
    return check_digit(text)


def _field_form(field: str) -> MrzError:
    return MrzError(
        "FIELD_FORM",
        field,
        f"The field {field} is not in the form in which a zone is read: use A-Z, 0-9 and < without fillers at the end.",
    )
