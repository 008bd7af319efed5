"""Reading staged lines back, working a delta into a copy of the list, and comparing a new generation with the old."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from node.store.connect import immutable_uri, one, open_building, open_immutable, our_errors, rows
from node.store.layout import RECORDS_FILE
from node.store.ports import KeyedLine, StoredRecord, Withdrawn
from node.store.sqlite_build import attach_lines
from node.store.sqlite_snapshot import Snapshot

_SAME = "n.key = b.key AND n.tag = b.tag AND n.status = b.status AND n.reported_on = b.reported_on"
# Gone, or with the same reference about something else: a lookup of what it named may find nothing now.
_LOST = "(n.reference IS NULL OR n.key <> b.key OR b.numbers > 1 AND (n.tag <> b.tag OR n.numbers <> b.numbers))"
# `old` is the generation before, `before` what was changed on it since; together they are what the source had.
_AGAINST = f"""
    SELECT count(*), coalesce(sum(b.numbers), 0), coalesce(sum({_LOST}), 0),
    coalesce(sum(b.numbers) FILTER (WHERE {_LOST}), 0), coalesce(sum(n.reference IS NULL), 0),
    coalesce(sum({_SAME}), 0)"""
_AGAINST_OLD = f"""{_AGAINST}
    FROM old.records AS b LEFT JOIN records AS n ON n.source = ?1 AND n.reference = b.reference
    WHERE b.source = ?1 AND NOT EXISTS (SELECT 1 FROM before AS c WHERE c.reference = b.reference)"""  # noqa: S608
_AGAINST_CHANGED = f"""{_AGAINST}
    FROM before AS b LEFT JOIN records AS n ON n.source = ?1 AND n.reference = b.reference WHERE NOT b.withdrawn"""
# Lines whose record stands as it was noted after the extract was cut, and such records that no line names.
_KEPT = """
    SELECT count(*), coalesce(sum(NOT withdrawn), 0) FROM overrides AS o WHERE source = ?1
    AND EXISTS (SELECT 1 FROM named WHERE named.reference = o.reference)"""
_STANDING = "SELECT count(*) FROM overrides WHERE source = ?1 AND NOT withdrawn"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A full import against what its source had: records and numbers before and dropped; records withdrawn; lines that
    change nothing, and those of them whose record is kept as it was noted after the extract was cut.

    Dropped are the withdrawn ones and those that name other documents than before: what was on the list may be so no more.
    """

    before: tuple[int, int]
    dropped: tuple[int, int]
    withdrawn: int
    unchanged: int
    kept: int


def compare(generation: Path, source: str, snapshot: Snapshot, lines: Sequence[Path]) -> Comparison:
    """Compare the generation built in ``generation`` with what it is to replace. Raises StoreError."""
    old, overrides = snapshot.records, snapshot.overrides
    with our_errors(generation):
        connection = open_immutable(generation / RECORDS_FILE)
        connection.execute("ATTACH ? AS changed", (immutable_uri(overrides),))
        if old is not None:
            connection.execute("ATTACH ? AS old", (immutable_uri(old),))
        found = _against_old(connection, source, has_old=old is not None)
        kept, kept_standing, standing = _kept(connection, source, lines)
        connection.close()
    records, numbers, dropped, dropped_numbers, withdrawn, same = found
    # Of the records that equal what was, those that no line names were not told by this file.
    unchanged = same - (standing - kept_standing) + (kept - kept_standing)
    return Comparison((records, numbers), (dropped, dropped_numbers), withdrawn, unchanged, kept)


def _against_old(connection: apsw.Connection, source: str, *, has_old: bool) -> tuple[int, ...]:
    found = one(connection, _AGAINST_CHANGED, source)
    if has_old:
        # In one pass over both, each in the order of its references.
        found = tuple(a + b for a, b in zip(found, one(connection, _AGAINST_OLD, source), strict=True))
    return found


