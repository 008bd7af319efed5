"""Single records: told, changed, withdrawn and found by hand or by another system of the economy.

For one theft reported at 03:00. A change here goes before any extract that was cut earlier, and the next one cut later
replaces it, whether it has heard of the theft or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from federation.documents import ListName
from federation.errors import InvalidDocument
from node.acceptance import ImportRefused, check_changes
from node.books import WriterBook
from node.deltas import Application
from node.extracts.errors import RejectedLine
from node.extracts.forms import FIELDS
from node.extracts.lines import LineReader, Plausibility, latest_day
from node.extracts.staging import Tally
from node.reports import Ages, Counts, Outcome, Refusal, document_of
from node.staged import Register
from node.store.errors import StoreLimit
from node.store.ports import KeyedLine, Writer
from node.store.sqlite_moves import OVERLAY_MAX
from node.times import to_ms

__all__ = ["RecordChange", "put"]

# What one call may bring; more is an import.
CHANGES_MAX = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class RecordChange:
    """One change as a caller gave it: names and texts of the import, list and source apart. Not shown: it has a number."""

    list_name: str
    action: str
    source: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class _Group:
    """The changes of one call to one source of one list."""

    list_name: ListName
    source: str
    lines: list[tuple[int, KeyedLine]]


def put(register: Register, writer: Writer, changes: Sequence[RecordChange], now: datetime) -> Outcome:
    """Add, change or withdraw records; the same call again changes nothing.

    The report names a change by its place in ``changes``, from 1. As with a delta, more than one rejected in a thousand
    refuses the call as a whole. When it returns, the changes are durable; readers show them from ``outcome.epoch`` on.
    Raises StoreError when the store or the disk fails.
    """
    tally = Tally()
    try:
        groups = _read(register, changes, tally, latest_day(to_ms(now)))
        return _apply(register, writer, groups, tally, to_ms(now))
    except (ImportRefused, StoreLimit) as error:
        refusal = Refusal(error.code, error.message)
        return Outcome(document_of(tally, Counts(), Ages(), refusal))


def _read(register: Register, changes: Sequence[RecordChange], tally: Tally, day: str) -> list[_Group]:
    if len(changes) > CHANGES_MAX:
        raise ImportRefused("TOO_MANY_CHANGES", f"A call takes {CHANGES_MAX:,} changes: use `rmas import --delta`.")
    groups: dict[tuple[ListName, str], _Group] = {}
    numbers = 0
    for number, change in enumerate(changes, 1):
        tally.lines += 1
        try:
            list_name, line = _line(register, change)
        except (RejectedLine, InvalidDocument) as cause:
            tally.reject(number, cause)
            continue
        values = [change.fields.get(name, "") for name in FIELDS[list_name]]
        tally.doubt(number, Plausibility(list_name, day).doubt(values))
        numbers += line.numbers
        if numbers > OVERLAY_MAX:
            raise ImportRefused("TOO_MANY_CHANGES", "The ranges name too many numbers: use `rmas import --delta`.")
        group = groups.setdefault((list_name, change.source), _Group(list_name, change.source, []))
        group.lines.append((number, line))
        if line.derived:
            tally.derived += 1
            tally.references[number] = line.reference
    return list(groups.values())


def _line(register: Register, change: RecordChange) -> tuple[ListName, KeyedLine]:
    try:
        list_name = ListName(change.list_name)
    except ValueError:
        raise RejectedLine("LIST", "list", f"The list is none of {', '.join(ListName)}.") from None
    try:
        register.check_source(list_name, change.source)
    except ImportRefused as error:
        raise RejectedLine(error.code, "source", error.message) from None
    unknown = [name for name in change.fields if name not in FIELDS[list_name]]
    if unknown:
        raise RejectedLine("UNKNOWN_FIELD", unknown[0], f"The {list_name} list has no field of that name.")
    reader = LineReader(list_name, register.keys, register.routes, register.economy, delta=True)
    values = {**change.fields, "action": change.action}
    return list_name, reader.read([values.get(name, "") for name in FIELDS[list_name]])


def _apply(register: Register, writer: Writer, groups: Sequence[_Group], tally: Tally, now_ms: int) -> Outcome:
    """Work out all groups and write them in one step: of a call that is refused, no change is left behind."""
    books = []
    totals = Counts()
    for group in groups:
        book = WriterBook(writer, group.list_name, group.source)
        application = Application(book, now_ms, None, as_change="tell it as a change (--change)")
        application.apply(group.lines, tally)
        totals = totals.plus(application.counts)
        books.append(book)
    check_changes(tally.lines, tally.rejected)
    epoch = writer.put([book.puts for book in books]) if books else None
    ages = Ages()
    if len(groups) == 1:
        (group,) = groups
        ages = register.ages(group.list_name, writer.state(group.list_name).sources, group.source)
    return Outcome(document_of(tally, totals, ages), epoch)
