"""Where the fields of a machine readable zone stand, as data: the five formats of ICAO Doc 9303 parts 4 to 7.

Lines and positions are counted from 1, as in ICAO's tables, so that a reviewer can tick one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class MrzFormat(StrEnum):
    """Sizes of travel documents (TD) and machine readable visas (MRV)."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


class Field(StrEnum):
    """The data elements of a machine readable zone; errors name their field by these."""

    DOCUMENT_CODE = "document_class"
    ISSUING_STATE = "issuing_state"
    NAME = "name"
    DOCUMENT_NUMBER = "document_number"
    NUMBER_DIGIT = "document_number_check_digit"
    NATIONALITY = "nationality"
    BIRTH = "date_of_birth"
    BIRTH_DIGIT = "date_of_birth_check_digit"
    SEX = "sex"
    EXPIRY = "date_of_expiry"
    EXPIRY_DIGIT = "date_of_expiry_check_digit"
    OPTIONAL = "optional_data"
    OPTIONAL_DIGIT = "optional_data_check_digit"
    OPTIONAL_2 = "optional_data_2"
    COMPOSITE = "composite"
    COMPOSITE_DIGIT = "composite_check_digit"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``first`` to ``last`` of a line, all three counted from 1."""

    line: int
    first: int
    last: int

    @property
    def width(self) -> int:
        return self.last - self.first + 1

    def cut(self, lines: Sequence[str]) -> str:
        return lines[self.line - 1][self.first - 1 : self.last]


@dataclass(frozen=True, slots=True)
class Layout:
    """One format: its size, the first letters of its document codes, its fields, and what its composite digit covers."""

    format: MrzFormat
    line_count: int
    line_length: int
    first_letters: str
    spans: Mapping[Field, Span]
    composite: tuple[Span, ...] = ()
    long_numbers: bool = False

    def cut(self, lines: Sequence[str]) -> dict[Field, str]:
        """The fields as printed, fillers included."""
        return {field: span.cut(lines) for field, span in self.spans.items()}


def _second_line(optional_last: int, **digits: int) -> dict[Field, Span]:
    """The line that TD2, TD3 and both visas share up to position 28."""
    return {
        Field.DOCUMENT_NUMBER: Span(2, 1, 9),
        Field.NUMBER_DIGIT: Span(2, 10, 10),
        Field.NATIONALITY: Span(2, 11, 13),
        Field.BIRTH: Span(2, 14, 19),
        Field.BIRTH_DIGIT: Span(2, 20, 20),
        Field.SEX: Span(2, 21, 21),
        Field.EXPIRY: Span(2, 22, 27),
        Field.EXPIRY_DIGIT: Span(2, 28, 28),
        Field.OPTIONAL: Span(2, 29, optional_last),
    } | {Field[name.upper()]: Span(2, position, position) for name, position in digits.items()}


def _head(name: Span) -> dict[Field, Span]:
    return {Field.DOCUMENT_CODE: Span(1, 1, 2), Field.ISSUING_STATE: Span(1, 3, 5), Field.NAME: name}


_TD1 = Layout(
    MrzFormat.TD1,
    line_count=3,
    line_length=30,
    first_letters="ACI",
    spans=MappingProxyType(
        _head(Span(3, 1, 30))
        | {
            Field.DOCUMENT_NUMBER: Span(1, 6, 14),
            Field.NUMBER_DIGIT: Span(1, 15, 15),
            Field.OPTIONAL: Span(1, 16, 30),
            Field.BIRTH: Span(2, 1, 6),
            Field.BIRTH_DIGIT: Span(2, 7, 7),
            Field.SEX: Span(2, 8, 8),
            Field.EXPIRY: Span(2, 9, 14),
            Field.EXPIRY_DIGIT: Span(2, 15, 15),
            Field.NATIONALITY: Span(2, 16, 18),
            Field.OPTIONAL_2: Span(2, 19, 29),
            Field.COMPOSITE_DIGIT: Span(2, 30, 30),
        }
    ),
    composite=(Span(1, 6, 30), Span(2, 1, 7), Span(2, 9, 15), Span(2, 19, 29)),
    long_numbers=True,
)

_TD2 = Layout(
    MrzFormat.TD2,
    line_count=2,
    line_length=36,
    first_letters="ACI",
    spans=MappingProxyType(_head(Span(1, 6, 36)) | _second_line(35, composite_digit=36)),
    composite=(Span(2, 1, 10), Span(2, 14, 20), Span(2, 22, 35)),
    long_numbers=True,
)

_TD3 = Layout(
    MrzFormat.TD3,
    line_count=2,
    line_length=44,
    first_letters="P",
    spans=MappingProxyType(_head(Span(1, 6, 44)) | _second_line(42, optional_digit=43, composite_digit=44)),
    composite=(Span(2, 1, 10), Span(2, 14, 20), Span(2, 22, 43)),
)

_MRV_A = Layout(
    MrzFormat.MRV_A,
    line_count=2,
    line_length=44,
    first_letters="V",
    spans=MappingProxyType(_head(Span(1, 6, 44)) | _second_line(44)),
)

_MRV_B = Layout(
    MrzFormat.MRV_B,
    line_count=2,
    line_length=36,
    first_letters="V",
    spans=MappingProxyType(_head(Span(1, 6, 36)) | _second_line(36)),
)

LAYOUTS: Final[Mapping[MrzFormat, Layout]] = MappingProxyType(
    {layout.format: layout for layout in (_TD1, _TD2, _TD3, _MRV_A, _MRV_B)}
)
