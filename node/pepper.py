"""The pepper: 32 secret octets under which a node's lists are keyed, in a file of its own, in hexadecimal.

Hexadecimal, so that it can be carried by hand to a node that shares the store, and so that an editor's line end harms
nothing.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from node.clock import Clock
from node.errors import OperatorError

PEPPER_OCTETS = 32
_FORM = re.compile(rb"([0-9a-fA-F]{64})\s*", re.ASCII)


def create(path: Path, clock: Clock) -> None:
    """Draw a new pepper into ``path``, which must not exist: an old one must never be lost by accident.

    Raises OperatorError PEPPER_EXISTS.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        message = f"There is a pepper at {path} already; with another one both lists would have to be imported again."
        raise OperatorError("PEPPER_EXISTS", message) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(clock.random(PEPPER_OCTETS).hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def load(path: Path) -> bytes:
    """The 32 octets in ``path``.

    Raises OperatorError: PEPPER_MISSING, PEPPER_EXPOSED (other users may read it), PEPPER_DAMAGED.
    """
    try:
        # Judged by the open file and not through a link, so that a swap after the check gains nothing.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        message = f"There is no pepper at {path}; put it back from where it is kept, or set `store.pepper`."
        raise OperatorError("PEPPER_MISSING", message) from None
    except OSError as error:
        message = f"The pepper at {path} cannot be opened: {error.strerror}; it is a plain file of the node's user."
        raise OperatorError("PEPPER_EXPOSED", message) from None
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode) or mode & 0o077:
            message = f"The pepper at {path} is open to other users (mode {stat.S_IMODE(mode):04o}); chmod 0600 it."
            raise OperatorError("PEPPER_EXPOSED", message)
        found = _FORM.fullmatch(file.read(4096))
    if not found:
        raise OperatorError("PEPPER_DAMAGED", f"{path} does not hold 64 hexadecimal digits; put the right file back.")
    return bytes.fromhex(found[1].decode())
