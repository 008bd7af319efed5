"""The check digit of ICAO Doc 9303 part 3, section 4.9, and what a reader may have mistaken.

Weights 7, 3, 1 over the values 0-9 for digits, 10-35 for letters and 0 for the filler, modulo 10. Two characters whose
values differ by a multiple of ten are one to it: 6 read as G, 1 as L and 8 as S pass every check digit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_VALUES: Final = {character: int(character, 36) for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {"<": 0}
_WEIGHTS: Final = (7, 3, 1)

# Pairs that readers and typists take for one another in OCR-B and in the common typefaces of data pages.
_PAIRS: Final = ["0O", "0D", "0Q", "OD", "OQ", "1I", "1L", "IL", "17", "2Z", "4A", "5S", "6G", "8B", "8S", "UV"]

LOOK_ALIKES: Final[dict[str, str]] = {
    character: "".join(pair.replace(character, "") for pair in _PAIRS if character in pair)
    for character in sorted(set("".join(_PAIRS)))
}


def check_digit(text: str) -> str:
    """The check digit, one of 0-9, of a text of A-Z, 0-9 and ``<``."""
    total = sum(_VALUES[character] * _WEIGHTS[index % 3] for index, character in enumerate(text))
    return str(total % 10)


def readings(text: str, digit: str, is_form: Callable[[str], bool]) -> tuple[str, ...]:
    """What ``text`` may say if one character of it, or the check digit itself, was taken for a look-alike.

    Each reading has the length of ``text``, satisfies its check digit and passes ``is_form`` (a date stays a date).
    They come in the order of the changed character; the text itself comes last, when it is the digit that was misread.
    Which of them is right only the document can say: one reading is no more certain than three.
    """
    changed = (
        text[:index] + other + text[index + 1 :]
        for index, character in enumerate(text)
        for other in LOOK_ALIKES.get(character, "")
    )
    found = [candidate for candidate in changed if is_form(candidate) and check_digit(candidate) == digit]
    if is_form(text) and check_digit(text) in LOOK_ALIKES.get(digit, ""):
        found.append(text)
    return tuple(found)
