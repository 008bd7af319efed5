"""What became of an import or of single records, as commands print it (docs/data.md, The report).

No report holds a document number: lines are named by their place, records by their reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from node.extracts.staging import Tally
from node.times import rfc3339

EXIT_TAKEN = 0
EXIT_REFUSED = 2
EXIT_SOME_REJECTED = 3

# Dates that keep every rule and cannot be meant. Such a line is taken: its document is on the list all the same.
_DOUBTS: Final = {
    "REPORTED_ON_FUTURE": "A day of report lies in the future: correct reported_on",
    "BIRTH_FUTURE": "A date of birth lies in the future: correct date_of_birth, or the holder is a mismatch",
    "BIRTH_AFTER_EXPIRY": "A date of birth lies after the date of expiry: correct them, or the holder is a mismatch",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How the lines that were taken change a list.

    ``changed``: records added or altered. ``unchanged``: told again as they stand, ``kept`` of them because something
    noted after the extract was cut goes before it. ``withdrawn``: records that are on the list no more.
    """

    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    kept: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.withdrawn + other.withdrawn,
            self.kept + other.kept,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was changed: a stable code, and a sentence with cause and remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Caution:
    """What an import that is taken brings with it, and the operator should know: a stable code, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ages:
    """The as-of of a list (None: it answers nothing), the one its source would have if lines were not rejected, and
    what follows from them.
    """

    data_as_of_ms: int | None = None
    held_as_of_ms: int | None = None
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, as the JSON document that commands print, and the epoch from which workers serve it.

    ``epoch`` is None when nothing was changed.
    """

    document: dict[str, Any]
    epoch: int | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing was changed because a rule forbids it."""
        return self.document["refused"] is not None

    @property
    def exit_code(self) -> int:
        """2 when it was refused, 3 when lines were rejected, else 0."""
        if self.refused:
            return EXIT_REFUSED
        return EXIT_SOME_REJECTED if self.document["rejected"] else EXIT_TAKEN

    @property
    def json(self) -> str:
        """The document as text."""
        return json.dumps(self.document, ensure_ascii=False)


def document_of(tally: Tally, counts: Counts, ages: Ages, refusal: Refusal | None = None) -> dict[str, Any]:
    """The report; its keys are stable and documented."""
    if refusal is not None:
        counts = Counts()
    cautions = () if refusal is not None else (*ages.cautions, *_doubts(tally))
    return {
        "accepted": 0 if refusal is not None else tally.lines - tally.rejected,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "kept": counts.kept,
        "withdrawn": counts.withdrawn,
        "rejected": tally.rejected,
        "lines": tally.lines,
        "data_as_of": _time(ages.data_as_of_ms),
        "held_as_of": _time(ages.held_as_of_ms),
        "rejected_lines": [asdict(each) for each in tally.rejections],
        "rejected_lines_left_out": tally.rejected - len(tally.rejections),
        "references": [{"line": line, "reference": reference} for line, reference in tally.references.items()],
        "references_left_out": tally.derived - len(tally.references),
        "warnings": [asdict(each) for each in cautions],
        "refused": None if refusal is None else asdict(refusal),
        "served": False,
        "dry_run": False,
    }


def _doubts(tally: Tally) -> Iterator[Caution]:
    for code, lines in sorted(tally.doubtful.items()):
        # Of a single record there is but one line, and whoever told it by hand knows of none.
        more = f" and {tally.doubted[code] - len(lines):,} more" if tally.doubted[code] > len(lines) else ""
        where = f" (lines: {', '.join(map(str, lines))}{more})" if tally.lines > 1 else ""
        yield Caution(code, f"{_DOUBTS[code]}{where}.")


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
