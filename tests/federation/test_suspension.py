"""Who is suspended follows from the documents alone; two colluding members stop one other, and not for long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import entry_codec
from federation.charter import Charter, read
from federation.envelope import PayloadType
from federation.signed import RootSignature, SignedDocument
from federation.status import DocumentCode
from federation.suspension import (
    SUSPENSION_MS,
    Suspension,
    counted,
    draft_suspension,
    draft_withdrawal,
    in_force,
    read_suspension,
    read_withdrawal,
    withdrawn,
)
from federation.trust_statements import SuspensionStatement, WithdrawalStatement
from tests.charters import member, proposal, signed
from tests.federation.trust_documents import (
    ECONOMIES,
    HOUR_MS,
    charter,
    later_charter,
    refused,
    suspension,
    unsigned,
    withdrawal,
)
from tests.virtual_time import NOW_MS

DIGEST = charter().digest


def document(statement: SuspensionStatement, *labels: str) -> SignedDocument:
    """As anybody could write it: nothing is looked at but the form."""
    made = unsigned(PayloadType.SUSPENSION.value, entry_codec.encode_suspension(statement))
    return signed(made, *labels)


def leaving(statement: WithdrawalStatement, *labels: str) -> SignedDocument:
    made = unsigned(PayloadType.WITHDRAWAL.value, entry_codec.encode_withdrawal(statement))
    return signed(made, *labels)


def two_of_three() -> Charter:
    """New Zealand signs with two of three root keys."""
    nzl = member("NZL", "NZL 1", "NZL 2", "NZL 3", needed=2)
    return read(proposal([], [nzl, member("AUS"), member("PHL")]))


class TestReading:
    def test_two_others_suspend(self) -> None:
        statement = suspension("PHL", "AUS", "NZL")
        draft = draft_suspension(statement, charter())
        found = read_suspension(signed(draft, "AUS", "NZL"), charter())
        assert (found.economy, found.by, found.starts_at) == ("PHL", ("AUS", "NZL"), NOW_MS)
        assert found.ends_at == NOW_MS + 72 * HOUR_MS
        assert found.digest == draft.digest
        assert not found.own

    def test_a_member_suspends_itself_alone_also_among_two(self) -> None:
        under = charter("AUS", "NZL")
        assert read_suspension(document(suspension("NZL", "NZL", under=under), "NZL"), under).own

    def test_a_suspended_member_still_signs(self) -> None:
        """Suspension stops lookups, nothing else: nothing here asks who is suspended."""
        one = read_suspension(document(suspension("PHL", "AUS", "NZL"), "AUS", "NZL"), charter())
        other = read_suspension(document(suspension("AUS", "NZL", "PHL"), "NZL", "PHL"), charter())
        assert set(in_force([one, other], DIGEST, NOW_MS)) == {"AUS", "PHL"}

    def test_signatures_of_others_make_no_difference(self) -> None:
        statement = suspension("PHL", "AUS", "NZL")
        one = read_suspension(document(statement, "AUS", "NZL"), charter())
        assert read_suspension(document(statement, "AUS", "NZL", "THA", "USA 9"), charter()) == one

    @pytest.mark.parametrize("labels", [(), ("AUS",), ("NZL",), ("AUS", "THA"), ("AUS", "AUS 2")])
    def test_both_must_sign(self, labels: tuple[str, ...]) -> None:
        """ATTACKS E02: nobody's signature counts for another."""
        made = document(suspension("PHL", "AUS", "NZL"), *labels)
        assert refused(read_suspension, made, charter()) is DocumentCode.TOO_FEW_SIGNATURES

    @pytest.mark.parametrize("labels", [("NZL 1",), ("NZL 1", "NZL 4"), ("NZL 2", "AUS 2")])
    def test_a_member_signs_with_as_many_root_keys_as_it_needs(self, labels: tuple[str, ...]) -> None:
        under = two_of_three()
        made = document(suspension("PHL", "AUS", "NZL", under=under), "AUS 1", *labels)
        assert refused(read_suspension, made, under) is DocumentCode.TOO_FEW_SIGNATURES
        assert refused(read_suspension, signed(made, "NZL 1", "NZL 2"), under) is None

    def test_a_signature_that_does_not_hold_is_refused(self) -> None:
        """ATTACKS A01."""
        made = document(suspension("PHL", "AUS", "NZL"), "AUS", "NZL")
        other = document(suspension("PHL", "AUS", "NZL", starts_at=1), "AUS", "NZL")
        for place in (0, 1):
            signatures = list(made.signatures)
            signatures[place] = RootSignature(signatures[place].key_id, other.signatures[place].signature)
            broken = replace(made, signatures=tuple(signatures))
            assert refused(read_suspension, broken, charter()) is DocumentCode.BAD_SIGNATURE

    @pytest.mark.parametrize(
        "by",
        [(), ("AUS",), ("AUS", "PHL"), ("NZL", "PHL")],
        ids=["nobody", "one other", "one other and itself", "itself and another"],
    )
    def test_neither_one_other_nor_itself_with_another(self, by: tuple[str, ...]) -> None:
        made = document(suspension("PHL", *by), *by)
        assert refused(read_suspension, made, charter()) is DocumentCode.MALFORMED
        assert refused(draft_suspension, suspension("PHL", *by), charter()) is DocumentCode.MALFORMED

    def test_three_do_not_sign_one_together(self) -> None:
        made = document(suspension("PHL", "AUS", "NZL", "USA"), "AUS", "NZL", "USA")
        assert refused(read_suspension, made, charter()) is DocumentCode.TOO_LARGE

    def test_one_who_is_named_twice_is_not_two(self) -> None:
        """ATTACKS E02."""
        made = document(suspension("PHL", "AUS", "AUS"), "AUS")
        assert refused(read_suspension, made, charter()) is DocumentCode.MALFORMED

    def test_of_two_members_neither_suspends_the_other(self) -> None:
        under = charter("AUS", "NZL")
        for by in (("AUS",), ("AUS", "NZL"), ("AUS", "PHL")):
            made = document(suspension("NZL", *by, under=under), *by)
            assert refused(read_suspension, made, under) is not None

    @pytest.mark.parametrize(("economy", "by"), [("JPN", ("AUS", "NZL")), ("PHL", ("AUS", "JPN")), ("JPN", ("JPN",))])
    def test_who_is_no_member_neither_suspends_nor_is_suspended(self, economy: str, by: tuple[str, ...]) -> None:
        made = document(suspension(economy, *by), *by)
        assert refused(read_suspension, made, charter()) is DocumentCode.NOT_A_MEMBER

    @pytest.mark.parametrize("name", ["", "../x", "phl", "PHL\u202e", "P\x00L", "\u0420HL", "P" * 300])
    def test_what_is_no_name_is_refused_and_not_repeated(self, name: str) -> None:
        """ATTACKS E10, I07."""
        made = document(suspension(name, "AUS", "NZL"), "AUS", "NZL")
        assert refused(read_suspension, made, charter()) is DocumentCode.INVALID_NAME

    def test_another_federation_or_charter_is_refused(self) -> None:
        """The same keys may sign in two federations, and under many charters."""
        elsewhere = replace(suspension("PHL", "AUS", "NZL"), federation="trial")
        before = suspension("PHL", "AUS", "NZL")
        for statement, code in (
            (elsewhere, DocumentCode.OTHER_FEDERATION),
            (replace(before, charter_version=2), DocumentCode.WRONG_VERSION),
            (replace(before, charter_digest=later_charter().digest), DocumentCode.WRONG_VERSION),
        ):
            made = document(statement, "AUS", "NZL")
            assert refused(read_suspension, made, charter()) is code
        assert refused(read_suspension, document(before, "AUS", "NZL"), later_charter()) is (DocumentCode.WRONG_VERSION)

    def test_a_document_of_another_kind_is_refused(self) -> None:
        """ATTACKS A06: what is signed as a withdrawal suspends nobody, and the other way round."""
        statement = suspension("NZL", "NZL")
        made = signed(unsigned(PayloadType.WITHDRAWAL.value, entry_codec.encode_suspension(statement)), "NZL")
        assert refused(read_suspension, made, charter()) is DocumentCode.MALFORMED
        made = document(statement, "NZL")
        assert refused(read_withdrawal, made, charter()) is DocumentCode.MALFORMED


