"""One writer at a time in a node's directory: `rmas serve`, or a command that changes lists while it is down."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from node.errors import OperatorError


class NodeLock:
    """Held while the context lasts; the kernel lets go of it when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> NodeLock:
        """Raises OperatorError NODE_RUNNING when somebody holds it, LOCK_DENIED when its file cannot be opened."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            message = f"{self._path} cannot be opened ({error.strerror}): correct the node's directory or its owner."
            raise OperatorError("LOCK_DENIED", message) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            message = f"Another process runs this node or changes its lists (it holds {self._path}): wait, or stop it."
            raise OperatorError("NODE_RUNNING", message) from None
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(self._descriptor)
