"""Who may touch what is staged: the one importer, and whoever takes a staged import into service.

Both are the kernel's locks, which go when their process dies. The importer may be killed while the node still takes what
it staged; so each staged import has a lock of its own, or the next importer would remove a list on its way into service.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.store.layout import remove_tree


@contextmanager
def import_lock(path: Path) -> Iterator[bool]:
    """Whether this process is the one importer while the context lasts; the kernel lets go of it if it dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def taking(staged: Path) -> Iterator[None]:
    """Keep a staged import from being removed by others while the context lasts.

    Raises OSError when there is none. One that was being removed just then is gone or empty inside the context.
    """
    descriptor = _open_directory(staged)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_staged(incoming: Path) -> None:
    """Remove all staged imports but those that are being taken. The caller holds the import lock."""
    for staged in incoming.iterdir():
        try:
            descriptor = _open_directory(staged)
        except OSError:
            continue
        try:
            # Held while it is removed: whoever would take it now waits, and then finds nothing.
            if _locked(descriptor):
                remove_tree(staged)
        finally:
            os.close(descriptor)


def _open_directory(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
