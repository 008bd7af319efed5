"""Document numbers that stand nowhere but in tests, so that finding one in what a run left behind is a leak."""

from __future__ import annotations

from hashlib import sha256

COUNT = 200
# One prefix for all, and letters that hexadecimal text does not have: chance cannot make one, and the scan is quick.
_PREFIX = "QZX"


def marker_numbers() -> tuple[str, ...]:
    """200 distinct numbers of nine characters, the same in every run; as valid as any other document number."""
    numbers: dict[str, None] = {}
    step = 0
    while len(numbers) < COUNT:
        drawn = int.from_bytes(sha256(b"marker %d" % step).digest()[:8]) % 1_000_000
        numbers[f"{_PREFIX}{drawn:06d}"] = None
        step += 1
    return tuple(numbers)
