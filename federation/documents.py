"""Travel documents and normalisation version 1 (docs/spec/1-documents.md, 1.2).

A document is named by three values: who issued it, its class, its number. Both ends of a lookup and both sides of a
list must bring them to one form, or a stolen passport typed with a hyphen would be clear; so this is the only place
where that form is made. It runs once a question and once an import line: what is already in form takes the short way.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from string import ascii_letters
from typing import Final

from federation.dates import birth_characters, expiry_characters
from federation.economies import ISSUERS, issuer
from federation.errors import InvalidDocument
from federation.values import value

__all__ = [
    "NORMALISATION_VERSION",
    "NUMBER_MAX",
    "DocumentClass",
    "Kind",
    "ListName",
    "TravelDocument",
    "birth_characters",
    "expiry_characters",
    "normalise_class",
    "normalise_number",
    "normalise_state",
    "travel_document",
]

NORMALISATION_VERSION: Final = 1
NUMBER_MAX: Final = 24


class DocumentClass(StrEnum):
    """The first letter of the document code, with A and C read as I (ICAO 9303 parts 4, 5, 6 and 7)."""

    P = "P"
    I = "I"  # noqa: E741 - the letter that ICAO gave identity documents
    V = "V"


class ListName(StrEnum):
    """The two lists an issuer keeps."""

    REPORTED = "reported"
    ISSUED = "issued"


class Kind(IntEnum):
    """What is asked of a document: the first reads the reported list, the others the issued list.

    Kinds add up to a plain int. An IntFlag would cost a microsecond at each ``&``, of which a full lookup does thousands.
    """

    REPORTED = 1
    ISSUED = 2
    ISSUED_DATES = 4


@value(frozen=True, slots=True)
class TravelDocument:
    """Issuing state, class and number in the form of normalisation version 1; `travel_document` makes one.

    The constructor does not check: it is for values that have been normalised already. No printed form of a document
    shows its number, so that it can reach no log by way of an f-string or a traceback.
    """

    issuing_state: str
    document_class: DocumentClass
    document_number: str

    def __repr__(self) -> str:
        return f"TravelDocument({self.issuing_state} {self.document_class} [number withheld])"


def travel_document(issuing_state: str, document_class: str, document_number: str) -> TravelDocument:
    """The travel document that three texts name, normalised.

    Raises InvalidDocument with the code of the first field that fails, in the order of the arguments.
    """
    return TravelDocument(
        normalise_state(issuing_state), normalise_class(document_class), normalise_number(document_number)
    )


_IN_FORM = re.compile(r"[A-Z0-9]{1,24}").fullmatch
_LETTERS_AND_DIGITS = re.compile(r"[A-Z0-9]*").fullmatch
_DROPPED = str.maketrans("", "", "< -")


def normalise_number(text: str) -> str:
    """The document number as A-Z and 0-9, 1 to 24 characters; O and 0 stay apart.

    Raises InvalidDocument ``NUMBER_CHARACTER``, ``NUMBER_EMPTY`` or ``NUMBER_TOO_LONG``, never with the number in it.
    """
    if _IN_FORM(text):
        return text
    # Before upper(): it would turn a long s or a dotless i into an ASCII letter, and two numbers into one.
    if not text.isascii():
        raise _number_character()
    number = text.upper().translate(_DROPPED)
    if not _LETTERS_AND_DIGITS(number):
        raise _number_character()
    if not number:
        raise InvalidDocument(
            "NUMBER_EMPTY", "document_number", "The document number is empty: give it as printed in the document."
        )
    if len(number) > NUMBER_MAX:
        raise InvalidDocument(
            "NUMBER_TOO_LONG",
            "document_number",
            f"The document number has more than {NUMBER_MAX} letters and digits: give the number alone.",
        )
    return number


def _number_character() -> InvalidDocument:
    return InvalidDocument(
        "NUMBER_CHARACTER",
        "document_number",
        "The document number has a character other than A-Z, 0-9, space, hyphen and <: type it again in plain letters"
        " and digits (look-alikes from other alphabets are not taken).",
    )


def _spellings(code: str) -> tuple[str, ...]:
    """A code as extracts and machine readable zones write it, fillers included."""
    return tuple(text for form in (code, code.ljust(3, "<"), code.ljust(3)) for text in (form, form.lower()))


_STATES: Final[dict[str, str]] = {text: code for code in ISSUERS for text in _spellings(code)} | dict.fromkeys(
    _spellings("DEU"), "D"
)


def normalise_state(text: str) -> str:
    """The issuing state as its MRZ code without fillers; any case, surrounding spaces and trailing ``<`` are dropped.

    Raises InvalidDocument as `federation.economies.issuer` does.
    """
    state = _STATES.get(text)
    if state is not None:
        return state
    # What is not ASCII is no code, and upper() must not make one of it.
    return issuer(text.strip(" ").rstrip("< ").upper() if text.isascii() else "").code


_CLASS_OF_LETTER: Final = {
    "P": DocumentClass.P,
    "I": DocumentClass.I,
    "A": DocumentClass.I,
    "C": DocumentClass.I,
    "V": DocumentClass.V,
}
_CLASSES: Final[dict[str, DocumentClass]] = {
    first + second: document_class
    for letter, document_class in _CLASS_OF_LETTER.items()
    for first in (letter, letter.lower())
    for second in ("", "<", *ascii_letters)
}


def normalise_class(text: str) -> DocumentClass:
    """The class a document code stands for: one or two characters, the first of P, I, A, C, V, the second A-Z or <,
    in any case; surrounding spaces are dropped.

    Raises InvalidDocument ``CLASS_UNKNOWN``.
    """
    found = _CLASSES.get(text) or _CLASSES.get(text.strip(" "))
    if found is None:
        raise InvalidDocument(
            "CLASS_UNKNOWN",
            "document_class",
            "The document class is none of P (passports), I (identity documents, also A and C) and V (visas): give the"
            " first one or two characters of the machine readable zone.",
        )
    return found
