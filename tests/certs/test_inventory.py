"""What ends when: one order, and an alarm that only grows."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.inventory import LEVELS, Dated, alarm_level, by_expiry, of_certificate, of_crl
from tests.certs.crl_forge import made
from tests.certs.forge import NOW
from tests.certs.hostile import NZL, SECOND

DAY = timedelta(days=1)
ENDS = NOW + 400 * DAY
GRANT = Dated("grant", "AUS", "REPORTED", ENDS)


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (31 * DAY, None),
        (30 * DAY + SECOND, None),
        (30 * DAY, 30),
        (14 * DAY + SECOND, 30),
        (14 * DAY, 14),
        (7 * DAY, 7),
        (3 * DAY, 3),
        (DAY + SECOND, 3),
        (DAY, 1),
        (timedelta(), 1),
        (-SECOND, 0),
        (-1000 * DAY, 0),
    ],
)
def test_the_alarm_has_a_level_for_each_span_of_days(left: timedelta, level: int | None) -> None:
    assert alarm_level(GRANT, ENDS - left) == level


def test_what_is_replaced_by_schedule_is_quiet_until_that_is_late() -> None:
    """A leaf of 30 days is due when 10 are left; an alarm before would never be silent, and so never heard."""
    leaf = of_certificate("tls leaf", "NZL", "node1", NZL.leaf())
    end = leaf.not_after
    assert [alarm_level(leaf, end - days * DAY) for days in (30, 14, 11, 7, 3, 1)] == [None, None, None, 7, 3, 1]
    crl = of_crl("crl", "NZL", "7a", made())
    assert [alarm_level(crl, crl.not_after - days * DAY) for days in (10, 7, 4, 3, 1)] == [None, None, None, 3, 1]
    assert [alarm_level(dated, dated.not_after + SECOND) for dated in (leaf, crl)] == [0, 0]


def test_what_lives_for_a_minute_is_alarmed_when_it_ends_at_the_latest() -> None:
    short = Dated("tls leaf", "NZL", "node1", NOW + timedelta(minutes=1), timedelta(minutes=1))
    assert [alarm_level(short, NOW + n * SECOND) for n in (0, 40, 41, 60, 61)] == [None, None, 1, 1, 0]


LIVES = st.one_of(st.none(), st.integers(0, 4000).map(lambda hours: timedelta(hours=hours)))


@given(
    lasts=LIVES,
    times=st.lists(st.integers(-9000, 9000).map(lambda hours: ENDS + timedelta(hours=hours)), min_size=2, max_size=9),
)
def test_the_alarm_grows_and_never_falls_silent_by_waiting(lasts: timedelta | None, times: list[datetime]) -> None:
    dated = Dated("crl", "NZL", "7a", ENDS, lasts)
    levels = [alarm_level(dated, now) for now in sorted(times)]
    heights = [max(LEVELS) + 1 if level is None else level for level in levels]
    assert heights == sorted(heights, reverse=True)
    assert set(levels) <= {None, *LEVELS}


@given(
    objects=st.lists(
        st.builds(
            Dated,
            st.sampled_from(["ca", "crl"]),
            st.sampled_from(["AUS", "NZL"]),
            st.sampled_from(["a", "b"]),
            st.integers(0, 3).map(lambda days: NOW + days * DAY),
        ),
        max_size=8,
    )
)
def test_the_order_is_by_expiry_and_the_same_from_any_order(objects: list[Dated]) -> None:
    ordered = by_expiry(objects)
    assert [dated.not_after for dated in ordered] == sorted(dated.not_after for dated in objects)
    assert by_expiry(reversed(objects)) == ordered
