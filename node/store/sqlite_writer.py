"""The one writer of a store: changes beside the lists, and the switch to a generation built elsewhere.

Everything readers must see together moves in one transaction of changes.db: which generation a list has, what is
changed on it, and the as-of of its sources. Only then is the counter bumped that makes readers look.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from federation.documents import ListName
from node.store.connect import check_sqlite, one, open_writable, our_errors, rows
from node.store.errors import StoreDamaged, StoreError, StoreLimit
from node.store.keys import StoreKeys
from node.store.layout import StoreLayout, remove_tree, sync_directory
from node.store.locks import import_lock, remove_staged
from node.store.ports import ListState, SourcePuts, SourceState, StagedGeneration, StoredRecord, Taken, Withdrawn
from node.store.schema import check_pepper, migrate
from node.store.sqlite_moves import OVERLAY_MAX, GenerationRecords, Moves, changed_record

# Reports of this many imports are kept, for a command that asks again because the answer got lost.
_ADOPTED_KEPT: Final = 100


class SqliteWriter:
    """Made by `open_writer`; for one thread at a time."""

    def __init__(self, root: Path, keys: StoreKeys) -> None:
        check_sqlite()
        self._layout = StoreLayout(root)
        with our_errors(root):
            self._layout.make()
            _check_complete(self._layout)
            self._changes = open_writable(self._layout.changes)
            migrate(self._changes)
            self._changes.execute("INSERT OR IGNORE INTO meta VALUES ('check_value', ?)", (keys.check_value(),))
            check_pepper(self._changes, keys)
            self._counter = _make_counter(self._layout.epoch)
            self._check_epoch()
            self._generations = {name: self._open_generation(name) for name in ListName}
            self._recover()
            self._publish()

    def state(self, list_name: ListName) -> ListState:
        """See `node.store.ports.Writer`."""
        name = list_name.value
        with our_errors(self._layout.changes):
            generation, records, numbers = one(
                self._changes, "SELECT generation, records, numbers FROM lists WHERE list = ?", name
            )
            changed_records, changed_keys = one(
                self._changes,
                "SELECT (SELECT count(*) FROM records WHERE list = ?1), (SELECT count(*) FROM overlay WHERE list = ?1)",
                name,
            )
            sources = rows(
                self._changes,
                "SELECT source, as_of_ms, held_as_of_ms, held_since_ms, held_rejected FROM sources WHERE list = ?",
                name,
            )
            states = {source: SourceState(*values) for source, *values in sources}
            return ListState(generation, records, numbers, changed_records, changed_keys, states)

    def record(self, list_name: ListName, source: str, reference: str) -> StoredRecord | Withdrawn | None:
        """See `node.store.ports.Writer`."""
        with our_errors(self._layout.changes):
            changed = changed_record(self._changes, list_name.value, source, reference)
        return changed if changed is not None else self._generations[list_name].record(source, reference)

    def put(self, changes: Sequence[SourcePuts], taken: Taken | None = None) -> int:
        """See `node.store.ports.Writer`."""
        for each in changes:
            if sum(len(put.keys) for put in each.puts) > OVERLAY_MAX:
                raise _too_many(each.list_name)
        with self._commit() as epoch:
            for each in changes:
                self._put(each, epoch)
            if taken is not None:
                (of_import,) = changes
                self._take(of_import.list_name, of_import.source, taken, epoch)
        return epoch

    def switch(self, staged: StagedGeneration, taken: Taken) -> int:
        """See `node.store.ports.Writer`."""
        name = staged.list_name
        number = staged.base_generation + 1
        directory = self._layout.generation(name, number)
        if self._generations[name].number != staged.base_generation:
            raise StoreError("STAGED_STALE", "The list has moved on since this import was staged: import again.")
        with our_errors(directory):
            # Nothing points to a directory of this number; one may be left from a stop after the rename.
            remove_tree(directory)
            staged.path.rename(directory)
            sync_directory(directory.parent)
        # If we stop here, the list is the old one as a whole, and the next start removes the directory.
        generation = GenerationRecords(directory, number)
        with self._commit() as epoch:
            self._changes.execute(
                "UPDATE lists SET generation = ?, records = ?, numbers = ? WHERE list = ?",
                (number, staged.records, staged.numbers, name.value),
            )
            self._rebase(staged, generation, epoch)
            self._take(name, staged.source, taken, epoch)
        self._generations[name].close()
        self._generations[name] = generation
        # Lookups under way may still open the generation before; the one before that nobody has.
        remove_tree(self._layout.generation(name, number - 2))
        return epoch

    def adopted(self, staged: str) -> tuple[int, str] | None:
        """See `node.store.ports.Writer`."""
        with our_errors(self._layout.changes):
            found = list(rows(self._changes, "SELECT epoch, report FROM adopted WHERE staged = ?", staged))
        return (found[0][0], found[0][1]) if found else None

    def close(self) -> None:
        """See `node.store.ports.Writer`."""
        for generation in self._generations.values():
            generation.close()
        self._changes.close()

    @contextmanager
    def _commit(self) -> Iterator[int]:
        """One transaction under the next epoch: durable, and then shown to readers, or undone as a whole."""
        with our_errors(self._layout.changes):
            self._changes.execute("BEGIN IMMEDIATE")
            try:
                (epoch,) = one(self._changes, "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value")
                yield epoch
                self._changes.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after a full disk.
                if self._changes.in_transaction:
                    self._changes.execute("ROLLBACK")
                raise
            self._publish()

    def _put(self, changes: SourcePuts, epoch: int) -> None:
        moves = Moves(self._changes, changes.list_name, self._generations[changes.list_name])
        for put in changes.puts:
            moves.replace(changes.source, put, epoch)
        if moves.overlay_size() > OVERLAY_MAX:
            raise _too_many(changes.list_name)
        moves.settle(epoch)

    def _rebase(self, staged: StagedGeneration, generation: GenerationRecords, epoch: int) -> None:
        """Keep of the changes what the new generation does not hold, and work out its overlay anew."""
        name = staged.list_name.value
        self._changes.execute("DELETE FROM moves WHERE list = ? AND n = -1", (name,))
        self._changes.execute(
            "DELETE FROM moves WHERE list = ?1 AND (source, reference) IN"
            " (SELECT source, reference FROM records WHERE list = ?1 AND epoch <= ?2)",
            (name, staged.base_epoch),
        )
        # Withdrawals stay known, so that telling one again is no error, until an extract cut later has replaced them.
        self._changes.execute(
            "DELETE FROM records WHERE list = ?1 AND epoch <= ?2"
            " AND (NOT withdrawn OR (source = ?3 AND noted_ms <= ?4))",
            (name, staged.base_epoch, staged.source, -1 if staged.as_of_ms is None else staged.as_of_ms),
        )
        self._changes.execute("DELETE FROM overlay WHERE list = ?", (name,))
        self._changes.executemany(
            "INSERT OR IGNORE INTO records (list, source, reference, withdrawn, numbers, status, reported_on, reason,"
            " noted_ms, epoch) VALUES (?, ?, ?, 1, 0, '', '', ?, ?, ?)",
            (
                (name, staged.source, reference, withdrawn.reason, withdrawn.noted_ms, staged.base_epoch)
                for reference, withdrawn in staged.tombstones
            ),
        )
        moves = Moves(self._changes, staged.list_name, generation)
        later = "SELECT source, reference FROM records WHERE list = ? AND epoch > ?"
        for source, reference in list(rows(self._changes, later, name, staged.base_epoch)):
            moves.rebase(source, reference)
        moves.settle(epoch)

    def _take(self, list_name: ListName, source: str, taken: Taken, epoch: int) -> None:
        state = taken.source_state
        self._changes.execute(
            "INSERT OR REPLACE INTO sources (list, source, as_of_ms, held_as_of_ms, held_since_ms, held_rejected)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (list_name.value, source, state.as_of_ms, state.held_as_of_ms, state.held_since_ms, state.held_rejected),
        )
        self._changes.execute("INSERT INTO adopted VALUES (?, ?, ?)", (taken.staged, epoch, taken.report))
        self._changes.execute(
            "DELETE FROM adopted WHERE staged IN (SELECT staged FROM adopted ORDER BY epoch DESC LIMIT -1 OFFSET ?)",
            (_ADOPTED_KEPT,),
        )

    def _open_generation(self, name: ListName) -> GenerationRecords:
        (number,) = one(self._changes, "SELECT generation FROM lists WHERE list = ?", name.value)
        return GenerationRecords(self._layout.generation(name, number), number)

    def _publish(self) -> None:
        self._counter[0] = self._epoch()

    def _epoch(self) -> int:
        (epoch,) = one(self._changes, "SELECT value FROM meta WHERE name = 'epoch'")
        return int(epoch)

    def _check_epoch(self) -> None:
        # The counter is bumped when a change is durable, so it can lag behind and never be ahead.
        if self._counter[0] > self._epoch():
            raise StoreDamaged(
                "STORE_LOST_CHANGES",
                f"{self._layout.changes} has lost changes that were acknowledged (its -wal file was removed, or an old"
                " copy put in its place): restore the store as a whole, or move its directory away and import every"
                " list in full.",
            )

    def _recover(self) -> None:
        """Remove what a stop left behind: generations nothing points to, and imports that nobody is staging."""
        for name, generation in self._generations.items():
            live = self._layout.generation(name, generation.number)
            for directory in self._layout.list_directory(name).iterdir():
                if directory != live:
                    remove_tree(directory)
        with import_lock(self._layout.import_lock) as held:
            if held:
                remove_staged(self._layout.incoming)


def open_writer(root: Path, keys: StoreKeys) -> SqliteWriter:
    """The writer of the store in ``root``, which is made if it is not there.

    The caller holds the node's lock: there is one writer at a time, and no reader before it. What a stop or a crash
    left half done is removed. Raises StoreError: WrongPepper, StoreVersion, StoreDamaged, StoreFull.
    """
    return SqliteWriter(root, keys)


def _check_complete(layout: StoreLayout) -> None:
    """Refuse to make a new store around lists that are there: it would take them for leftovers."""
    if layout.changes.is_file() and layout.changes.stat().st_size:
        return
    if any(any(layout.list_directory(name).iterdir()) for name in ListName):
        raise StoreDamaged(
            "STORE_DAMAGED",
            f"{layout.changes} is missing or empty though there are lists beside it: restore the store, or move its"
            " directory away and import every list in full.",
        )


def _make_counter(path: Path) -> memoryview:
    # Never replaced by another file: workers have this one mapped.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.ftruncate(descriptor, 8)
        return memoryview(mmap.mmap(descriptor, 8)).cast("Q")
    finally:
        os.close(descriptor)


def _too_many(list_name: ListName) -> StoreLimit:
    return StoreLimit(
        "TOO_MANY_CHANGES",
        f"More than {OVERLAY_MAX:,} numbers of the {list_name} list would be kept as single changes: put these into a"
        " file and take it with `rmas import --delta`, or import the list in full.",
    )
