"""Keeps the log file of a lab's node small: past a size, what it holds becomes `node.log.1` and it starts anew.

Copied and cut, not renamed: every process of the node has the file open for appending, and all go on in the same file.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path

CHECK_SECONDS = 5.0


def watch(descriptor: int, limit_octets: int, stop: threading.Event) -> None:
    """Cut the file behind ``descriptor`` whenever it is past its limit, until told to stop; nothing else than a file."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return
    while not stop.wait(CHECK_SECONDS):
        cut(descriptor, limit_octets)


def cut(descriptor: int, limit_octets: int) -> bool:
    """Move the content aside if it is past the limit; returns whether it was.

    What another process appends between the copy and the cut is lost: that is a lab's log, not the audit.
    """
    if os.fstat(descriptor).st_size <= limit_octets:
        return False
    path = Path(f"/proc/self/fd/{descriptor}").readlink()
    kept = path.with_name(f"{path.name}.1")
    shutil.copyfile(path, kept)
    kept.chmod(0o600)
    os.ftruncate(descriptor, 0)
    return True


def start(limit_octets: int, descriptor: int = 2) -> threading.Event:
    """Watch standard error from a thread; set the event to end it."""
    stop = threading.Event()
    threading.Thread(target=watch, args=(descriptor, limit_octets, stop), name="log size", daemon=True).start()
    return stop
