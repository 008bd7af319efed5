"""Files of the node's own that decide something: read whole, up to a limit, and only where nobody else could put them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

OTHERS_MAY_WRITE: Final = 0o022


class NotPlain(Exception):
    """What is there is not to be read: ``args[0]`` says why and what to do, as the end of a sentence."""


def read(path: Path, limit: int, forbidden: int = OTHERS_MAY_WRITE) -> bytes:
    """The octets of a file, at most one more than ``limit``, so that whoever parses them refuses what is longer.

    Raises FileNotFoundError when there is none; NotPlain when it is a link, no file, cannot be read, or has a mode bit
    that is ``forbidden``.
    """
    try:
        # Judged by the open file and not through a link, so that a swap after the check gains nothing.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotPlain(f"it cannot be opened ({error.strerror}); it is a plain file of the node's user") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise NotPlain("it is no plain file; put the file itself there")
        if mode & forbidden:
            raise NotPlain(
                f"others may write it (mode {stat.S_IMODE(mode):04o}); look through it, then `chmod 0600` it"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit + 1)
    except OSError as error:
        raise NotPlain(f"it cannot be read ({error.strerror}); look after the disk") from None
    finally:
        os.close(descriptor)
