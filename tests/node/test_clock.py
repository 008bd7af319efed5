from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from node.clock import Clock


def test_the_time_of_day_is_aware_and_utc_whatever_the_machines_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        now = Clock().now()
        assert now.utcoffset() == timedelta(0)
        assert abs(now.timestamp() - time.time()) < 5
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_an_offset_moves_both_times_of_day_alike_and_no_duration() -> None:
    off = Clock(timedelta(minutes=10))
    ahead = off.now() - datetime.now(UTC)
    assert abs(ahead - timedelta(minutes=10)) < timedelta(seconds=5)
    assert abs(off.now_ms() - off.now().timestamp() * 1000) < 5000
    assert abs(off.monotonic() - time.monotonic()) < 5


def test_random_octets_are_as_many_as_asked_and_not_the_same_twice() -> None:
    first, second = Clock().random(16), Clock().random(16)
    assert len(first) == len(second) == 16
    assert first != second
