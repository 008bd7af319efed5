"""One worker's state as the supervisor sees it: a small mapped file in the worker's own spool directory.

A worker writes nothing but its spool, so this lies there. Torn reads are harmless: every field is aligned, and the
supervisor acts only on what it reads twice alike or on a heartbeat that stops.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path

STATUS_FILE = "status"
_FORM = struct.Struct("<QQQQQQQQ")


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """``beat_ms`` is monotonic milliseconds; ``epoch`` the store change it serves; counts are since its start."""

    pid: int
    ready: bool
    beat_ms: int
    epoch: int
    answered: int
    refused: int
    sessions: int
    faults: int


class StatusWriter:
    """The worker's side."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(directory / STATUS_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, _FORM.size)
            self._map = mmap.mmap(file, _FORM.size)
        finally:
            os.close(file)

    def write(self, status: WorkerStatus) -> None:
        """Show a new state."""
        self._map[:] = _FORM.pack(
            status.pid,
            status.ready,
            status.beat_ms,
            status.epoch,
            status.answered,
            status.refused,
            status.sessions,
            status.faults,
        )


def read_status(directory: Path) -> WorkerStatus | None:
    """A worker's last state, or None when it never wrote one."""
    try:
        data = (directory / STATUS_FILE).read_bytes()
    except FileNotFoundError:
        return None
    if len(data) != _FORM.size:
        return None
    pid, ready, beat, epoch, answered, refused, sessions, faults = _FORM.unpack(data)
    return WorkerStatus(pid, bool(ready), beat, epoch, answered, refused, sessions, faults)
