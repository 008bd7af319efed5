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
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from node.errors import NodeError, OperatorError

RECORD_OCTETS = 192
SEGMENT_RECORDS = 1 << 16
SYNC_SECONDS = 0.05
MAGIC = b"RMS1"

_FIXED = struct.Struct(">4sBBBxQQ3sxHH32s32s16s48x")
_CHAIN = _FIXED.size
_UNWRITTEN = bytes(RECORD_OCTETS)


class Event(IntEnum):
    """What a record says happened."""

    ASKING = 1  # the asker, before the request leaves
    SHOWN = 2  # the asker, before the verdict is shown
    ASKED = 3  # the responder, before it looks up
    ANSWERED = 4  # the responder, before the answer leaves
    REFUSED = 5  # the responder, before a refusal leaves
    WITHHELD = 6  # the asker, a question kept at home


@dataclass(frozen=True, slots=True)
class Entry:
    """One record. ``at_ms`` is the node's clock; ``other`` the other economy's code; ``code`` a refusal's number.

    ``request_digest`` and ``answer_digest`` are SHA-256 of pre-authentication bytes, zero where there is none;
    ``officer`` is the keyed pseudonym (16 octets) of the officer, in the asker's records alone.
    """

    event: Event
    at_ms: int
    other: str
    purpose: int
    questions: int
    request_digest: bytes
    answer_digest: bytes = bytes(32)
    code: int = 0
    verdict: int = 0
    officer: bytes = bytes(16)


class SpoolFull(NodeError):
    """No room for another segment: the node must refuse rather than answer without a record."""


class SpoolDamaged(OperatorError):
    """A record does not continue the chain: the file was changed, or a disk lies."""


def _encode(entry: Entry, index: int) -> bytes:
    return _FIXED.pack(
        MAGIC,
        entry.event,
        entry.purpose,
        entry.code,
        index,
        entry.at_ms,
        entry.other.encode("ascii")[:3],
        entry.questions,
        entry.verdict,
        entry.request_digest,
        entry.answer_digest,
        entry.officer,
    )


def _decode(octets: bytes) -> tuple[int, Entry]:
    _, event, purpose, code, index, at_ms, other, questions, verdict, request, answer, officer = _FIXED.unpack(octets)
    other_text = other.rstrip(b"\x00").decode("ascii")
    return index, Entry(Event(event), at_ms, other_text, purpose, questions, request, answer, code, verdict, officer)


def _segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.spool"))


