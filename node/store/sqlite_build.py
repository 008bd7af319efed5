"""Building the next generation of a list beside the live one.

All the work is in SQLite's sorter, which spills to disk and holds nothing but its cache in memory. Rows are written in
the order of their key, for only then does a file of millions of rows grow at its end. The two files are made at the same
time, from the same parts: SQLite lets go of the GIL. Nothing here is seen by a lookup until the writer switches to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import apsw

from node.store.connect import immutable_uri, one, one_step, open_building, our_errors, rows
from node.store.layout import KEYS_FILE, RECORDS_FILE, sync_tree
from node.store.schema import ENTRIES, LINES, RANGE_KEYS, RECORDS

# Records of the generation before that stay: those of the sources before and after the imported one, or all.
_OLD_RECORDS = """
    INSERT INTO records SELECT source, reference, key, tag, numbers, status, reported_on, noted_ms FROM old.records AS r
    WHERE source > ?1 AND source < ?2
    AND NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = r.source AND o.reference = r.reference)"""
_OLD_KEYS = """
    INSERT INTO range_keys SELECT source, reference, key FROM old.range_keys AS r
    WHERE source > ?1 AND source < ?2
    AND NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = r.source AND o.reference = r.reference)"""
# The first line with a reference stands; later ones are left out here and reported by `_duplicates`.
_LINE_RECORDS = """
    INSERT OR IGNORE INTO records SELECT ?1, reference, key, tag, numbers, status, reported_on, 0 FROM lines AS r
    WHERE NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = ?1 AND o.reference = r.reference)
    ORDER BY reference, line"""
_LINE_KEYS = """
    INSERT OR IGNORE INTO range_keys SELECT ?1, r.reference, k.key FROM line_keys AS k JOIN lines AS r ON r.line = k.line
    JOIN records AS n ON n.source = ?1 AND n.reference = r.reference AND n.tag = r.tag
    WHERE NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = ?1 AND o.reference = r.reference)
    ORDER BY r.reference, k.key"""
_OVERRIDES = """
    INSERT INTO records SELECT source, reference, key, tag, numbers, status, reported_on, noted_ms FROM overrides
    WHERE NOT withdrawn"""
_OVERRIDE_KEYS = "INSERT INTO range_keys SELECT source, reference, key FROM override_keys"
# The same parts once more, by key. A line with a reference that is taken already still counts here; `build_generation` knows.
_ENTRIES = """
    INSERT INTO entries SELECT key, tag, count(*) FROM (
        SELECT key, tag FROM lines AS r WHERE numbers = 1
        AND NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = ?1 AND o.reference = r.reference)
    UNION ALL
        SELECT k.key, 0 FROM line_keys AS k JOIN lines AS r ON r.line = k.line
        WHERE NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = ?1 AND o.reference = r.reference)
    UNION ALL
        SELECT key, tag FROM old.records AS r WHERE numbers = 1 AND source <> ?2
        AND NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = r.source AND o.reference = r.reference)
    UNION ALL
        SELECT key, 0 FROM old.range_keys AS r WHERE source <> ?2
        AND NOT EXISTS (SELECT 1 FROM overrides AS o WHERE o.source = r.source AND o.reference = r.reference)
    UNION ALL SELECT key, tag FROM overrides WHERE numbers = 1
    UNION ALL SELECT key, 0 FROM override_keys
    ) GROUP BY key, tag"""
_ENTRIES_OF_RECORDS = """
    INSERT INTO entries SELECT key, tag, count(*) FROM
    (SELECT key, tag FROM built.records WHERE numbers = 1 UNION ALL SELECT key, 0 FROM built.range_keys)
    GROUP BY key, tag"""
_DUPLICATES = """
    SELECT line FROM (SELECT line, row_number() OVER (PARTITION BY reference ORDER BY line) AS nth FROM lines)
    WHERE nth > 1 ORDER BY line LIMIT ?"""

# Source names are lower-case ASCII: these come before and after all of them.
_FIRST = ""
_LAST = "\x7f"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a generation is made of.

    ``lines``: the staged lines of a full import of ``source``, in place of all its records; none when the generation
    only folds changes in. ``old``: the records of the generation before, None if there is none. ``overrides``: the
    changes that go on top of both, see `node.store.sqlite_snapshot`.
    """

    source: str
    lines: Sequence[Path]
    old: Path | None
    overrides: Path


