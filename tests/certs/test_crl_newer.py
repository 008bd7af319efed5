"""Which list may be relied on, which may take the place of the one held, and what the CA puts into the next."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from certs import errors
from certs.crl import (
    ALARM_AGE,
    KEPT,
    LONGEST_LEAF,
    build,
    check_newer,
    is_overdue,
    next_number,
    next_revoked,
    read,
    require_current,
)
from certs.profiles import BACKDATE, PROFILES, Role
from tests.certs.crl_forge import SERIALS, forge_crl, made, with_signature
from tests.certs.forge import NOW, ORDER
from tests.certs.hostile import AUS, NZL, SECOND

DAY = timedelta(days=1)


class TestCurrent:
    def test_it_holds_to_the_second_at_its_end(self) -> None:
        crl = made()
        require_current(crl, NOW)
        require_current(crl, crl.next_update)
        with pytest.raises(errors.StaleCrl, match="2026-11-30 12:00 UTC"):
            require_current(crl, crl.next_update + SECOND)

    def test_clocks_may_differ_by_an_hour(self) -> None:
        require_current(made(), NOW - BACKDATE)
        with pytest.raises(errors.FutureCrl):
            require_current(made(), NOW - BACKDATE - SECOND)

    def test_the_alarm_is_raised_when_two_daily_lists_did_not_come(self) -> None:
        crl = made()
        assert not is_overdue(crl, NOW + ALARM_AGE)
        assert is_overdue(crl, NOW + ALARM_AGE + SECOND)
        require_current(crl, NOW + ALARM_AGE + SECOND)


class TestNewer:
    def test_the_first_and_every_longer_one_may_be_held(self) -> None:
        lists = [made(number, dict.fromkeys(range(1, number + 1), NOW)) for number in (1, 2, 9)]
        check_newer(None, lists[0], NOW)
        for held, new in pairwise(lists):
            check_newer(held, new, NOW)

    def test_an_older_one_is_refused(self) -> None:
        with pytest.raises(errors.OlderCrl):
            check_newer(made(2), made(1), NOW)

    def test_the_same_number_with_other_content_is_a_conflict(self) -> None:
        for other in (made(1, {5: NOW}), made(1, now=NOW + SECOND)):
            with pytest.raises(errors.ConflictingCrl):
                check_newer(made(1), other, NOW)

    def test_the_same_list_with_another_signature_is_the_same_list(self) -> None:
        """Anybody can make the second one, and nobody may be accused of a fork by it."""

        def turned(bits: bytes) -> bytes:
            r, s = decode_dss_signature(bits[1:])
            return b"\x00" + encode_dss_signature(r, ORDER - s)

        der = forge_crl()
        held, again = (read(given, [NZL.ca]) for given in (der, with_signature(der, turned)))
        assert held.der != again.der
        assert held.digest == again.digest
        check_newer(held, again, NOW)

    def test_one_that_drops_what_may_still_be_valid_is_refused(self) -> None:
        held = made(1, {5: NOW - LONGEST_LEAF, 6: NOW})
        with pytest.raises(errors.DroppedSerial, match="serial number 5,"):
            check_newer(held, made(2, {6: NOW}), NOW)
        check_newer(held, made(2, {6: NOW}, NOW + SECOND), NOW)

    def test_one_that_dates_back_is_refused_since_the_next_could_drop(self) -> None:
        held = made(1, {5: NOW - DAY})
        with pytest.raises(errors.DroppedSerial):
            check_newer(held, made(2, {5: NOW - DAY - SECOND}), NOW)
        check_newer(held, made(2, {5: NOW}), NOW)

    def test_one_made_in_the_future_is_refused_since_it_could_drop_all(self) -> None:
        new = made(2, now=NOW + LONGEST_LEAF + SECOND)
        with pytest.raises(errors.FutureCrl):
            check_newer(made(1, {5: NOW}), new, NOW)
        with pytest.raises(errors.FutureCrl):
            check_newer(None, new, NOW)

    def test_a_stale_one_may_be_held_when_it_is_newer(self) -> None:
        """It trusts nobody, and revokes."""
        check_newer(made(1), made(2, {5: NOW}), NOW + 20 * DAY)

    def test_the_largest_number_leaves_none_to_follow(self) -> None:
        last = made((1 << 159) - 1)
        with pytest.raises(errors.OlderCrl):
            check_newer(last, made(2), NOW)
        with pytest.raises(errors.IssueRefused):
            build(NZL.ca, NZL.key, next_number(last), {}, NOW)

    def test_lists_of_two_cas_are_not_compared(self) -> None:
        with pytest.raises(ValueError, match="two CA keys"):
            check_newer(made(1), read(build(AUS.ca, AUS.key, 2, {}, NOW), [AUS.ca]), NOW)


class TestNext:
    def test_it_keeps_the_old_with_their_times_and_adds_the_new(self) -> None:
        held = made(1, {5: NOW - DAY})
        assert next_number(None) == 1
        assert next_number(held) == 2
        assert next_revoked(None, [7], NOW) == {7: NOW}
        assert next_revoked(held, [5, 7], NOW + DAY / 10**6) == {5: NOW - DAY, 7: NOW}

    def test_it_keeps_one_as_long_as_any_leaf_can_live_and_a_day(self) -> None:
        """Not for the 30 days that are the default: a leaf of 90 days would come back to life."""
        assert timedelta(days=max(profile.max_days for role, profile in PROFILES.items() if role is not Role.CA)) < KEPT
        held = made(1, {5: NOW})
        assert next_revoked(held, [], NOW + KEPT) == {5: NOW}
        assert next_revoked(held, [], NOW + KEPT + SECOND) == {}

    @given(steps=st.lists(st.tuples(st.sets(SERIALS, max_size=3), st.integers(0, 60)), max_size=6))
    def test_what_it_makes_is_always_newer_than_what_was_held(self, steps: list[tuple[set[int], int]]) -> None:
        held, now, revoked_at = None, NOW, dict[int, datetime]()
        for serials, days in steps:
            now += days * DAY
            new = made(next_number(held), next_revoked(held, serials, now), now)
            check_newer(held, new, now - BACKDATE)
            held = new
            revoked_at = {**dict.fromkeys(serials, now), **{s: t for s, t in revoked_at.items() if now - t <= KEPT}}
            assert new.revoked == revoked_at