class Spool:
    """The one writer of a spool directory; made by ``open_spool``."""

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
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Segments keep the size they were made with, whatever the default has become.
        present = _segments(directory)
        if present:
            self._records = present[0].stat().st_size // RECORD_OCTETS
        self._index, self._chain = _resume(directory)
        self._open_segment(self._index // self._records)
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
        if self._failed:
            raise SpoolFull("the spool could not be made durable")
        with self._lock:
            self._write(entry)
        if not self._dirty.is_set():
            self._dirty.set()

    def _write(self, entry: Entry) -> None:
        place = self._index % self._records
        if place == 0 and self._index and self._index // self._records != self._segment:
            self._open_segment(self._index // self._records)
        fixed = _encode(entry, self._index)
        chain = sha256(self._chain + fixed).digest()
        at = place * RECORD_OCTETS
        # One copy into the map: a kill between two bytes of it leaves a record whose chain does not hold, and it is
        # the last one, which `_resume` drops. Its answer never left.
        self._map[at : at + RECORD_OCTETS] = fixed + chain
        self._index += 1
        self._chain = chain

    def _open_segment(self, number: int) -> None:
        path = self._directory / f"{number:012d}.spool"
        size = self._records * RECORD_OCTETS
        # Under another name until it has all its blocks: a kill in between leaves no short segment to stumble over.
        making = path if path.exists() else path.with_suffix(".new")
        file = os.open(making, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, size)
            os.fsync(file)
            making.rename(path)
            _sync_directory(self._directory)
            mapped = mmap.mmap(file, size)
        except OSError as error:
            os.close(file)
            raise SpoolFull(
                f"no room for a spool segment of {size} octets ({errno.errorcode.get(error.errno or 0)})"
            ) from error
        previous = getattr(self, "_file", None)
        self._file, self._map, self._segment = file, mapped, number
        if previous is not None:
            os.fsync(previous)
            os.close(previous)

    def _sync_loop(self) -> None:
        while not self._closed.is_set():
            self._dirty.wait()
            self._closed.wait(SYNC_SECONDS)
            self._dirty.clear()
            self._sync()

    def _sync(self) -> None:
        with self._lock:
            file = os.dup(self._file)
        try:
            os.fdatasync(file)
        except OSError:
            self._failed = True
        finally:
            os.close(file)

    def close(self) -> None:
        """Sync and let go; nothing may be appended after."""
        self._closed.set()
        self._dirty.set()
        self._syncer.join()
        self._sync()
        self._map.close()
        os.close(self._file)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(directory: Path, start: int = 0) -> Iterator[tuple[int, Entry]]:
    """Every record from index ``start`` on, each held against the one before it.

    A last record that is torn (the writer was killed within it) is not there: what it stood for never left.

    Raises:
        SpoolDamaged: a record was changed, removed or reordered; the message names its index.
    """
    for index, _, entry in _walk(directory, start):
        yield index, entry


def tail(directory: Path, start: int) -> Iterator[tuple[int, Entry]]:
    """As ``read``, for who follows a spool every second: what lies behind the last record is not looked at."""
    for index, _, entry in _walk(directory, start, following=True):
        yield index, entry


def _resume(directory: Path) -> tuple[int, bytes]:
    """Index and chain to go on with. Older segments were verified when they were written; ``read`` does it again."""
    paths = _segments(directory)
    if not paths:
        return 0, bytes(32)
    start = (len(paths) - 1) * (paths[-1].stat().st_size // RECORD_OCTETS)
    index, chain = start, _link_before(paths, start)
    for at, link, _ in _walk(directory, start):
        index, chain = at + 1, link
    return index, chain


def _link_before(paths: list[Path], index: int) -> bytes:
    if index == 0:
        return bytes(32)
    per_segment = paths[0].stat().st_size // RECORD_OCTETS
    segment, place = divmod(index - 1, per_segment)
    with paths[segment].open("rb") as file:
        file.seek(place * RECORD_OCTETS + _CHAIN)
        return file.read(32)


def _is_end(file: BinaryIO, octets: bytes, *, following: bool) -> bool:
    """Whether nothing was written behind these octets. Who follows a living writer looks one record ahead: a record that
    was being copied when it was read is the last, and whole the next time.
    """
    if following:
        return octets == _UNWRITTEN or file.read(RECORD_OCTETS).strip(b"\0") == b""
    return not file.read().strip(b"\0")


def _walk(directory: Path, start: int, *, following: bool = False) -> Iterator[tuple[int, bytes, Entry]]:
    paths = _segments(directory)
    if not paths:
        return
    for number, path in enumerate(paths):
        if path.name != f"{number:012d}.spool":
            raise SpoolDamaged("SPOOL_GAP", f"A spool segment is missing before {path.name}; restore it.")
    per_segment = paths[0].stat().st_size // RECORD_OCTETS
    chain, expected = _link_before(paths, start), start
    for path in paths[start // per_segment :]:
        with path.open("rb") as file:
            file.seek(expected % per_segment * RECORD_OCTETS)
            while octets := file.read(RECORD_OCTETS):
                fixed, link = octets[:_CHAIN], octets[_CHAIN:]
                if fixed[:4] != MAGIC or sha256(chain + fixed).digest() != link:
                    if path is paths[-1] and _is_end(file, octets, following=following):
                        return
                    raise SpoolDamaged("SPOOL_DAMAGED", f"Spool record {expected} in {path.name} breaks the chain.")
                index, entry = _decode(fixed)
                if index != expected:
                    raise SpoolDamaged("SPOOL_DAMAGED", f"Spool record {expected} in {path.name} has another index.")
                chain, expected = link, expected + 1
                yield index, chain, entry