def made(economy: str, by: str, hours: float = 0, salt: str = "", under: bytes = DIGEST) -> Suspension:
    """A suspension as `read_suspension` returns it, that starts so many hours after now."""
    digest = sha256(f"{economy} {by} {hours} {salt} {under.hex()}".encode()).digest()
    return Suspension("lab", 1, under, economy, NOW_MS + round(hours * HOUR_MS), tuple(by.split()), digest)


def stopped(suspensions: Iterable[Suspension], hours: float = 0) -> set[str]:
    return set(in_force(suspensions, DIGEST, NOW_MS + round(hours * HOUR_MS)))


class TestInForce:
    def test_for_72_hours_from_its_start_and_not_a_millisecond_more(self) -> None:
        """ATTACKS E11."""
        one = made("PHL", "AUS NZL")
        for at, expected in ((-1, set()), (0, {"PHL"}), (SUSPENSION_MS - 1, {"PHL"}), (SUSPENSION_MS, set())):
            assert set(in_force([one], DIGEST, NOW_MS + at)) == expected

    def test_under_its_own_charter_alone(self) -> None:
        assert not in_force([made("PHL", "AUS NZL", under=bytes(32))], DIGEST, NOW_MS)
        assert not in_force([made("PHL", "PHL", under=bytes(32))], DIGEST, NOW_MS)

    def test_a_pair_does_not_suspend_the_same_member_again(self) -> None:
        first, again = made("PHL", "AUS NZL"), made("PHL", "AUS NZL", 100)
        assert stopped([first, again], 100) == set()
        assert counted([first, again], DIGEST) == (first,)

    def test_another_pair_may(self) -> None:
        """ATTACKS E11: what two said is confirmed by two others."""
        both = [made("PHL", "AUS NZL"), made("PHL", "AUS THA", 70)]
        assert stopped(both, 71) == stopped(both, 100) == {"PHL"}
        assert stopped(both, 143) == set()

    def test_the_one_that_ends_last_is_shown(self) -> None:
        late = made("PHL", "AUS THA", 60)
        assert in_force([late, made("PHL", "AUS NZL")], DIGEST, NOW_MS + 61 * HOUR_MS) == {"PHL": late}

    def test_a_pair_stops_one_member_at_a_time(self) -> None:
        """Two colluding members."""
        both = [made("PHL", "AUS NZL"), made("USA", "AUS NZL", 1)]
        assert stopped(both, 2) == {"PHL"}
        assert stopped(both, 72.5) == set()
        assert stopped([*both, made("USA", "AUS NZL", 72)], 73) == {"USA"}

    def test_two_pairs_with_one_member_in_common_stop_two(self) -> None:
        assert stopped([made("PHL", "AUS NZL"), made("USA", "AUS THA")]) == {"PHL", "USA"}

    def test_of_two_that_start_together_the_smaller_digest_counts(self) -> None:
        both = sorted([made("PHL", "AUS NZL"), made("USA", "AUS NZL")], key=lambda one: one.digest)
        assert counted(both, DIGEST) == counted(both[::-1], DIGEST) == (both[0],)

    def test_one_that_does_not_count_does_not_use_up_anything(self) -> None:
        """The second of a pair fell into the time of the first; once that is over they may say it again."""
        held = [made("PHL", "AUS NZL"), made("USA", "AUS NZL", 10), made("USA", "AUS NZL", 80)]
        assert stopped(held, 90) == {"USA"}

    def test_a_copy_is_no_second_one(self) -> None:
        one = made("PHL", "AUS NZL")
        assert counted([one, one], DIGEST) == (one,)

    def test_a_member_may_suspend_itself_again(self) -> None:
        own = [made("PHL", "PHL"), made("PHL", "PHL", 1), made("PHL", "PHL", 500)]
        assert stopped(own, 72.5) == stopped(own, 501) == {"PHL"}

    @pytest.mark.parametrize("by", ["PHL", "THA USA", "AUS USA"])
    def test_nobody_frees_a_member_with_a_suspension_that_is_over(self, by: str) -> None:
        """A thief of the member's root keys, or its friends, sign one that started long ago: the one in force stays."""
        real = made("PHL", "AUS NZL")
        forged = [made("PHL", by, hours) for hours in (-1e6, -100, -71, -1)]
        assert stopped([real, *forged], 1) == {"PHL"}
        assert stopped([*forged, real], 71.9) == {"PHL"}


