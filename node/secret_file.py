"""Secrets in files: 32 octets each, in hexadecimal, one file a secret, apart from everything it protects.

Hexadecimal, so that it can be carried by hand to a node that shares the store, and so that an editor's line end harms
nothing.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from node.clock import Clock
from node.errors import OperatorError

SECRET_OCTETS = 32
_FORM = re.compile(rb"([0-9a-fA-F]{64})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """What a secret is called, the prefix of its error codes, and what is lost with it."""

    name: str
    prefix: str
    loss: str

    def create(self, path: Path, clock: Clock) -> None:
        """Draw a new one into ``path``, which must not exist: an old one must never be lost by accident.

        Raises OperatorError ..._EXISTS.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            message = f"There is a {self.name} at {path} already; with another one {self.loss}."
            raise OperatorError(f"{self.prefix}_EXISTS", message) from None
        except OSError as error:
            message = f"The {self.name} cannot be written to {path}: {error.strerror}; let the node's user write there."
            raise OperatorError(f"{self.prefix}_UNWRITTEN", message) from None
        # A kill before the octets are down leaves a short file, which the next start names; nothing hangs on it yet.
        with os.fdopen(descriptor, "wb") as file:
            file.write(clock.random(SECRET_OCTETS).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def load(self, path: Path) -> bytes:
        """The 32 octets in ``path``.

        Raises OperatorError: ..._MISSING, ..._EXPOSED (other users may read it), ..._DAMAGED.
        """
        try:
            # Judged by the open file and not through a link, so that a swap after the check gains nothing.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            message = f"There is no {self.name} at {path}; put it back from where it is kept."
            raise OperatorError(f"{self.prefix}_MISSING", message) from None
        except OSError as error:
            message = (
                f"The {self.name} at {path} cannot be opened: {error.strerror}; it is a plain file of the node's user."
            )
            raise OperatorError(f"{self.prefix}_EXPOSED", message) from None
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode) or mode & 0o077:
                text = f"The {self.name} at {path} is open to other users (mode {stat.S_IMODE(mode):04o}); `chmod 0600` it."
                raise OperatorError(f"{self.prefix}_EXPOSED", text)
            found = _FORM.fullmatch(file.read(4096))
        if not found:
            message = f"{path} does not hold 64 hexadecimal digits; put the right file back."
            raise OperatorError(f"{self.prefix}_DAMAGED", message)
        return bytes.fromhex(found[1].decode())


PEPPER = Secret("pepper", "PEPPER", "both lists would have to be imported again")
"""What keys the lists; `store.pepper` says where it lies."""

OFFICERS = Secret("key of officers' pseudonyms", "OFFICERS", "officers in old records could not be told any more")
"""Under which officers are named in this node's own records: who has the records alone cannot try names."""

TRUST = Secret(
    "key of the floor", "TRUST_KEY", "the node could not tell its own record of what it trusts from a forged one"
)
"""What authenticates `trust/floor`: which trust documents the node has held, below which none is taken again."""
