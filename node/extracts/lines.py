"""One line of an extract: its rules in the order in which they are checked, and what is left of it to be stored.

A line that breaks a rule is rejected with a code; docs/data.md lists them with their remedies. Neither a rejection nor
what is kept says which document the line was about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from federation.documents import (
    ListName,
    TravelDocument,
    birth_characters,
    expiry_characters,
    normalise_number,
    travel_document,
)
from federation.errors import InvalidDocument
from federation.routes import RouteTable
from node.extracts.errors import RejectedLine
from node.extracts.ranges import NumberRange, number_range
from node.store.keys import NO_DATES, StoreKeys
from node.store.ports import KeyedLine
from node.times import rfc3339

REFERENCE_MAX: Final = 64
NEVER: Final = "9999-12-31"
# A shorter number stands in too many references by chance.
REVEALING: Final = 5
_REFERENCE = re.compile(r"[!-~](?:[ -~]*[!-~])?").fullmatch
_NOT_IN_NUMBERS = re.compile(r"[^A-Z0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch


class Status(StrEnum):
    """Why a document is on the reported list. Stays at home."""

    LOST = "lost"
    STOLEN = "stolen"
    STOLEN_BLANK = "stolen_blank"
    REVOKED = "revoked"
    INVALID = "invalid"


class Action(StrEnum):
    """What a line of a delta does; every line of a full extract adds."""

    ADD = "add"
    CHANGE = "change"
    WITHDRAW = "withdraw"


class Reason(StrEnum):
    """Why a record is withdrawn. Stays at home."""

    ENTERED_IN_ERROR = "entered_in_error"
    RECOVERED = "recovered"
    RESTORED = "restored"
    RETENTION = "retention"


_STATUSES: Final = frozenset(status.value for status in Status)
_REASONS: Final = frozenset(reason.value for reason in Reason)


class RangeKeys(Collection[bytes]):
    """The stored keys of a range, made when they are asked for: a million of them need not be in memory at once."""

    __slots__ = ("_document", "_keys", "_numbers")

    def __init__(self, keys: StoreKeys, document: TravelDocument, numbers: NumberRange) -> None:
        self._keys = keys
        self._document = document
        self._numbers = numbers

    def __iter__(self) -> Iterator[bytes]:
        state, document_class, key_of = self._document.issuing_state, self._document.document_class, self._keys.key_of
        return (key_of(state, document_class, number) for number in self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, key: object) -> bool:
        return any(key == each for each in self)


def latest_day(now_ms: int) -> str:
    """The last day that is not in the future anywhere: local time runs up to fourteen hours ahead of UTC."""
    return rfc3339(now_ms + 14 * 3_600_000)[:10]


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What to doubt in a line that breaks no rule: it is taken, and the report warns. Days compare as the texts they are."""

    list_name: ListName
    latest: str = NEVER

    def doubt(self, values: Sequence[str]) -> str | None:
        """The code of a warning (`node.reports`), or None; ``values`` as in `LineReader.read`."""
        if self.list_name is ListName.REPORTED:
            return "REPORTED_ON_FUTURE" if values[7].strip() > self.latest else None
        birth, expiry = values[5].strip(), values[6].strip()
        if birth > self.latest:
            return "BIRTH_FUTURE"
        return "BIRTH_AFTER_EXPIRY" if birth > (expiry or NEVER) else None