PAIRS = [" ".join(pair) for pair in combinations(ECONOMIES, 2)]


def strangers(by: str) -> list[str]:
    return [economy for economy in ECONOMIES if economy not in by.split()]


def suspensions(by: Iterable[str]) -> st.SearchStrategy[list[Suspension]]:
    one = st.sampled_from(list(by)).flatmap(
        lambda pair: st.builds(
            made,
            st.sampled_from([pair] if " " not in pair else strangers(pair)),
            st.just(pair),
            st.sampled_from([-100, -72, -71, -10, -1, 0, 0, 1, 71, 72, 73, 100]),
            st.sampled_from(["", "a", "b"]),
        )
    )
    return st.lists(one, max_size=8)


INSTANTS = st.integers(-180, 180)


@given(suspensions([*PAIRS, *ECONOMIES]), INSTANTS, st.randoms(use_true_random=False))
def test_every_order_of_arrival_gives_the_same_result(held: list[Suspension], hours: int, shuffler: object) -> None:
    arrived = list(held)
    shuffler.shuffle(arrived)  # type: ignore[attr-defined]
    assert counted(arrived, DIGEST) == counted(held, DIGEST)
    now_ms = NOW_MS + hours * HOUR_MS
    assert in_force(arrived, DIGEST, now_ms) == in_force(held, DIGEST, now_ms)