def _kept(connection: apsw.Connection, source: str, lines: Sequence[Path]) -> tuple[int, int, int]:
    (overrides,) = one(connection, "SELECT count(*) FROM overrides WHERE source = ?", source)
    if not overrides:
        return 0, 0, 0
    attach_lines(connection, lines)
    connection.execute(
        "CREATE TEMP TABLE named AS SELECT DISTINCT reference FROM lines WHERE reference IN"
        " (SELECT reference FROM overrides WHERE source = ?)",
        (source,),
    )
    kept, kept_standing = one(connection, _KEPT, source)
    (standing,) = one(connection, _STANDING, source)
    return kept, kept_standing, standing


class StagedLines:
    """The lines of staging files, in the order of the file they came from."""

    def __init__(self, staged: Sequence[Path]) -> None:
        """Raises StoreError when they cannot be read."""
        with our_errors(staged[0]):
            self._connection = apsw.Connection("file::memory:", flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI)
            attach_lines(self._connection, staged)
        self._path = staged[0]

    def __iter__(self) -> Iterator[tuple[int, KeyedLine]]:
        statement = (
            "SELECT line, action, reference, key, tag, numbers, status, reported_on, reason FROM lines ORDER BY line"
        )
        with our_errors(self._path):
            for number, *values in rows(self._connection, statement):
                line = KeyedLine(*values)
                yield number, line if line.numbers <= 1 else line._replace(keys=self._keys_of(number))

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def _keys_of(self, line: int) -> tuple[bytes, ...]:
        return tuple(key for (key,) in rows(self._connection, "SELECT key FROM line_keys WHERE line = ?", line))


class OverridesBook:
    """The records of one source as a snapshot shows them; what a delta writes becomes part of the snapshot's file, from
    which the next generation can be built. Holds nothing in memory.
    """

    def __init__(self, overrides: Path, source: str, old: Path | None) -> None:
        """Raises StoreError."""
        self._path = overrides
        self._source = source
        with our_errors(overrides):
            self._file = open_building(overrides)
            self._old = open_immutable(old) if old is not None else None
            self._file.execute("BEGIN")

    def record(self, reference: str) -> StoredRecord | Withdrawn | None:
        """See `node.deltas.Book`."""
        name = (self._source, reference)
        with our_errors(self._path):
            found = list(
                rows(
                    self._file,
                    "SELECT withdrawn, reason, key, tag, numbers, status, reported_on, noted_ms FROM overrides"
                    " WHERE source = ? AND reference = ?",
                    *name,
                )
            )
            if found:
                withdrawn, reason, *values = found[0]
                return Withdrawn(reason, values[-1]) if withdrawn else StoredRecord(*values)
            if self._old is None:
                return None
            statement = "SELECT key, tag, numbers, status, reported_on, noted_ms FROM records WHERE source = ? AND reference = ?"
            known = list(rows(self._old, statement, *name))
        return StoredRecord(*known[0]) if known else None

    def write(self, reference: str, state: StoredRecord | Withdrawn, line: KeyedLine) -> None:
        """See `node.deltas.Book`."""
        name = (self._source, reference)
        values: tuple[Any, ...]
        if isinstance(state, Withdrawn):
            values = (True, None, None, 0, "", "", state.reason, state.noted_ms)
        else:
            values = (False, state.key, state.tag, state.numbers, state.status, state.reported_on, "", state.noted_ms)
        with our_errors(self._path):
            self._file.execute("DELETE FROM override_keys WHERE source = ? AND reference = ?", name)
            self._file.execute("INSERT OR REPLACE INTO overrides VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", name + values)
            if isinstance(state, StoredRecord):
                self._file.executemany(
                    "INSERT INTO override_keys VALUES (?, ?, ?)", ((*name, key) for key in line.keys)
                )

    def close(self) -> None:
        """Finish the file."""
        with our_errors(self._path):
            self._file.execute("COMMIT")
            self._file.close()
            if self._old is not None:
                self._old.close()


def withdrawals(overrides: Path, source: str) -> Iterator[tuple[str, Withdrawn]]:
    """The withdrawals in a snapshot's file that are ``source``'s, by reference."""
    connection = open_immutable(overrides)
    statement = "SELECT reference, reason, noted_ms FROM overrides WHERE source = ? AND withdrawn"
    with our_errors(overrides):
        for reference, reason, noted_ms in rows(connection, statement, source):
            yield reference, Withdrawn(reason, noted_ms)
    connection.close()
