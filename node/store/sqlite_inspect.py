"""Reading records for people: by reference, by document, and counted. Slower than a lookup, and in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw

from federation.documents import ListName
from node.store.connect import one, open_immutable, open_readable, our_errors, rows
from node.store.keys import StoreKeys
from node.store.layout import RECORDS_FILE, StoreLayout, check_made
from node.store.ports import StoredRecord, Withdrawn
from node.store.schema import check_pepper, check_version
from node.store.sqlite_moves import changed_record

_RECORD = "source, reference, key, tag, numbers, status, reported_on, noted_ms"


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A record with the names by which it is told."""

    list_name: ListName
    source: str
    reference: str
    state: StoredRecord | Withdrawn


class SqliteInspector:
    """Read-only; sees a list as it stands at each call."""

    def __init__(self, root: Path, keys: StoreKeys) -> None:
        """Raises StoreError: WrongPepper, StoreVersion, StoreDamaged."""
        self._layout = StoreLayout(root)
        check_made(self._layout)
        with our_errors(self._layout.changes):
            self._changes = open_readable(self._layout.changes)
            check_version(self._changes)
            check_pepper(self._changes, keys)

    def close(self) -> None:
        """Let go of the files."""
        self._changes.close()

    def by_reference(self, list_name: ListName, reference: str) -> list[NamedRecord]:
        """The record of each source that has this reference, withdrawn ones among them."""
        generation = self._generation(list_name)
        sources = {source for (source,) in self._sources(list_name)}
        statement = f"SELECT {_RECORD} FROM records WHERE source = ? AND reference = ?"  # noqa: S608
        found = []
        with our_errors(self._layout.changes):
            for source in sorted(sources):
                state = changed_record(self._changes, list_name.value, source, reference)
                if state is None and generation is not None:
                    state = next(
                        (StoredRecord(*row[2:]) for row in rows(generation, statement, source, reference)), None
                    )
                if state is not None:
                    found.append(NamedRecord(list_name, source, reference, state))
        return found

    def by_key(self, list_name: ListName, key: bytes) -> list[NamedRecord]:
        """The standing records that name a document. Reads the whole list: its records are not kept by document."""
        with our_errors(self._layout.changes):
            return [NamedRecord(list_name, *row) for row in self._naming(list_name, key)]

    def statistics(self, list_name: ListName) -> dict[str, int]:
        """How many records stand, by status (issued: by the empty status)."""
        with our_errors(self._layout.changes):
            counts = self._count_generation(list_name)
            changed = "SELECT status, count(*) FROM records WHERE list = ? AND NOT withdrawn GROUP BY status"
            for status, n in rows(self._changes, changed, list_name.value):
                counts[status] = counts.get(status, 0) + n
        return {status: n for status, n in sorted(counts.items()) if n}

    def _sources(self, list_name: ListName) -> Iterator[tuple[str]]:
        statement = (
            "SELECT source FROM sources WHERE list = ?1 UNION SELECT DISTINCT source FROM records WHERE list = ?1"
        )
        yield from ((source,) for (source,) in rows(self._changes, statement, list_name.value))

    def _generation(self, list_name: ListName) -> apsw.Connection | None:
        (number,) = one(self._changes, "SELECT generation FROM lists WHERE list = ?", list_name.value)
        return open_immutable(self._layout.generation(list_name, number) / RECORDS_FILE) if number else None

    def _naming(self, list_name: ListName, key: bytes) -> Iterator[tuple[str, str, StoredRecord]]:
        generation = self._generation(list_name)
        if generation is not None:
            statement = (
                f"SELECT {_RECORD} FROM records AS r WHERE key = ?1 OR numbers > 1 AND EXISTS"  # noqa: S608
                " (SELECT 1 FROM range_keys AS k WHERE k.source = r.source AND k.reference = r.reference AND k.key = ?1)"
            )
            for source, reference, *values in rows(generation, statement, key):
                if changed_record(self._changes, list_name.value, source, reference) is None:
                    yield source, reference, StoredRecord(*values)
        moved = "SELECT source, reference FROM moves WHERE list = ? AND key = ? AND n = 1"
        for source, reference in list(rows(self._changes, moved, list_name.value, key)):
            state = changed_record(self._changes, list_name.value, source, reference)
            if isinstance(state, StoredRecord):
                yield source, reference, state

    def _count_generation(self, list_name: ListName) -> dict[str, int]:
        generation = self._generation(list_name)
        if generation is None:
            return {}
        counts = dict(rows(generation, "SELECT status, count(*) FROM records GROUP BY status"))
        changed = "SELECT source, reference FROM records WHERE list = ?"
        for source, reference in list(rows(self._changes, changed, list_name.value)):
            replaced = "SELECT status FROM records WHERE source = ? AND reference = ?"
            for (status,) in rows(generation, replaced, source, reference):
                counts[status] -= 1
        return counts