class LineReader:
    """Reads the values of lines of one list for one economy."""

    __slots__ = ("_delta", "_economy", "_keys", "_reported", "_routes")

    def __init__(self, list_name: ListName, keys: StoreKeys, routes: RouteTable, economy: str, *, delta: bool) -> None:
        self._keys = keys
        self._routes = routes
        self._economy = economy
        self._reported = list_name is ListName.REPORTED
        self._delta = delta

    def read(self, values: Sequence[str]) -> KeyedLine:
        """Check one line, its values in the order of `node.extracts.forms.FIELDS`.

        Raises RejectedLine, or InvalidDocument for what is wrong with the document itself.
        """
        action = _action(values[0]) if self._delta else Action.ADD
        reference = _reference(values[1])
        if action is Action.WITHDRAW:
            return self._withdrawal(reference, values)
        if values[-1] and not values[-1].isspace():
            raise RejectedLine("REASON", "reason", "Only a withdrawal has a reason: leave it empty.")
        if action is Action.CHANGE and not reference:
            raise RejectedLine("REFERENCE_MISSING", "reference", "A change names the reference of what it changes.")
        return self._reported_line(action, reference, values) if self._reported else self._issued_line(
            action, reference, values
        )  # fmt: skip

    def _reported_line(self, action: Action, reference: str, values: Sequence[str]) -> KeyedLine:
        document = self._ours(values[2:5])
        status = read_status(values[6])
        reported_on = read_day(values[7])
        number_to = values[5].strip()
        if number_to:
            numbers = number_range(document.document_number, _number_to(number_to))
            if len(numbers) > 1:
                return self._range_line(action, reference, document, numbers, (status, reported_on))
        derived = not reference
        if derived:
            reference = self._derived(document, "", status, reported_on)
        else:
            _check_silent(reference, document.document_number)
        key = self._keys.key(document)
        return KeyedLine(action.value, reference, key, NO_DATES, 1, status, reported_on, "", (), derived)

    def _issued_line(self, action: Action, reference: str, values: Sequence[str]) -> KeyedLine:
        document = self._ours(values[2:5])
        birth = birth_characters(values[5].strip())
        expiry = expiry_characters(values[6].strip())
        derived = not reference
        if derived:
            # The dates as given: two centuries share their six characters.
            reference = self._derived(document, values[5].strip(), values[6].strip())
        else:
            _check_silent(reference, document.document_number)
        key = self._keys.key(document)
        tag = self._keys.tag(key, birth, expiry)
        return KeyedLine(action.value, reference, key, tag, 1, "", "", "", (), derived)

    def _range_line(
        self,
        action: Action,
        reference: str,
        document: TravelDocument,
        numbers: NumberRange,
        facts: tuple[str, str],
    ) -> KeyedLine:
        derived = not reference
        if not derived and numbers.is_named_in(_in_numbers(reference)):
            raise _revealing()
        state, document_class = document.issuing_state, document.document_class
        for number in numbers:
            self._check_ours(TravelDocument(state, document_class, number))
        last = TravelDocument(state, document_class, numbers[-1])
        if derived:
            reference = self._derived(document, last.document_number, *facts)
        first_key = self._keys.key(document)
        tag = self._keys.range_tag(first_key, self._keys.key(last), len(numbers))
        keys = RangeKeys(self._keys, document, numbers)
        return KeyedLine(action.value, reference, first_key, tag, len(numbers), *facts, "", keys, derived)

    def _withdrawal(self, reference: str, values: Sequence[str]) -> KeyedLine:
        if not reference:
            raise RejectedLine("REFERENCE_MISSING", "reference", "A withdrawal names the reference it withdraws.")
        reason = values[-1].strip().lower()
        if reason and reason not in _REASONS:
            raise RejectedLine("REASON", "reason", f"The reason is none of {', '.join(Reason)}.")
        # The document may be named as well; then it must be the record's.
        key = self._keys.key(self._ours(values[2:5])) if any(value.strip() for value in values[2:5]) else None
        return KeyedLine(Action.WITHDRAW.value, reference, key, NO_DATES, 0, "", "", reason)

    def _ours(self, values: Sequence[str]) -> TravelDocument:
        document = travel_document(*values)
        self._check_ours(document)
        return document

    def _check_ours(self, document: TravelDocument) -> None:
        if self._routes.resolve(document) != self._economy:
            raise RejectedLine(
                "NOT_OURS",
                "issuing_state",
                f"Its machine readable zone carries {document.issuing_state}, class {document.document_class}, and no"
                f" route gives that number to {self._economy}: only the economy's own documents belong in its lists.",
            )

    def _derived(self, document: TravelDocument, *rest: str) -> str:
        named = (document.issuing_state, document.document_class, document.document_number)
        return self._keys.reference(("reported" if self._reported else "issued", *named, *rest))


def _number_to(text: str) -> str:
    try:
        return normalise_number(text)
    except InvalidDocument as error:
        # One rule for both ends; the line says which end it is about.
        raise RejectedLine(error.code, "number_to", error.message) from None


def _action(text: str) -> Action:
    try:
        return Action(text.strip().lower())
    except ValueError:
        raise RejectedLine("ACTION", "action", f"The action is none of {', '.join(Action)}.") from None


def _reference(text: str) -> str:
    reference = text.strip(" ")
    if reference and (len(reference) > REFERENCE_MAX or not _REFERENCE(reference)):
        raise RejectedLine(
            "REFERENCE_FORM",
            "reference",
            f"The reference has more than {REFERENCE_MAX} characters or one that is not printable ASCII.",
        )
    return reference


def _check_silent(reference: str, number: str) -> None:
    """Refuse a reference that tells the number, which stands nowhere else in the store."""
    if len(number) >= REVEALING and number in _in_numbers(reference):
        raise _revealing()


def _in_numbers(reference: str) -> str:
    return _NOT_IN_NUMBERS.sub("", reference.upper())


def _revealing() -> RejectedLine:
    return RejectedLine(
        "REFERENCE_NUMBER",
        "reference",
        "The reference contains the document number, which must stand nowhere in clear: use the national system's own"
        " record number, or leave it empty.",
    )


@lru_cache(maxsize=256)
def read_status(text: str) -> str:
    """A status of the reported list. Raises RejectedLine STATUS."""
    status = text.strip().lower()
    if status not in _STATUSES:
        raise RejectedLine("STATUS", "status", f"The status is none of {', '.join(Status)}.")
    return status


@lru_cache(maxsize=65536)
def read_day(text: str) -> str:
    """The day of a report, or nothing. Raises RejectedLine DATE_FORM."""
    day = text.strip()
    if day:
        try:
            # fromisoformat alone would take 20260102 and week dates as well.
            date.fromisoformat(day if _DAY(day) else "")
        except ValueError:
            raise RejectedLine(
                "DATE_FORM", "reported_on", "The day of the report is no day written as 2026-01-02, and not empty."
            ) from None
    return day
