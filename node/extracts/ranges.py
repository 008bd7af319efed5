"""Ranges of numbers: how a consignment of stolen blank books is told in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.extracts.errors import RejectedLine

RANGE_MAX: Final = 1_000_000
_RUNS = re.compile("([0-9]+)")


@dataclass(frozen=True, slots=True, repr=False)
class NumberRange:
    """All numbers ``before`` + digits + ``after`` with the digits from ``first`` to ``last``, ``width`` wide."""

    before: str
    after: str
    width: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __getitem__(self, place: int) -> str:
        value = range(self.first, self.last + 1)[place]
        return f"{self.before}{value:0{self.width}}{self.after}"

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))

    def is_named_in(self, text: str) -> bool:
        """Whether a text of A-Z and 0-9 contains any of these numbers."""
        digits = f"(?=({re.escape(self.before)}([0-9]{{{self.width}}}){re.escape(self.after)}))"
        return any(self.first <= int(match[2]) <= self.last for match in re.finditer(digits, text))


def number_range(number: str, number_to: str) -> NumberRange:
    """The range between two normalised numbers that differ in exactly one run of digits of equal width.

    Raises RejectedLine RANGE_FORM, RANGE_ORDER or RANGE_TOO_LARGE, field ``number_to``.
    """
    runs, runs_to = _RUNS.split(number), _RUNS.split(number_to)
    places = [place for place, (run, run_to) in enumerate(zip(runs, runs_to, strict=False)) if run != run_to]
    # Digits stand at the odd places of a split by runs of digits.
    if len(runs) != len(runs_to) or len(places) != 1 or places[0] % 2 == 0:
        raise _form()
    (place,) = places
    if len(runs[place]) != len(runs_to[place]):
        raise _form()
    found = NumberRange(
        before="".join(runs[:place]),
        after="".join(runs[place + 1 :]),
        width=len(runs[place]),
        first=int(runs[place]),
        last=int(runs_to[place]),
    )
    if found.first > found.last:
        raise RejectedLine("RANGE_ORDER", "number_to", "The range ends before it begins: exchange the two numbers.")
    # Not len(): that of a range of 24 digits is no machine number.
    if found.last - found.first >= RANGE_MAX:
        raise RejectedLine(
            "RANGE_TOO_LARGE", "number_to", f"The range names more than {RANGE_MAX:,} numbers: split it into lines."
        )
    return found


def _form() -> RejectedLine:
    return RejectedLine(
        "RANGE_FORM",
        "number_to",
        "The two ends of the range do not differ in exactly one run of digits of the same width: write both in full,"
        " with leading zeros.",
    )
