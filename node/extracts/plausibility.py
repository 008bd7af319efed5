"""Dates that keep every rule and cannot be meant: a report of tomorrow, a holder born after the passport ended.

Such a line is taken, for the document is on the list or off it all the same, and the report warns: more often than not
day and year have changed places in the export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import gt
from typing import Final

from federation.documents import ListName
from node.extracts.forms import FIELDS
from node.times import rfc3339

#: Codes of the report's warnings, and what they say.
DOUBTS: Final = {
    "REPORTED_ON_FUTURE": "A day of report lies in the future: correct reported_on.",
    "BIRTH_FUTURE": "A date of birth lies in the future: correct date_of_birth, or the holder is a mismatch.",
    "BIRTH_AFTER_EXPIRY": "A date of birth lies after the date of expiry: correct them, or the holder is a mismatch.",
}
_PLACES: Final = {name: place for fields in FIELDS.values() for place, name in enumerate(fields)}
_AHEAD_MS: Final = 14 * 3_600_000
_NEVER: Final = "9999-12-31"


def latest_day(now_ms: int) -> str:
    """The last day that is not in the future anywhere: local time runs up to fourteen hours ahead of UTC."""
    return rfc3339(now_ms + _AHEAD_MS)[:10]


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What to doubt in lines of a list that break no rule; days are texts such as ``2026-11-22``, and compare so."""

    list_name: ListName
    latest: str = _NEVER

    def doubt(self, values: Sequence[str]) -> str | None:
        """A code of `DOUBTS` about a line, its values in the order of `node.extracts.forms.FIELDS`, or None."""
        if self.list_name is ListName.REPORTED:
            return "REPORTED_ON_FUTURE" if values[_PLACES["reported_on"]].strip() > self.latest else None
        birth, expiry = values[_PLACES["date_of_birth"]].strip(), values[_PLACES["date_of_expiry"]].strip()
        if birth > self.latest:
            return "BIRTH_FUTURE"
        return "BIRTH_AFTER_EXPIRY" if birth > (expiry or _NEVER) else None

    def is_plain(self, columns: Mapping[str, Sequence[str]]) -> bool:
        """Whether there is nothing to doubt in whole columns."""
        if self.list_name is ListName.REPORTED:
            return max(map(str.strip, columns.get("reported_on", ("",)))) <= self.latest
        births = list(map(str.strip, columns["date_of_birth"]))
        expiries = [expiry.strip() or _NEVER for expiry in columns["date_of_expiry"]]
        return max(births) <= self.latest and not any(map(gt, births, expiries))
