"""Time for a world in one process: it passes when everybody waits, so that a deadline of three seconds costs none."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from federation.admission import Instant
from node.clock import Clock

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: what would have been waited is added to ``elapsed``."""

    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that nobody will ever do")
        self.elapsed += max(timeout, 0.0)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is how long everybody has waited so far; work takes none of it."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.elapsed

    def pass_time(self, seconds: float) -> None:
        """Let time go by; what falls due meanwhile runs when the loop next runs."""
        self._jumping.elapsed += seconds


def drawn(label: str, size: int) -> bytes:
    """Octets that look random and are the same in every run."""
    octets = b""
    while len(octets) < size:
        octets += sha256(f"{label} {len(octets)}".encode()).digest()
    return octets[:size]


class WorldClock(Clock):
    """A node's clock: the world's time, off by ``shift``, which a test may change at any moment."""

    def __init__(self, elapsed: Callable[[], float], label: str) -> None:
        super().__init__()
        self.shift = timedelta(0)
        self._elapsed = elapsed
        self._label = label
        self._draws = 0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._elapsed()) + self.shift

    def now_ms(self) -> int:
        return NOW_MS + round((timedelta(seconds=self._elapsed()) + self.shift) / timedelta(milliseconds=1))

    def monotonic(self) -> float:
        return 1000 + self._elapsed()

    def random(self, size: int) -> bytes:
        self._draws += 1
        return drawn(f"{self._label} draw {self._draws}", size)

    def instant(self) -> Instant:
        return Instant(self.now(), self.now_ms(), round(self.monotonic() * 1000))
