"""What changes told since a generation was built mean for the keys that lookups ask.

A key is on a list as long as any record that names it stands, so a withdrawal may not simply hide the key, nor an
addition be forgotten with the next one. Each changed record leaves *moves*: one taken away for every key that its
version in the generation names, one added for every key it names now. What the generation holds under a key, plus the
moves, is what lookups must see; that sum is the overlay.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import apsw

from federation.documents import ListName
from node.store.connect import one, open_immutable, our_errors, rows
from node.store.keys import NO_DATES
from node.store.layout import KEYS_FILE, RECORDS_FILE
from node.store.ports import RecordPut, StoredRecord, Withdrawn
from node.store.sqlite_reader import pack_tags

# What every worker holds in memory is bounded: 200,000 keys are about 40 MB in each.
OVERLAY_MAX: Final = 200_000


class GenerationRecords:
    """The writer's way into one generation: its records and its entries. Generation 0 has neither."""

    def __init__(self, directory: Path, number: int) -> None:
        """Raises StoreDamaged when a file is missing or not whole."""
        self.number: Final = number
        self._directory = directory
        with our_errors(directory):
            self._keys = open_immutable(directory / KEYS_FILE) if number else None
            self._records = open_immutable(directory / RECORDS_FILE) if number else None

    def close(self) -> None:
        """Let go of the files."""
        for connection in (self._keys, self._records):
            if connection is not None:
                connection.close()

    def record(self, source: str, reference: str) -> StoredRecord | None:
        """The generation's version of a record."""
        if self._records is None:
            return None
        statement = (
            "SELECT key, tag, numbers, status, reported_on, noted_ms FROM records WHERE source = ? AND reference = ?"
        )
        with our_errors(self._directory):
            found = list(rows(self._records, statement, source, reference))
        return StoredRecord(*found[0]) if found else None

    def keys_of(self, source: str, reference: str, record: StoredRecord) -> list[tuple[bytes, int]]:
        """The entries that a record of this generation names: key and tag each."""
        if record.numbers == 1 or self._records is None:
            return [(record.key, record.tag)]
        statement = "SELECT key FROM range_keys WHERE source = ? AND reference = ?"
        with our_errors(self._directory):
            return [(key, NO_DATES) for (key,) in rows(self._records, statement, source, reference)]

    def entries(self, key: bytes) -> Counter[int]:
        """How many records of this generation name a key, by tag."""
        if self._keys is None:
            return Counter()
        with our_errors(self._directory):
            return Counter(dict(rows(self._keys, "SELECT tag, n FROM entries WHERE key = ?", key)))


class Moves:
    """The changes beside one generation of one list, within one transaction of the writer."""

    def __init__(self, changes: apsw.Connection, list_name: ListName, generation: GenerationRecords) -> None:
        self._changes = changes
        self._list = list_name.value
        self._generation = generation
        self._touched: set[bytes] = set()
        self._records = 0
        self._numbers = 0

    def replace(self, source: str, put: RecordPut, epoch: int) -> None:
        """Let a record stand as ``put`` says, in place of whatever it was."""
        before = changed_record(self._changes, self._list, source, put.reference)
        old = self._generation.record(source, put.reference)
        self._count(before if before is not None else old, -1)
        self._count(put.state, 1)
        name = (self._list, source, put.reference)
        for (key,) in rows(
            self._changes, "DELETE FROM moves WHERE list = ? AND source = ? AND reference = ? RETURNING key", *name
        ):
            self._touched.add(key)
        if old is not None:
            self._add(source, put.reference, self._generation.keys_of(source, put.reference, old), -1)
        tag = NO_DATES if len(put.keys) > 1 or isinstance(put.state, Withdrawn) else put.state.tag
        self._add(source, put.reference, [(key, tag) for key in put.keys], 1)
        _write_record(self._changes, name, put.state, epoch)

    def rebase(self, source: str, reference: str) -> None:
        """Put a change that stays beside the list on a generation that was built without it."""
        old = self._generation.record(source, reference)
        state = changed_record(self._changes, self._list, source, reference)
        self._count(old, -1)
        self._count(state, 1)
        if old is not None:
            self._add(source, reference, self._generation.keys_of(source, reference, old), -1)
        added = "SELECT key FROM moves WHERE list = ? AND source = ? AND reference = ? AND n = 1"
        self._touched.update(key for (key,) in rows(self._changes, added, self._list, source, reference))

    def settle(self, epoch: int) -> None:
        """Write down what lookups must now see under every key touched, and count the list."""
        self._changes.executemany(
            "INSERT OR REPLACE INTO overlay (list, key, epoch, tags) VALUES (?, ?, ?, ?)",
            ((self._list, key, epoch, pack_tags(self._net(key))) for key in sorted(self._touched)),
        )
        self._changes.execute(
            "UPDATE lists SET records = records + ?, numbers = numbers + ? WHERE list = ?",
            (self._records, self._numbers, self._list),
        )

    def overlay_size(self) -> int:
        """How many keys readers will have to hold once this is settled."""
        (size,) = one(self._changes, "SELECT count(*) FROM overlay WHERE list = ?", self._list)
        held = "SELECT 1 FROM overlay WHERE list = ? AND key = ?"
        return int(size) + sum(not list(rows(self._changes, held, self._list, key)) for key in self._touched)

    def _net(self, key: bytes) -> list[int]:
        counts = self._generation.entries(key)
        moved = "SELECT tag, sum(n) FROM moves WHERE list = ? AND key = ? GROUP BY tag"
        for tag, n in rows(self._changes, moved, self._list, key):
            counts[tag] += n
        return sorted(tag for tag, n in counts.items() if n > 0)

    def _add(self, source: str, reference: str, entries: list[tuple[bytes, int]], n: int) -> None:
        self._changes.executemany(
            "INSERT INTO moves (list, key, tag, source, reference, n) VALUES (?, ?, ?, ?, ?, ?)",
            ((self._list, key, tag, source, reference, n) for key, tag in entries),
        )
        self._touched.update(key for key, _ in entries)

    def _count(self, state: StoredRecord | Withdrawn | None, sign: int) -> None:
        if isinstance(state, StoredRecord):
            self._records += sign
            self._numbers += sign * state.numbers


def changed_record(
    changes: apsw.Connection, list_name: str, source: str, reference: str
) -> StoredRecord | Withdrawn | None:
    """A record as the changes beside the list have it; None if they do not name it."""
    statement = (
        "SELECT withdrawn, reason, key, tag, numbers, status, reported_on, noted_ms FROM records"
        " WHERE list = ? AND source = ? AND reference = ?"
    )
    found = list(rows(changes, statement, list_name, source, reference))
    if not found:
        return None
    withdrawn, reason, *record = found[0]
    return Withdrawn(reason, record[-1]) if withdrawn else StoredRecord(*record)


def _write_record(
    changes: apsw.Connection, name: tuple[str, str, str], state: StoredRecord | Withdrawn, epoch: int
) -> None:
    values: tuple[object, ...]
    if isinstance(state, Withdrawn):
        values = (1, None, None, 0, "", "", state.reason, state.noted_ms)
    else:
        values = (0, state.key, state.tag, state.numbers, state.status, state.reported_on, "", state.noted_ms)
    rows(
        changes,
        "INSERT OR REPLACE INTO records (list, source, reference, withdrawn, key, tag, numbers, status, reported_on,"
        " reason, noted_ms, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *name,
        *values,
        epoch,
    )
