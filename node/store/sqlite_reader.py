"""The workers' way into the store: immutable generations, what changed since, and a counter that says when to look.

A view is never altered: when the counter has moved, the next one is read in a single read transaction and put in its
place, so that as-of, generation and changes always belong together, whichever thread asks.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import apsw

from federation.documents import ListName
from node.store.connect import check_sqlite, one, open_immutable, open_readable, our_errors, rows
from node.store.errors import StoreDamaged
from node.store.keys import StoreKeys
from node.store.layout import KEYS_FILE, StoreLayout
from node.store.ports import Tags
from node.store.schema import check_pepper, check_version

_ONE: Final = "SELECT tag FROM entries WHERE key = ?"
# One statement for a whole flight beats one a key by a quarter; carray hands the keys over without copying them.
_MANY: Final = "SELECT k.rowid, e.tag FROM carray(?) AS k CROSS JOIN entries AS e WHERE e.key = k.value"


class _Own(threading.local):
    """A thread's own connection, on a file that is mapped once; opened when that thread first asks."""

    def __init__(self, path: Path) -> None:
        """Raises StoreDamaged when the file is not there or not whole."""
        with our_errors(path):
            connection = open_immutable(path, mapped=True)
            # One read transaction for good: nobody writes here, and opening one for each key would cost more than
            # finding it.
            connection.execute("BEGIN")
            self.execute = connection.cursor().execute


class Generation:
    """The keys of one generation of one list."""

    __slots__ = ("_own", "_path", "number")

    def __init__(self, path: Path, number: int) -> None:
        """Raises StoreDamaged when the file is not there or not whole."""
        self.number: Final = number
        self._path = path
        self._own = _Own(path) if number else None

    def find(self, keys: Sequence[bytes]) -> list[Tags]:
        """The tags under each key, in order."""
        own = self._own
        if own is None:
            return [()] * len(keys)
        try:
            if len(keys) == 1:
                found: Iterable[tuple[Any, ...]] = own.execute(_ONE, keys)
                return [tuple(chain.from_iterable(found))]
            return _find_many(own, keys)
        except (apsw.Error, OSError):
            # Translated only now: the way in and out of a context manager is a tenth of a lookup.
            with our_errors(self._path):
                raise


def _find_many(own: _Own, keys: Sequence[bytes]) -> list[Tags]:
    tags: list[Tags] = [()] * len(keys)
    if keys:
        # carray numbers its values from 1.
        found: Iterable[tuple[Any, ...]] = own.execute(_MANY, (apsw.carray(tuple(keys)),))
        for row, tag in found:
            tags[row - 1] += (tag,)
    return tags


@dataclass(frozen=True, slots=True)
class _ListView:
    generation: Generation
    as_of_ms: int | None
    overlay: Mapping[bytes, Tags]
    """The state of every key that differs from the generation's."""


class SqliteView:
    """The lists at one epoch."""

    __slots__ = ("_lists", "epoch")

    def __init__(self, epoch: int, lists: Mapping[ListName, _ListView]) -> None:
        self.epoch = epoch
        self._lists = lists

    def data_as_of(self, list_name: ListName) -> int | None:
        """See `node.store.ports.View`."""
        return self._lists[list_name].as_of_ms

    def find(self, list_name: ListName, keys: Sequence[bytes]) -> list[Tags]:
        """See `node.store.ports.View`.

        The generation is asked for every key, also for one whose state is known to have changed: an answer must not
        take longer or shorter by what it says.
        """
        view = self._lists[list_name]
        found = view.generation.find(keys)
        overlay = view.overlay
        if not overlay:
            return found
        return [overlay.get(key, tags) for key, tags in zip(keys, found, strict=True)]


class SqliteReader:
    """A process's reader; one is enough for all its threads."""

    def __init__(self, root: Path, keys: StoreKeys, sources: Mapping[ListName, Sequence[str]]) -> None:
        """``sources``: those configured for each list.

        Raises StoreError: WrongPepper, StoreVersion, StoreDamaged.
        """
        check_sqlite()
        self._layout = StoreLayout(root)
        self._sources = sources
        self._lock = threading.Lock()
        with our_errors(self._layout.changes):
            self._counter = _map_counter(self._layout.epoch)
            self._changes = open_readable(self._layout.changes)
            check_version(self._changes)
            check_pepper(self._changes, keys)
        self._view: SqliteView | None = None
        self._seen = -1
        self.view()

    def view(self) -> SqliteView:
        """See `node.store.ports.Reader`."""
        view = self._view
        if view is not None and self._counter[0] == self._seen:
            return view
        with self._lock:
            seen = self._counter[0]
            if self._view is not None and seen == self._seen:
                return self._view
            with our_errors(self._layout.changes):
                view = self._view = self._read(self._view)
            # The counter was read before the changes: one that moved meanwhile makes the next call look again.
            self._seen = seen
            return view

    def close(self) -> None:
        """See `node.store.ports.Reader`."""
        with self._lock:
            self._changes.close()

    def _read(self, before: SqliteView | None) -> SqliteView:
        with self._changes:
            (epoch,) = one(self._changes, "SELECT value FROM meta WHERE name = 'epoch'")
            lists = {name: self._read_list(name, before) for name in ListName}
        return SqliteView(epoch, lists)

    def _read_list(self, name: ListName, before: SqliteView | None) -> _ListView:
        (number,) = one(self._changes, "SELECT generation FROM lists WHERE list = ?", name.value)
        known = before._lists[name] if before is not None else None  # noqa: SLF001  its own kind
        if before is None or known is None or known.generation.number != number:
            generation = Generation(self._layout.generation(name, number) / KEYS_FILE, number)
            overlay: dict[bytes, Tags] = {}
            since = -1
        else:
            generation, overlay, since = known.generation, dict(known.overlay), before.epoch
        changed = "SELECT key, tags FROM overlay WHERE list = ? AND epoch > ?"
        for key, tags in rows(self._changes, changed, name.value, since):
            overlay[key] = unpack_tags(tags)
        return _ListView(generation, self._as_of(name), overlay)

    def _as_of(self, name: ListName) -> int | None:
        known = dict(rows(self._changes, "SELECT source, as_of_ms FROM sources WHERE list = ?", name.value))
        times = [known.get(source) for source in self._sources[name]]
        oldest = [time for time in times if time is not None]
        return min(oldest) if oldest and len(oldest) == len(times) else None


def open_reader(root: Path, keys: StoreKeys, sources: Mapping[ListName, Sequence[str]]) -> SqliteReader:
    """The reader of the store in ``root``; a writer made that store before. Raises StoreError."""
    return SqliteReader(root, keys, sources)


def pack_tags(tags: Sequence[int]) -> bytes:
    """Tags as the overlay keeps them."""
    return struct.pack(f">{len(tags)}q", *tags)


def unpack_tags(packed: bytes) -> Tags:
    """The tags again."""
    return struct.unpack(f">{len(packed) // 8}q", packed)


def _map_counter(path: Path) -> memoryview:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return memoryview(mmap.mmap(descriptor, 8, prot=mmap.PROT_READ)).cast("Q")
    except ValueError as error:
        raise StoreDamaged("STORE_DAMAGED", f"{path} is cut short: start the node again, which writes it.") from error
    finally:
        os.close(descriptor)
