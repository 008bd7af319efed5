"""What the lines of a delta, or a few changes told by hand, make of the records they name.

Lines are taken in order, each on what the ones before it left. Telling the same again is no change and no error, so a
delta or a call whose answer got lost may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from node.extracts.errors import RejectedLine
from node.extracts.lines import Action
from node.extracts.staging import Tally
from node.reports import Counts
from node.store.ports import KeyedLine, StoredRecord, Withdrawn


class Book(Protocol):
    """The records of one source, as the delta finds and leaves them."""

    def record(self, reference: str) -> StoredRecord | Withdrawn | None:
        """The record as it stands after the lines so far; None if it was never told."""

    def write(self, reference: str, state: StoredRecord | Withdrawn, line: KeyedLine) -> None:
        """Let it stand so."""


@dataclass(slots=True)
class Application:
    """One delta on its way into a book.

    ``noted_ms``: when its lines are known from, 0 if they come from an extract that moves the as-of. ``cut_ms``: when
    it was cut, None if it does not say; what was noted later goes before it. ``moved`` counts the numbers that come or go.
    """

    book: Book
    noted_ms: int
    cut_ms: int | None
    moved: int = 0
    #: What to do about an `add` of what is there and says something else, in the words of who told it.
    as_change: str = "use the action change"
    _counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("changed", "unchanged", "withdrawn", "kept"), 0)
    )

    @property
    def counts(self) -> Counts:
        """What became of the lines."""
        return Counts(**self._counts)

    def apply(self, lines: Iterable[tuple[int, KeyedLine]], tally: Tally) -> None:
        """Take each line, or count it as rejected."""
        for number, line in lines:
            try:
                self._counts[self._take(line)] += 1
            except RejectedLine as cause:
                tally.reject(number, cause)

    def _take(self, line: KeyedLine) -> str:
        before = self.book.record(line.reference)
        if before is not None and self.cut_ms is not None and before.noted_ms > self.cut_ms:
            self._counts["kept"] += 1
            return "unchanged"
        if line.action == Action.WITHDRAW:
            return self._withdraw(line, before)
        return self._stand(line, before)

    def _withdraw(self, line: KeyedLine, before: StoredRecord | Withdrawn | None) -> str:
        if before is None:
            raise _unknown()
        if isinstance(before, Withdrawn):
            self._note_again(line, before)
            return "unchanged"
        if line.key is not None and line.key != before.key:
            raise RejectedLine(
                "REFERENCE_MISMATCH",
                "reference",
                "The record of this reference is about another document than the one named: correct one of the two.",
            )
        self._write(line, Withdrawn(line.reason, self.noted_ms), before)
        return "withdrawn"

    def _stand(self, line: KeyedLine, before: StoredRecord | Withdrawn | None) -> str:
        assert line.key is not None
        state = StoredRecord(line.key, line.tag, line.numbers, line.status, line.reported_on, self.noted_ms)
        if isinstance(before, StoredRecord):
            if replace(before, noted_ms=self.noted_ms) == state:
                self._note_again(line, before)
                return "unchanged"
            if line.action == Action.ADD:
                raise RejectedLine(
                    "REFERENCE_TAKEN",
                    "reference",
                    f"A record of this reference says something else: {self.as_change}, or another reference.",
                )
        elif line.action == Action.CHANGE:
            raise _unknown()
        self._write(line, state, before)
        return "changed"

    def _note_again(self, line: KeyedLine, before: StoredRecord | Withdrawn) -> None:
        """Keep that this was still so at a later time, or an extract cut in between would undo it."""
        if self.noted_ms > before.noted_ms:
            self._write(line, replace(before, noted_ms=self.noted_ms), before)

    def _write(self, line: KeyedLine, state: StoredRecord | Withdrawn, before: StoredRecord | Withdrawn | None) -> None:
        self.moved += sum(each.numbers for each in (before, state) if isinstance(each, StoredRecord))
        self.book.write(line.reference, state, line)


def _unknown() -> RejectedLine:
    return RejectedLine(
        "REFERENCE_UNKNOWN",
        "reference",
        "No record of this source has the reference: correct it, or import what told it first.",
    )
