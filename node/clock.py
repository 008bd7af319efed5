"""The one place in a node that reads the time or draws random bytes.

Everything else is handed a ``Clock``, so that a test can say what time it is and a lab can run a node ten minutes off.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta

from federation.admission import Instant


class Clock:
    """This machine's clock and randomness; ``offset`` is added to the time of day, for labs and tests only."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset
        self._offset_ms = round(offset / timedelta(milliseconds=1))

    @property
    def offset(self) -> timedelta:
        """How far this clock was set off the machine's; zero outside labs."""
        return self._offset

    def now(self) -> datetime:
        """The time of day, aware, in UTC: the machine's time zone never matters."""
        now = datetime.now(UTC)
        return now + self._offset if self._offset_ms else now

    def now_ms(self) -> int:
        """The time of day in milliseconds since 1970-01-01T00:00:00Z, as the wire carries it."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def instant(self) -> Instant:
        """The clock read once, as both sides of a lookup are handed it."""
        now_ms = time.time_ns() // 1_000_000 + self._offset_ms
        return Instant(datetime.fromtimestamp(now_ms / 1000, UTC), now_ms, time.monotonic_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Seconds that only ever grow, for deadlines and durations; unaffected by ``offset`` and by clock steps."""
        return time.monotonic()

    def random(self, size: int) -> bytes:
        """``size`` bytes from the kernel, fit for keys and session ids."""
        return os.urandom(size)

    def pause(self, seconds: float) -> None:
        """Wait in a command that polls; a node's own loops wait on events instead."""
        # An Event, not time.sleep: under libfaketime on Python 3.11 time.sleep fails.
        threading.Event().wait(seconds)
