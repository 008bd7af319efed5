"""Made-up documents for a lab: numbers in the form each economy prints, of no real person.

Everything follows from the economy's code and a count, so that two labs hold the same documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from federation.dates import birth_characters, expiry_characters
from federation.mrz import Mrz, MrzFormat, encode

# `#` is a digit, `@` a letter, as in routes; public lists lag behind the series in use, and a lab needs likeness only.
_PASSPORT_FORMS = {
    "AUS": "PA#######",
    "CAN": "A@######",
    "CHN": "E########",
    "HKG": "K########",
    "IDN": "C#######",
    "JPN": "TR#######",
    "KOR": "M########",
    "MYS": "A########",
    "NZL": "L@######",
    "PHL": "P#######A",
    "RUS": "#########",
    "SGP": "K#######E",
    "THA": "AA#######",
    "TWN": "#########",
    "USA": "A########",
    "VNM": "B#######",
}
_OTHER_PASSPORTS = "X@######"
_CARD_FORM = "ID######"

# Where the passport names another issuer than the member's own code, and the numbers by which it is told apart.
ISSUERS = {"HKG": ("CHN", "K########")}

# The uppermost tenth of each number space is kept for specimens, so that no synthetic document ever meets one.
_SPECIMEN_TENTH = 9
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Primes larger than what they are taken modulo of: they walk through all of it before they repeat.
_NUMBER_STRIDE = 7_368_787
_DAY_STRIDE = 104_729


@dataclass(frozen=True, slots=True)
class LabDocument:
    """One made-up document, with the dates it was issued with in the import's form."""

    issuing_state: str
    document_class: str
    document_number: str
    date_of_birth: str
    date_of_expiry: str


def issuing_state(economy: str) -> str:
    """What an economy's passports say in the field of the issuing state."""
    return ISSUERS.get(economy, (economy, ""))[0]


def specimen_number(economy: str, document_class: str, position: int) -> str:
    """The number of the specimen at ``position`` (from 0), in the form this economy prints."""
    form = _CARD_FORM if document_class == "I" else _PASSPORT_FORMS.get(economy, _OTHER_PASSPORTS)
    return _fill(form, _synthetic_digits(form) + 1203 + 37 * position, 0)


def room(economy: str) -> int:
    """How many different synthetic documents an economy can have."""
    form = _PASSPORT_FORMS.get(economy, _OTHER_PASSPORTS)
    return int(len(_LETTERS) ** form.count("@") * _synthetic_digits(form))


def synthetic(economy: str, count: int, today: date) -> Iterator[LabDocument]:
    """``count`` passports with different numbers, all within their dates on ``today``."""
    form = _PASSPORT_FORMS.get(economy, _OTHER_PASSPORTS)
    digits = _synthetic_digits(form)
    space = room(economy)
    if count > space:
        raise ValueError(f"{economy} has room for {space} synthetic documents")
    start = int.from_bytes(sha256(economy.encode()).digest()[:8], "big")
    state = issuing_state(economy)
    first_birth = date(1940, 1, 1)
    for position in range(count):
        birth = first_birth + timedelta(days=(start + position * _DAY_STRIDE) % 29_000)
        expiry = today + timedelta(days=30 + (start + position * _NUMBER_STRIDE) % 3_600)
        series, value = divmod((start + position * _NUMBER_STRIDE) % space, digits)
        number = _fill(form, value, series)
        yield LabDocument(state, "P", number, birth.isoformat(), expiry.isoformat())


def zone(document: LabDocument, position: int) -> list[str]:
    """The machine readable zone a document would be printed with: TD1 for cards, TD3 for passports."""
    card = document.document_class == "I"
    mrz = Mrz(
        format=MrzFormat.TD1 if card else MrzFormat.TD3,
        document_code=document.document_class,
        issuing_state=document.issuing_state,
        primary_identifier="SPECIMEN",
        secondary_identifier=_LETTERS[position % 26] * 3,
        document_number=document.document_number,
        nationality=document.issuing_state,
        birth=birth_characters(document.date_of_birth or "0000-00-00"),
        sex="<",
        expiry=expiry_characters(document.date_of_expiry),
    )
    return list(encode(mrz))


def _synthetic_digits(form: str) -> int:
    return int(_SPECIMEN_TENTH * 10 ** (form.count("#") - 1))


def _fill(form: str, value: int, series: int) -> str:
    width = form.count("#")
    # Every form has one run of digits.
    return form.replace("@", _LETTERS[series]).replace("#" * width, f"{value:0{width}}")
