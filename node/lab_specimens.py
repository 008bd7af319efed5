"""The documented specimens of a lab, and what a peer must hear about each of them.

Every status a record can have, and every way a document can fail to have one: a newcomer's first lookup says
something, and a test knows what.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from federation.verdict import Verdict
from node.lab_documents import LabDocument, issuing_state, specimen_number, zone

# How many numbers the stolen range has; the one that is asked lies in the middle.
RANGE_LENGTH = 25
_POSITIONS = {
    "lost": 0,
    "stolen": 1,
    "stolen_blank": 2,
    "revoked": 3,
    "invalid": 4,
    "issued": 5,
    "expired": 6,
    "unknown": 7,
    "date_swapped": 8,
    "birth_unknown": 9,
    "no_expiry": 10,
    "card": 11,
    "stolen_blank_range": 12,
}
REPORTED_STATUSES = ("lost", "stolen", "stolen_blank", "revoked", "invalid")


@dataclass(frozen=True, slots=True)
class LabSpecimen:
    """A document as a traveller shows it, what it stands for, and the verdict a peer must get asking with all fields."""

    economy: str
    document: LabDocument
    mrz: list[str]
    status: str
    expected: Verdict

    def published(self) -> dict[str, Any]:
        """As it stands in `specimens.json`."""
        fields = {**asdict(self.document), "mrz": self.mrz, "status": self.status, "expected": self.expected.value}
        return {"economy": self.economy, **fields}


@dataclass(frozen=True, slots=True)
class Seeds:
    """What an economy's lists are told about its specimens, as rows of the import, and the specimens themselves."""

    specimens: list[LabSpecimen]
    reported: list[dict[str, str]]
    issued: list[dict[str, str]]


def seeds(economy: str, today: date, vouches: bool) -> Seeds:
    """The specimens of one economy; ``vouches``: it serves the issued list too."""
    shown = {status: _shown(economy, status, today) for status in _POSITIONS}
    specimens = [
        LabSpecimen(economy, document, zone(document, _POSITIONS[status]), status, _expected(status, vouches))
        for status, document in shown.items()
    ]
    reported = [_reported_row(shown[status], status, today) for status in REPORTED_STATUSES]
    reported.append(_range_row(economy, today))
    issued = [_issued_row(_registered(shown[status], status), status) for status in shown if _is_issued(status)]
    return Seeds(specimens, reported, issued if vouches else [])


def _shown(economy: str, status: str, today: date) -> LabDocument:
    """The document as the traveller shows it."""
    document_class = "I" if status == "card" else "P"
    position = _POSITIONS[status]
    in_range = status == "stolen_blank_range"
    middle = _range_numbers(economy)[RANGE_LENGTH // 2]
    return LabDocument(
        economy if document_class == "I" else issuing_state(economy),
        document_class,
        middle if in_range else specimen_number(economy, document_class, position),
        _birth(status, position),
        _expiry(status, position, today),
    )


def _birth(status: str, position: int) -> str:
    if _blank(status):
        return ""
    return {"birth_unknown": "1960-00-00", "date_swapped": "1979-04-03"}.get(
        status, date(1958 + 3 * position, 1 + position % 12, 4 + position).isoformat()
    )


def _expiry(status: str, position: int, today: date) -> str:
    if _blank(status) or status == "no_expiry":
        return ""
    days = -400 if status == "expired" else 1000 + 50 * position
    return (today + timedelta(days=days)).isoformat()


def _blank(status: str) -> bool:
    # Never personalised: a blank has no holder, so no record of it has dates.
    return status in ("stolen_blank", "stolen_blank_range")


def _is_issued(status: str) -> bool:
    return status != "unknown" and not _blank(status)


def _registered(document: LabDocument, status: str) -> LabDocument:
    """The document as it was issued: where the data page was changed, day and month of birth were the other way round."""
    if status != "date_swapped":
        return document
    return LabDocument(
        document.issuing_state,
        document.document_class,
        document.document_number,
        "1979-03-04",
        document.date_of_expiry,
    )


def _expected(status: str, vouches: bool) -> Verdict:
    if status in REPORTED_STATUSES or status == "stolen_blank_range":
        return Verdict.ALERT
    if not vouches:
        return Verdict.NOT_REPORTED
    return {"unknown": Verdict.NOT_RECOGNISED, "date_swapped": Verdict.MISMATCH}.get(status, Verdict.CLEAR)


def _range_numbers(economy: str) -> list[str]:
    first = specimen_number(economy, "P", 1000)
    # The run of digits that differs has one length, so the last digits may be counted up in place.
    digits = "".join(character for character in first if character.isdigit())
    return [first.replace(digits, str(int(digits) + step).zfill(len(digits))) for step in range(RANGE_LENGTH)]


def _reported_row(document: LabDocument, status: str, today: date) -> dict[str, str]:
    return {
        "document_number": document.document_number,
        "number_to": "",
        "issuing_state": document.issuing_state,
        "document_class": document.document_class,
        "status": status,
        "reported_on": (today - timedelta(days=30 + _POSITIONS[status])).isoformat(),
        "reference": f"SPECIMEN-{status}",
    }


def _range_row(economy: str, today: date) -> dict[str, str]:
    numbers = _range_numbers(economy)
    document = LabDocument(issuing_state(economy), "P", numbers[0], "", "")
    row = _reported_row(document, "stolen_blank", today)
    return {**row, "number_to": numbers[-1], "reference": "SPECIMEN-stolen_blank_range"}


def _issued_row(document: LabDocument, status: str) -> dict[str, str]:
    return {**asdict(document), "reference": f"SPECIMEN-{status}"}
