"""Times as people and scripts write them (RFC 3339), and as the store keeps them: milliseconds since 1970, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

# A zone must be given: an extract cut at "02:00" is hours too fresh or too old by which zone one assumes.
_FORM: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970; ``time`` is aware."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def parse_ms(text: str) -> int:
    """Milliseconds since 1970 of a time such as ``2026-11-22T02:00:00Z``.

    Raises ValueError with a sentence when it is no time with a zone.
    """
    text = text.strip()
    try:
        return to_ms(datetime.fromisoformat(text.upper() if _FORM(text) else ""))
    except (ValueError, OverflowError):
        raise ValueError("a time is written as 2026-11-22T02:00:00Z, its zone included") from None


def rfc3339(ms: int) -> str:
    """A time in UTC; without a fraction when it is a whole second."""
    time = _EPOCH + timedelta(milliseconds=ms)
    return time.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")
