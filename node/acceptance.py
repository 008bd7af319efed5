"""Whether an import may be taken, and what its source's as-of is then (docs/data.md, As-of, and Brakes).

Pure rules over numbers and times, each with its own code. They exist because an import is where a whole list can be
lost at once: by an extract cut short, by an old one, by a delta that never came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from federation.documents import ListName
from node.errors import OperatorError
from node.reports import Caution, Counts
from node.store.ports import SourceState
from node.times import parse_ms, rfc3339

# A clock may be this far behind the one that cut the extract; what is further ahead is a wrong time, not a new list.
FUTURE_MS: Final = 60_000
# 2000-01-01T00:00:00Z. No extract is older; a clock that was never set, or a time of 0, is.
EARLIEST_MS: Final = 946_684_800_000
# One line in a thousand rejected, one record in fifty dropped: above, something is wrong with the extract as a whole.
REJECTED_SHARE: Final = 1_000
DROPPED_SHARE: Final = 50

_UNSOUGHT: Final = " References that stand twice are looked for once so few lines are rejected."


class ImportRefused(OperatorError):
    """An import, or a call that changes records, that a rule forbids. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the operator asked for. ``as_of`` and ``since`` are texts as given; ``since`` only with a delta."""

    list_name: ListName
    full: bool
    source: str = "main"
    as_of: str | None = None
    since: str | None = None
    expect: int | None = None
    allow_drop: int = 0
    accept_rejected: bool = False
    dry_run: bool = False

    @property
    def moves_as_of(self) -> bool:
        """Whether the list is as old as this extract once it is taken."""
        return self.full or self.since is not None


def as_of_ms(request: ImportRequest, in_file: str | None, now_ms: int) -> int | None:
    """When the extract was cut; None for a delta that neither names nor needs it.

    Raises ImportRefused AS_OF_MISSING, AS_OF_CONFLICT, AS_OF_FUTURE, AS_OF_TOO_OLD, TIME_FORM.
    """
    given = None if request.as_of is None else _time(request.as_of, "--as-of")
    found = None if in_file is None else _time(in_file, "the as-of in the file")
    if given is not None and found is not None and given != found:
        raise ImportRefused(
            "AS_OF_CONFLICT", f"--as-of says {rfc3339(given)} and the file {rfc3339(found)}: leave --as-of out."
        )
    cut = given if given is not None else found
    if cut is None:
        if request.moves_as_of:
            raise ImportRefused(
                "AS_OF_MISSING", "Nothing says when the extract was cut: give --as-of, or `#as_of=` as the first line."
            )
        return None
    if cut > now_ms + FUTURE_MS:
        raise ImportRefused(
            "AS_OF_FUTURE",
            f"The extract says that it was cut at {rfc3339(cut)}, and here it is {rfc3339(now_ms)}: correct the time"
            " (its zone, too) or the clock.",
        )
    if cut < EARLIEST_MS:
        raise ImportRefused(
            "AS_OF_TOO_OLD",
            f"The extract says that it was cut at {rfc3339(cut)}, before 2000: correct the time, or the clock of the"
            " system that exports.",
        )
    return min(cut, now_ms)


def check_succession(request: ImportRequest, cut_ms: int | None, before: SourceState) -> None:
    """Refuse an extract that does not follow what its source has. A delta that may have been taken before passes:
    `check_told_again` has the last word, once it is known what it would change.

    Raises ImportRefused AS_OF_OLDER, SINCE_MISMATCH, NEVER_FULL, TIME_FORM.
    """
    # Also a delta that builds on nothing: one cut before the list would take back what is told since, a report of a
    # theft among it.
    if cut_ms is None:
        return
    if request.since is not None:
        _check_since(_time(request.since, "--since"), cut_ms, before)
    latest = max((time for time in (before.as_of_ms, before.held_as_of_ms) if time is not None), default=None)
    if latest is not None and cut_ms < latest:
        raise ImportRefused(
            "AS_OF_OLDER",
            f"The extract was cut at {rfc3339(cut_ms)}, and the list has one of {rfc3339(latest)} from this source:"
            " import the newest.",
        )


def check_told_again(request: ImportRequest, before: SourceState, after: SourceState, counts: Counts) -> None:
    """Refuse a delta that was cut when the list was and builds on an earlier as-of, unless the list is what it makes.

    If it was taken and its answer got lost, the same delta again changes no record and no as-of. Then taking it once
    more is safe, whatever it was; if it would change anything, it is another delta, and one in between may be missing.

    Raises ImportRefused SINCE_MISMATCH.
    """
    if request.since is None or before.as_of_ms is None:
        return
    since_ms = _time(request.since, "--since")
    if since_ms != before.as_of_ms and (counts.changed or counts.withdrawn or after != before):
        raise _mismatch(since_ms, before.as_of_ms, before)


def _check_since(since_ms: int, cut_ms: int, before: SourceState) -> None:
    if before.as_of_ms is None:
        raise ImportRefused(
            "NEVER_FULL", "This source was never imported in full, so there is nothing a delta could build on: do that."
        )
    told_again = since_ms < cut_ms == before.as_of_ms and before.held_as_of_ms is None
    if since_ms != before.as_of_ms and not told_again:
        raise _mismatch(since_ms, before.as_of_ms, before)


def _mismatch(since_ms: int, as_of_ms: int, before: SourceState) -> ImportRefused:
    held = (
        f" (it would have that of {rfc3339(before.held_as_of_ms)}, but for rejected lines: correct them first)"
        if before.held_as_of_ms is not None
        else ""
    )
    return ImportRefused(
        "SINCE_MISMATCH",
        f"The delta builds on {rfc3339(since_ms)} and the list's as-of is {rfc3339(as_of_ms)}{held}: a delta is missing"
        " or this one is an older one; import what lies between, or a full extract.",
    )


def check_lines(request: ImportRequest, lines: int, rejected: int, *, sought: bool = True) -> None:
    """Refuse a file whose lines were not what was expected, or too many of which were rejected.

    ``sought``: whether references that stand twice are among the rejected by now; a full extract is sorted for them.

    Raises ImportRefused EXPECT, NO_LINES, REJECTED.
    """
    if request.expect is not None and lines != request.expect:
        raise ImportRefused(
            "EXPECT",
            f"The file has {lines:,} line{'' if lines == 1 else 's'} and --expect says {request.expect:,}: export and send it again.",
        )
    if request.full and lines == 0 and request.expect is None:
        raise ImportRefused(
            "NO_LINES", "The full extract has no lines: if the list is empty indeed, say so with --expect 0."
        )
    if rejected * REJECTED_SHARE > lines:
        raise ImportRefused(
            "REJECTED",
            f"{rejected:,} of {lines:,} {'line is' if lines == 1 else 'lines are'} rejected, more than one in"
            f" {REJECTED_SHARE:,}: correct the extract by the lines reported.{_UNSOUGHT if not sought else ''}",
        )


def check_changes(changes: int, rejected: int) -> None:
    """As `check_lines`, for changes told by hand or by another system. Raises ImportRefused REJECTED."""
    if rejected * REJECTED_SHARE > changes:
        raise ImportRefused(
            "REJECTED",
            "The record is rejected: correct what is reported of it."
            if changes == 1
            else f"{rejected:,} of {changes:,} changes are rejected, more than one in {REJECTED_SHARE:,}: correct those"
            " that are reported.",
        )


def check_drop(request: ImportRequest, dropped: tuple[int, int], before: tuple[int, int]) -> None:
    """Refuse a full extract that would drop too much; both pairs are records and the numbers that they name.

    A record that names other documents under its old reference counts: an export that lost its leading zeros takes every
    document off the list and withdraws no record.

    Raises ImportRefused DROP.
    """
    records, numbers = dropped
    too_much = records * DROPPED_SHARE > before[0] or numbers * DROPPED_SHARE > before[1]
    if too_much and records > request.allow_drop:
        raise ImportRefused(
            "DROP",
            f"The extract lacks {records:,} of this source's {before[0]:,} records, or has other documents under their"
            f" references ({numbers:,} of {before[1]:,} numbers), more than one in {DROPPED_SHARE}: if that is right, repeat with --allow-drop {records}.",
        )


def state_after(
    request: ImportRequest, cut_ms: int | None, rejected: int, before: SourceState, now_ms: int
) -> SourceState:
    """What is known of the source once the import is taken.

    With rejected lines a reported list keeps the as-of it had: a stolen passport may be among them, and a list that
    may lack one must not look complete.
    """
    if not request.moves_as_of:
        return before
    if rejected and not request.accept_rejected and request.list_name is ListName.REPORTED:
        return SourceState(
            as_of_ms=before.as_of_ms,
            held_as_of_ms=cut_ms,
            held_since_ms=before.held_since_ms if before.held_since_ms is not None else now_ms,
            held_rejected=rejected,
        )
    return SourceState(as_of_ms=cut_ms)


def cautions_of(before: SourceState, after: SourceState, others: Sequence[SourceState]) -> tuple[Caution, ...]:
    """What should be known of an import that is taken. ``others``: the list's other sources.

    A source that counts for the first time may take the list's as-of back behind what peers have seen. They are right to
    answer nothing from it then, so it is no reason to refuse: without the source the list has no data at all.
    """
    times = [state.as_of_ms for state in others if state.as_of_ms is not None]
    if before.as_of_ms is not None or after.as_of_ms is None or not times or len(times) < len(others):
        return ()
    if after.as_of_ms >= min(times):
        return ()
    return (
        Caution(
            "AS_OF_GOES_BACK",
            f"With this source the list is as of {rfc3339(after.as_of_ms)}, without it {rfc3339(min(times))}: peers that"
            " have seen the newer time take no answer (DATA_REGRESSION) until the list is newer again, so import a newer"
            " extract of this source.",
        ),
    )


def _time(text: str, what: str) -> int:
    try:
        return parse_ms(text)
    except ValueError as error:
        raise ImportRefused("TIME_FORM", f"{what[:1].upper()}{what[1:]} cannot be read: {error}.") from None
