"""The spool: what a process did, appended before anybody else can see it (docs/spec/7-spool.md).

A spool is a directory of segments with one writer. A segment is a file of fixed size, given its blocks when it is made
and mapped into memory: appending is a copy, survives ``kill -9``, and cannot fail for want of room half way. A
background thread syncs it within 50 ms, so that a power cut costs at most that. Records are chained by SHA-256; a
changed, missing or reordered one is found by ``read``. Digests only: nothing in a record can be searched for a number.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
from pathlib import Path

from node.errors import NodeError
from node.spool_records import (
    RECORD_OCTETS,
    Entry,
    Event,
    SpoolDamaged,
    chain_of,
    encode,
    link_before,
    read,
    segments,
    synced_before,
    tail,
    walk,
)

__all__ = ["RECORD_OCTETS", "SEGMENT_RECORDS", "Entry", "Event", "Spool", "SpoolDamaged", "SpoolFull", "read", "tail"]

SEGMENT_RECORDS = 1 << 16
SYNC_SECONDS = 0.05


class SpoolFull(NodeError):
    """No room for another segment, or a disk that refuses: better no answer than one without a record."""


class Spool:
    """The one writer of a spool directory."""

    def __init__(self, directory: Path, segment_records: int = SEGMENT_RECORDS) -> None:
        """Open or make a spool and continue its chain.

        Raises:
            SpoolFull: no room for a segment.
            SpoolDamaged: what is there does not hold together.
        """
        self._directory = directory
        self._records = segment_records
        self._lock = threading.Lock()
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._failed = False
        self._file: int | None = None
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Segments keep the size they were made with, whatever the default has become.
        present = segments(directory)
        if present:
            self._records = present[0].stat().st_size // RECORD_OCTETS
        self._index, self._chain = _resume(directory)
        # What was found is in the files, but a crash of the machine may have left it in the kernel's memory alone.
        self._synced = 0
        self._open_segment()
        self._syncer = threading.Thread(target=self._sync_loop, name="spool-sync", daemon=True)
        self._syncer.start()

    @property
    def index(self) -> int:
        """How many records there are."""
        return self._index

    @property
    def failed(self) -> bool:
        """Whether the disk refused a sync: the node must stop answering, for it cannot keep its promise."""
        return self._failed

    def append(self, entry: Entry) -> None:
        """Write one record; it survives ``kill -9`` when this returns, and a power cut 50 ms later.

        Raises:
            SpoolFull: no room, or an earlier sync failed; nothing was written.
        """
        with self._lock:
            if self._failed:
                raise SpoolFull("the spool could not be made durable")
            if self._index == self._end:
                self._open_segment()
            record = encode(entry, self._index, self._synced, self._chain)
            # One copy into the map: a kill between two bytes of it leaves a record whose chain does not hold, and it
            # is the last one, which `_resume` drops. Its answer never left.
            self._map.write(record)
            self._index += 1
            self._chain = chain_of(record)
        if not self._dirty.is_set():
            self._dirty.set()

    def _open_segment(self) -> None:
        """The segment in which the next record stands, mapped, and the map's position where it is to be written."""
        number, place = divmod(self._index, self._records)
        size = self._records * RECORD_OCTETS
        # The segment before it first: once records stand in this one, nothing of that one may be lost to a power cut.
        if self._file is not None:
            self._sync_file(self._file)
            if self._failed:
                raise SpoolFull("the spool could not be made durable")
        try:
            file, mapped = _make_segment(self._directory / f"{number:012d}.spool", size)
        except OSError as error:
            cause = errno.errorcode.get(error.errno or 0)
            raise SpoolFull(f"no room for a spool segment of {size} octets ({cause})") from error
        mapped.seek(place * RECORD_OCTETS)
        previous, self._file, self._map, self._end = self._file, file, mapped, (number + 1) * self._records
        if previous is not None:
            os.close(previous)

    def _sync_loop(self) -> None:
        while not self._closed.is_set():
            self._dirty.wait()
            self._closed.wait(SYNC_SECONDS)
            self._dirty.clear()
            self._sync()

    def _sync(self) -> None:
        # A duplicate, so that the segment can change meanwhile: syncing must hold up nobody who appends.
        with self._lock:
            index = self._index
            try:
                file = os.dup(self._file) if self._file is not None else None
            except OSError:
                self._failed, file = True, None
        if file is None:
            return
        self._sync_file(file)
        os.close(file)
        if not self._failed:
            self._synced = index

    def _sync_file(self, file: int) -> None:
        try:
            os.fdatasync(file)
        except OSError:
            # Never again: after a failed sync the kernel may have dropped the pages, and the next would report success.
            self._failed = True

    def close(self) -> None:
        """Sync and let go; nothing may be appended after."""
        self._closed.set()
        self._dirty.set()
        self._syncer.join()
        self._sync()
        self._map.close()
        if self._file is not None:
            os.close(self._file)


def _make_segment(path: Path, size: int) -> tuple[int, mmap.mmap]:
    """A segment with all its blocks, open and mapped; raises OSError."""
    # Under another name until it has its blocks: a kill in between leaves no short segment to stumble over.
    making = path if path.exists() else path.with_suffix(".new")
    file = os.open(making, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
        os.fsync(file)
        making.rename(path)
        _sync_directory(path.parent)
        return file, mmap.mmap(file, size)
    except OSError:
        os.close(file)
        raise


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _resume(directory: Path) -> tuple[int, bytes]:
    """Index and chain to go on with. Older segments were verified when they were written; ``read`` does it again."""
    paths = segments(directory)
    if not paths:
        return 0, bytes(32)
    start = (len(paths) - 1) * (paths[-1].stat().st_size // RECORD_OCTETS)
    index, chain = start, link_before(paths, start)
    try:
        for at, link, _ in walk(directory, start):
            index, chain = at + 1, link
    except SpoolDamaged:
        if not _lost_power(paths[-1], index - start, index):
            raise
        _set_aside(paths[-1], index - start)
    return index, chain


def _lost_power(path: Path, place: int, index: int) -> bool:
    """Whether a power cut explains that record ``index`` is not whole and others follow it.

    A disk writes what was not synced yet in any order. So it does, unless one of those that follow was written when
    ``index`` was known to be durable: then it was changed since.
    """
    with path.open("rb") as file:
        file.seek(place * RECORD_OCTETS)
        if not file.read(RECORD_OCTETS):
            return False
        return all(synced_before(octets) <= index for octets in iter(lambda: file.read(RECORD_OCTETS), b""))


def _set_aside(path: Path, place: int) -> None:
    """Keep what a power cut left behind the last whole record, for whoever wants to look, and clear it from the spool.

    A crash in between changes nothing: the rest is found again, and kept again.
    """
    with path.open("r+b") as segment:
        segment.seek(place * RECORD_OCTETS)
        rest = segment.read().rstrip(b"\0")
        aside = os.open(
            path.with_suffix(f".lost-{place}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        with os.fdopen(aside, "wb") as kept:
            kept.write(rest)
            kept.flush()
            os.fsync(kept.fileno())
        segment.seek(place * RECORD_OCTETS)
        segment.write(bytes(len(rest)))
        segment.flush()
        os.fsync(segment.fileno())