@dataclass(frozen=True, slots=True)
class Built:
    """How many records a generation holds, how many numbers they name, and the lines left out because an earlier line
    of the file has their reference; of these no more than were asked for.
    """

    records: int
    numbers: int
    duplicates: tuple[int, ...]


def build_generation(target: Path, parts: Parts, duplicates_told: int = 1_000) -> Built:
    """Write a generation's two files into the new directory ``target``; durable on return.

    No more than ``duplicates_told`` (1 or more) of the lines left out are told: a file may consist of them. Raises
    StoreError.
    """
    with our_errors(target):
        target.mkdir(mode=0o750)
        with ThreadPoolExecutor(1) as beside:
            keys = beside.submit(_build_keys, target / KEYS_FILE, parts)
            built = _build_records(target / RECORDS_FILE, parts, duplicates_told)
            keys.result()
        if built.duplicates:
            # The keys hold lines that the records do not: make them again, from the records.
            (target / KEYS_FILE).unlink()
            _build_keys_of(target / KEYS_FILE, target / RECORDS_FILE)
        sync_tree(target)
    return built


def attach_lines(connection: apsw.Connection, staged: Sequence[Path]) -> None:
    """Make staged files readable as two views, ``lines`` and ``line_keys``."""
    for number, path in enumerate(staged):
        connection.execute(f"ATTACH ? AS staged{number}", (immutable_uri(path),))
    for table in ("lines", "line_keys"):
        every = " UNION ALL ".join(f"SELECT * FROM staged{number}.{table}" for number in range(len(staged)))  # noqa: S608
        connection.execute(f"CREATE TEMP VIEW {table} AS {every}")


def _open(path: Path, parts: Parts) -> apsw.Connection:
    """A new file with all parts attached; those that there are none of stand as empty tables."""
    connection = open_building(path)
    connection.execute("ATTACH ? AS changed", (immutable_uri(parts.overrides),))
    connection.execute("ATTACH ? AS old", (":memory:" if parts.old is None else immutable_uri(parts.old),))
    if parts.old is None:
        for table in (RECORDS, RANGE_KEYS):
            connection.execute(table.replace("CREATE TABLE ", "CREATE TABLE old."))
    if parts.lines:
        attach_lines(connection, parts.lines)
    else:
        for _ in rows(connection, LINES.replace("CREATE TABLE", "CREATE TEMP TABLE")):
            pass
    return connection


def _build_records(path: Path, parts: Parts, duplicates_told: int) -> Built:
    connection = _open(path, parts)
    connection.execute(RECORDS)
    connection.execute(RANGE_KEYS)
    with one_step(connection):
        _copy_old(connection, _FIRST, parts.source if parts.lines else _LAST)
        duplicates = _copy_lines(connection, parts.source, duplicates_told)
        if parts.lines:
            _copy_old(connection, parts.source, _LAST)
        connection.execute(_OVERRIDES)
        connection.execute(_OVERRIDE_KEYS)
    records, numbers = one(connection, "SELECT count(*), coalesce(sum(numbers), 0) FROM records")
    connection.close()
    return Built(records, numbers, duplicates)


def _copy_old(connection: apsw.Connection, after: str, before: str) -> None:
    connection.execute(_OLD_RECORDS, (after, before))
    connection.execute(_OLD_KEYS, (after, before))


def _copy_lines(connection: apsw.Connection, source: str, told: int) -> tuple[int, ...]:
    """Returns up to ``told`` lines left out because an earlier one has their reference."""
    connection.execute(_LINE_RECORDS, (source,))
    taken = connection.changes()
    connection.execute(_LINE_KEYS, (source,))
    (lines,) = one(connection, "SELECT count(*) FROM lines")
    if taken == lines:
        return ()
    # Fewer were taken: some were overridden, or some references stand twice.
    return tuple(line for (line,) in rows(connection, _DUPLICATES, told))


def _build_keys(path: Path, parts: Parts) -> None:
    connection = _open(path, parts)
    connection.execute(ENTRIES)
    with one_step(connection):
        connection.execute(_ENTRIES, (parts.source, parts.source if parts.lines else _FIRST))
    connection.close()


def _build_keys_of(path: Path, records: Path) -> None:
    connection = open_building(path)
    connection.execute(ENTRIES)
    connection.execute("ATTACH ? AS built", (immutable_uri(records),))
    with one_step(connection):
        connection.execute(_ENTRIES_OF_RECORDS)
    connection.close()
