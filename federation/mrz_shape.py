"""Which of ICAO's five formats some lines are in (Doc 9303 part 3, 4.2 and parts 4 to 7, 4.2.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from federation.mrz_errors import MrzError
from federation.mrz_layout import LAYOUTS, Field, Layout

ALLOWED: Final = re.compile(r"[A-Z0-9<]*").fullmatch

_FIRST_OTHER = re.compile(r"[^A-Z0-9<]").search
_DOCUMENT_CODE = re.compile(r"[A-Z][A-Z<]").fullmatch
_SIZES: Final = "three lines of 30 on cards, two of 36 or two of 44 on booklets and visas"
_LONGEST: Final = max(layout.line_length for layout in LAYOUTS.values())


def zone_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Two or three lines of A-Z, 0-9 and ``<``, without the whitespace after them.

    Raises MrzError ``MRZ_LINES``, ``MRZ_CASE`` or ``MRZ_CHARACTER``.
    """
    if len(lines) not in (2, 3):
        raise MrzError(
            "MRZ_LINES",
            "mrz",
            f"There are {len(lines)} lines, and a machine readable zone has {_SIZES}: give them all.",
        )
    zone = tuple(line.rstrip() for line in lines)
    for position, line in enumerate(zone, start=1):
        if not ALLOWED(line):
            raise _wrong_character(position, line)
    return zone


def _wrong_character(position: int, line: str) -> MrzError:
    # ASCII first: upper() makes plain letters of some that are not, and what was not printed would be read.
    if line.isascii() and ALLOWED(line.upper()):
        return MrzError(
            "MRZ_CASE",
            "mrz",
            f"Line {position} has lower-case letters, and a machine readable zone has none: send it as it is printed.",
        )
    other = _FIRST_OTHER(line)
    place = other.start() + 1 if other else 1
    return MrzError(
        "MRZ_CHARACTER",
        "mrz",
        f"Character {place} of line {position} is none of A-Z, 0-9 and <: read the document again (look-alikes from other"
        " alphabets and spaces within a line are not taken).",
    )


def layout_of(zone: Sequence[str]) -> Layout:
    """The format that the number of lines, their lengths and the document code name together.

    Raises MrzError ``MRZ_LENGTH`` or ``DOCUMENT_CODE``.
    """
    sized = [layout for layout in LAYOUTS.values() if _has_size(layout, zone)]
    if not sized:
        lengths = " and ".join(str(len(line)) for line in zone)
        raise MrzError(
            "MRZ_LENGTH",
            "mrz",
            f"The lines have {lengths} characters, and a machine readable zone has {_SIZES}: read the document again.",
        )
    code = sized[0].spans[Field.DOCUMENT_CODE].cut(zone)
    for layout in sized:
        if _is_code_of(layout, code):
            return layout
    letters = " or ".join(letter for layout in sized for letter in layout.first_letters)
    raise MrzError(
        "DOCUMENT_CODE",
        Field.DOCUMENT_CODE,
        f"The first two characters are no document code of a zone of this size (its first letter is {letters}, its second"
        " a letter or <): read the document again.",
    )


def _has_size(layout: Layout, zone: Sequence[str]) -> bool:
    return len(zone) == layout.line_count and all(len(line) == layout.line_length for line in zone)


def _is_code_of(layout: Layout, code: str) -> bool:
    if not _DOCUMENT_CODE(code) or code[0] not in layout.first_letters:
        return False
    # On A, C and I documents V is never second (9303-5 and 9303-6, 4.2.2), so that none can look like a visa.
    return not (layout.long_numbers and code[1] == "V")
