"""A counter in a file of 8 octets: it moves after each change that other processes must see.

Readers compare it with what they saw last. It moves once the change is durable, so who sees
it move and then reads finds the change. Whoever can be killed in between says in what it changed how far it must move.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from node.errors import OperatorError

_OCTETS: Final = 8


def move(path: Path) -> int:
    """Count one further, whoever else does so at the same time; makes the file when there is none. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        moved = int.from_bytes(os.pread(descriptor, _OCTETS, 0), "little") + 1
        os.pwrite(descriptor, moved.to_bytes(_OCTETS, "little"), 0)
        return moved
    finally:
        os.close(descriptor)


def read(path: Path) -> int:
    """Where the counter at ``path`` stands; 0 when there is none. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return int.from_bytes(os.pread(descriptor, _OCTETS, 0), "little")
    finally:
        os.close(descriptor)


class EpochReader:
    """The counter at ``path``, read by its name each time.

    Not mapped: one that was put back from a backup is another file, and one that is being overwritten is a short one,
    which under a mapping would end the process.
    """

    def __init__(self, path: Path) -> None:
        """Raises OperatorError EPOCH_MISSING when there is no such counter."""
        self._path = path
        if self() < 0:
            message = f"{path} is missing or cut short: start the node again, which writes it."
            raise OperatorError("EPOCH_MISSING", message)

    def __call__(self) -> int:
        """Where the counter stands now; -1 where none is to be read, which is another place than any."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                octets = os.pread(descriptor, _OCTETS, 0)
            finally:
                os.close(descriptor)
        except OSError:
            return -1
        return int.from_bytes(octets, "little") if len(octets) == _OCTETS else -1
