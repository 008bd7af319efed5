"""The key under which officers are named in this node's own records: a pseudonym abroad nobody sees, and at home
only who holds the key can undo by trying names (docs/cryptography.md).
"""

from __future__ import annotations

import os
from pathlib import Path

from node.clock import Clock
from node.errors import OperatorError

KEY_OCTETS = 32


def load_officer_key(path: Path, clock: Clock) -> bytes:
    """The 32 octets in ``path``; drawn and kept there on first use.

    Raises:
        OperatorError: OFFICER_KEY_DAMAGED when the file holds something else.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _read(path)
    # A crash before the bytes are down leaves a short file, which the next start names; nothing is keyed by it yet.
    with os.fdopen(descriptor, "wb") as file:
        file.write(clock.random(KEY_OCTETS).hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if len(key) != KEY_OCTETS:
        raise _damaged(path)
    return key


def _damaged(path: Path) -> OperatorError:
    message = f"{path} does not hold 64 hexadecimal digits; put it back from the backup, or remove it to draw another."
    return OperatorError("OFFICER_KEY_DAMAGED", message)
