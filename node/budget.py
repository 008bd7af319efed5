"""The day's questions of each peer, counted over all workers of a node (docs/architecture.md, budgets).

Workers cannot write anything common, so each counts its own; the supervisor reads the spools, adds up, and tells the
workers through one small mapped file. Between two tellings (a second) a worker knows its own count and the others' of
a second ago: the overshoot is at most what the other workers answer in a second.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Mapping
from pathlib import Path

from federation.errors import Refused
from federation.status import RefusalCode

DAY_MS = 86_400_000
SLOTS = 1024
_SLOT = struct.Struct("<3sxIQ")
_HEAD = struct.Struct("<Q")
SIZE = _HEAD.size + SLOTS * _SLOT.size


def publish(path: Path, day: int, totals: Mapping[str, int]) -> None:
    """Tell the workers the day's totals: economy to questions. One writer, the supervisor.

    The file is replaced in place under a generation number that is odd while it is being written, so a reader never
    takes half of it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        if os.fstat(file).st_size != SIZE:
            os.ftruncate(file, SIZE)
            os.posix_fallocate(file, 0, SIZE)
        with mmap.mmap(file, SIZE) as mapped:
            (generation,) = _HEAD.unpack_from(mapped)
            _HEAD.pack_into(mapped, 0, generation | 1)
            for place, (economy, total) in enumerate(sorted(totals.items())[:SLOTS]):
                _SLOT.pack_into(mapped, _HEAD.size + place * _SLOT.size, economy.encode("ascii"), day, total)
            for place in range(len(totals), SLOTS):
                _SLOT.pack_into(mapped, _HEAD.size + place * _SLOT.size, b"\0\0\0", 0, 0)
            _HEAD.pack_into(mapped, 0, (generation | 1) + 1)
    finally:
        os.close(file)


class WorkerBudget:
    """One worker's count, corrected by what the supervisor tells."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._map: mmap.mmap | None = None
        # The head of the map: one look says whether anything was told since. Until there is a map it never agrees.
        self._generation = memoryview(bytes(_HEAD.size)).cast("Q")
        self._seen = -1
        # By economy and day.
        self._told: dict[tuple[str, int], int] = {}
        self._own: dict[tuple[str, int], int] = {}

    def spend(self, economy: str, questions: int, limit: int, now_ms: int) -> None:
        """Count questions of today; raises ``Refused`` (BUDGET) when the day's ``limit`` would be passed."""
        day = now_ms // DAY_MS
        today = (economy, day)
        with self._lock:
            if self._generation[0] != self._seen:
                self._refresh()
            own = self._own.get(today, 0) + questions
            if self._told.get(today, 0) + own > limit:
                wait = (day + 1) * DAY_MS - now_ms
                raise Refused(RefusalCode.BUDGET, "the day's questions are used up", retry_after=wait // 1000 + 1)
            self._own[today] = own

    def _refresh(self) -> None:
        if self._map is None:
            self._open()
        if self._map is None:
            return
        (generation,) = _HEAD.unpack_from(self._map)
        if generation == self._seen or generation & 1:
            return
        told = {}
        for place in range(SLOTS):
            code, day, total = _SLOT.unpack_from(self._map, _HEAD.size + place * _SLOT.size)
            if code == b"\0\0\0":
                break
            told[code.decode("ascii"), day] = total
        if _HEAD.unpack_from(self._map)[0] != generation:
            return
        # What was told includes all this worker had spooled by then; what it answered since the last telling is at
        # most counted in neither for one interval.
        self._seen, self._told, self._own = generation, told, {}

    def _open(self) -> None:
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            if os.fstat(file).st_size == SIZE:
                self._map = mmap.mmap(file, SIZE, access=mmap.ACCESS_READ)
                self._generation = memoryview(self._map)[: _HEAD.size].cast("Q")
        finally:
            os.close(file)