@given(suspensions(PAIRS[:3]).map(lambda held: held[:5]))
def test_all_orders_of_a_few(held: list[Suspension]) -> None:
    assert len({counted(order, DIGEST) for order in permutations(held)}) == 1


@given(suspensions([PAIRS[0]]), INSTANTS)
def test_no_set_of_suspensions_by_one_pair_stops_two_members_at_once(held: list[Suspension], hours: int) -> None:
    """Two colluding members, whatever they sign and date as they like."""
    assert len(stopped(held, hours)) <= 1


@given(suspensions([PAIRS[0]]))
def test_a_pair_stops_a_member_for_72_hours_and_no_longer_under_one_charter(held: list[Suspension]) -> None:
    for economy in ECONOMIES:
        hours = sum(economy in stopped(held, hour) for hour in range(-180, 180))
        assert hours <= 72


@given(suspensions(PAIRS), suspensions([*PAIRS, *ECONOMIES]), INSTANTS)
def test_what_others_sign_frees_nobody(held: list[Suspension], more: list[Suspension], hours: int) -> None:
    """Only those who signed a suspension can do anything about it, and not even the member concerned."""
    pairs = {one.by for one in held}
    others = [one for one in more if one.by not in pairs]
    assert stopped(held, hours) <= stopped([*held, *others], hours)


@given(suspensions([*PAIRS, *ECONOMIES]), INSTANTS)
def test_what_is_in_force_counts_and_is_current(held: list[Suspension], hours: int) -> None:
    now_ms = NOW_MS + hours * HOUR_MS
    for economy, one in in_force(held, DIGEST, now_ms).items():
        assert one.economy == economy
        assert one in counted(held, DIGEST)
        assert one.starts_at <= now_ms < one.ends_at


class TestWithdrawal:
    def test_a_member_leaves_on_its_own(self) -> None:
        draft = draft_withdrawal(withdrawal("NZL"), charter())
        found = read_withdrawal(signed(draft, "NZL"), charter())
        assert (found.economy, found.charter_version, found.signed_at) == ("NZL", 1, NOW_MS)
        assert found.digest == draft.digest

    def test_it_takes_the_member_s_own_number_of_root_keys(self) -> None:
        under = two_of_three()
        made = leaving(withdrawal("NZL", under), "NZL 3")
        assert refused(read_withdrawal, made, under) is DocumentCode.TOO_FEW_SIGNATURES
        assert refused(read_withdrawal, signed(made, "NZL 1"), under) is None

    def test_others_cannot_make_it_leave(self) -> None:
        made = leaving(withdrawal("NZL"), "AUS", "PHL", "THA", "USA")
        assert refused(read_withdrawal, made, charter()) is DocumentCode.TOO_FEW_SIGNATURES

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"economy": "JPN"}, DocumentCode.NOT_A_MEMBER),
            ({"economy": "nzl"}, DocumentCode.INVALID_NAME),
            ({"federation": "trial"}, DocumentCode.OTHER_FEDERATION),
            ({"charter_version": 2}, DocumentCode.WRONG_VERSION),
            ({"charter_digest": bytes(32)}, DocumentCode.WRONG_VERSION),
        ],
    )
    def test_it_is_judged_by_the_charter_it_names(self, change: dict[str, str], code: DocumentCode) -> None:
        statement = replace(withdrawal("NZL"), **change)  # type: ignore[arg-type]
        assert refused(read_withdrawal, leaving(statement, "NZL"), charter()) is code
        assert refused(draft_withdrawal, statement, charter()) is code


def left(signed_charters: Callable[[int], tuple[int, ...]], version: int) -> bool:
    """Whether NZL, which withdrew under version 3, is out under ``version``, having signed these."""
    statement = withdrawal("NZL")
    one = read_withdrawal(leaving(statement, "NZL"), charter())
    one = replace(one, charter_version=3)
    signed_by = {
        "NZL": {(number, bytes([number]) * 32) for number in signed_charters(version)},
        "AUS": {(4, b"4" * 32)},
    }
    return withdrawn([one], version, signed_by) == {"NZL"}


def test_a_withdrawal_holds_until_the_member_signs_a_later_charter() -> None:
    assert [left(lambda _: (), version) for version in (2, 3, 4, 9)] == [False, True, True, True]
    assert [left(lambda _: (1, 2, 3), version) for version in (2, 3, 4, 9)] == [False, True, True, True]
    assert [left(lambda _: (5,), version) for version in (3, 4, 5, 6)] == [True, True, False, False]


def test_without_withdrawals_nobody_left() -> None:
    assert withdrawn([], 3, {"NZL": {(3, bytes(32))}}) == frozenset()
