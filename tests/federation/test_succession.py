"""Charters that contradict each other: only what all agree on is trusted, whatever came first, until one names them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.agreement import agreement
from federation.charter import Membership, RootMember, read
from federation.documents import DocumentClass, TravelDocument
from federation.errors import BadDocument, InvalidDirectory
from federation.routes import Route, RouteTable
from federation.signed import SignedDocument
from federation.status import DocumentCode
from federation.succession import MAX_TIPS, Succession, start
from tests.charters import first, following, member, members, proposal, route, signed, statement_of, unchecked

FOUNDERS = ("AUS", "CHL", "JPN", "NZL")
ROUTES = [route("AUS"), route("NZL")]
V1 = first(*FOUNDERS, routes=ROUTES)
# AUS and CHL sign both sides. NZL is only in A, PER only in B.
A = following(V1, *FOUNDERS, routes=ROUTES, by=("AUS", "CHL", "NZL"))
B = following(V1, "AUS", "CHL", "JPN", "PER", routes=[route("AUS"), route("PER")], by=("AUS", "CHL", "JPN"))
ALL = (*FOUNDERS, "PER")


def begun(*documents: SignedDocument) -> Succession:
    succession = start(V1, V1.digest)
    for document in documents:
        succession = succession.take(document)
    return succession


def ending(*tips: SignedDocument, by: Sequence[str] = ALL, of: Sequence[str] = FOUNDERS) -> SignedDocument:
    """A charter that names these tips, with those members, signed by these."""
    return signed(proposal([read(tip) for tip in tips], members(*of)), *by)


def refusal(succession: Succession, document: SignedDocument) -> DocumentCode:
    with pytest.raises(BadDocument) as refused:
        succession.take(document)
    return refused.value.code


class TestOneTip:
    def test_is_trusted_as_it_stands(self) -> None:
        effective = begun(A).effective()
        charter = read(A)
        assert effective == Membership("lab", 2, A.digest, charter.members, charter.routes)

    def test_there_is_no_fork(self) -> None:
        assert (begun(A).forks, begun(A).beyond_repair) == ((), False)


class TestFork:
    def test_only_members_of_all_tips_are_trusted(self) -> None:
        effective = begun(A, B).effective()
        assert set(effective.members) == {"AUS", "CHL", "JPN"}
        assert effective.routes == (route("AUS"),)
        assert effective.version == 2

    def test_whatever_came_first(self) -> None:
        assert begun(A, B) == begun(B, A)
        assert begun(A, B).effective() == begun(B, A).effective()

    def test_a_third_tip_narrows_it_further(self) -> None:
        third = following(V1, "AUS", "JPN", "NZL", by=("AUS", "JPN", "NZL"))
        effective = {frozenset(begun(*order).effective().members) for order in permutations((A, B, third))}
        assert effective == {frozenset({"AUS", "JPN"})}

    @pytest.mark.parametrize(
        "other",
        [member("NZL", "NZL 2"), member("NZL", "NZL 1", "NZL 2"), member("NZL", "NZL 1", "NZL 2", needed=2)],
        ids=["another key", "a key more", "another threshold"],
    )
    def test_a_member_with_other_keys_or_threshold_is_not_the_same(self, other: RootMember) -> None:
        rotated = following(V1, *FOUNDERS, others={"NZL": other}, by=("AUS", "CHL", "JPN"))
        assert "NZL" not in begun(A, rotated).effective().members

    def test_who_signed_both_is_named(self) -> None:
        (fork,) = begun(B, A).forks
        assert fork.parent == read(V1)
        assert {rival.digest for rival in fork.rivals} == {A.digest, B.digest}
        assert fork.culprits == ("AUS", "CHL")

    def test_more_signatures_name_more_culprits(self) -> None:
        """In whatever order the copies come."""
        further = signed(A, "JPN")
        for order in ((A, B, further), (further, B, A), (A, further, B)):
            assert begun(*order).forks[0].culprits == ("AUS", "CHL", "JPN")

    def test_a_copy_whose_further_signature_does_not_hold_changes_nothing(self) -> None:
        broken = replace(signed(A, "JPN"), signatures=tuple(
            replace(one, signature=bytes(63) + b"\1") for one in signed(A, "JPN").signatures
        ))  # fmt: skip
        assert begun(A).take(replace(A, signatures=())) == begun(A)
        assert refusal(begun(A), broken) is DocumentCode.BAD_SIGNATURE

    def test_both_are_kept_as_evidence_after_it_is_ended(self) -> None:
        ended = begun(A, B, ending(A, B))
        assert {A.digest, B.digest} <= set(ended.held)
        assert len(ended.forks) == 1

    def test_one_side_growing_longer_does_not_win(self) -> None:
        """No number of charters on one side makes the other one untrue."""
        side = [A]
        for _ in range(5):
            side.append(following(side[-1], *FOUNDERS, routes=ROUTES, by=FOUNDERS))
        succession = begun(B, *side)
        assert len(succession.tips) == 2
        assert set(succession.effective().members) == {"AUS", "CHL", "JPN"}

    def test_an_old_rival_that_comes_late_counts_as_if_it_had_come_in_time(self) -> None:
        third = following(A, *FOUNDERS, routes=ROUTES, by=FOUNDERS)
        assert begun(A, third, B) == begun(B, A, third)

    def test_who_pinned_a_later_charter_is_not_concerned(self) -> None:
        """The way out when the members of one side will never sign."""
        pinned = start(A, A.digest)
        assert refusal(pinned, B) is DocumentCode.CONFLICT
        assert pinned.effective().version == 2


class TestEnding:
    def test_by_a_charter_that_names_all_tips(self) -> None:
        ended = begun(A, B, ending(A, B))
        assert [tip.version for tip in ended.tips] == [3]
        assert set(ended.effective().members) == set(FOUNDERS)

    def test_takes_the_votes_of_every_side(self) -> None:
        """Three of A's four members, and two of B's four."""
        assert refusal(begun(A, B), ending(A, B, by=("AUS", "JPN", "NZL"))) is DocumentCode.TOO_FEW_VOTES

    def test_takes_the_votes_of_its_own_members(self) -> None:
        document = ending(A, B, by=("AUS", "CHL", "JPN"), of=("AUS", "PER", "PNG", "THA"))
        assert refusal(begun(A, B), document) is DocumentCode.TOO_FEW_VOTES

    def test_a_charter_that_names_one_of_two_tips_does_not_end_it(self) -> None:
        later = following(A, *FOUNDERS, by=FOUNDERS)
        assert len(begun(A, B, later).tips) == 2

    def test_tips_of_two_versions_are_followed_by_the_next_of_the_higher(self) -> None:
        later = following(A, *FOUNDERS, by=FOUNDERS)
        ended = begun(A, B, later).take(ending(later, B))
        assert [tip.version for tip in ended.tips] == [4]

    def test_a_tip_that_it_does_not_name_stands_beside_it(self) -> None:
        """Also one that turns up afterwards."""
        third = following(V1, "AUS", "CHL", "JPN", by=("AUS", "CHL", "JPN"))
        for order in ((A, B, ending(A, B), third), (third, A, B, ending(A, B))):
            succession = begun(*order)
            assert len(succession.tips) == 2
            assert set(succession.effective().members) == {"AUS", "CHL", "JPN"}

    def test_one_whose_tips_are_not_all_held_waits_for_them(self) -> None:
        assert refusal(begun(A), ending(A, B)) is DocumentCode.WRONG_PREVIOUS

    def test_one_that_follows_a_charter_and_one_before_that_is_refused(self) -> None:
        later = replace(statement_of(ending(A, B)), previous=tuple(sorted((V1.digest, A.digest))))
        assert refusal(begun(A), signed(unchecked(later), *ALL)) is DocumentCode.WRONG_PREVIOUS


class TestTakingAll:
    def test_needs_no_order(self) -> None:
        documents = [V1, A, B, ending(A, B), following(A, *FOUNDERS, by=FOUNDERS)]
        expected = begun(*documents)
        for order in permutations(documents):
            assert begun().take_all(order) == (expected, [])

    def test_says_of_each_that_is_refused_why(self) -> None:
        orphan = following(ending(A, B), *FOUNDERS, by=FOUNDERS)
        broken = replace(A, payload=A.payload + b"\x48\x01")
        taken, refused = begun().take_all([orphan, broken, A])
        assert taken == begun(A)
        assert [(document, error.code) for document, error in refused] == [
            (broken, DocumentCode.MALFORMED),
            (orphan, DocumentCode.WRONG_PREVIOUS),
        ]


RIVALS = [
    following(V1, *FOUNDERS, routes=[route("NZL", pattern=f"A{number}*")], by=("AUS", "CHL", "JPN"))
    for number in range(MAX_TIPS + 2)
]


class TestBeyondRepair:
    def test_up_to_the_limit_what_all_agree_on_is_trusted(self) -> None:
        succession = begun(*RIVALS[:MAX_TIPS])
        assert len(succession.tips) == MAX_TIPS
        assert set(succession.effective().members) == set(FOUNDERS)

    def test_past_it_nobody_is(self) -> None:
        succession = begun(*RIVALS[: MAX_TIPS + 1])
        assert succession.beyond_repair
        assert (succession.effective().members, succession.effective().routes) == ({}, ())

    def test_whatever_the_order(self) -> None:
        assert begun(*RIVALS[: MAX_TIPS + 1]).effective() == begun(*RIVALS[MAX_TIPS::-1]).effective()

    def test_nothing_more_is_taken_so_nothing_grows(self) -> None:
        succession = begun(*RIVALS[: MAX_TIPS + 1])
        assert refusal(succession, RIVALS[-1]) is DocumentCode.CONFLICT
        assert succession.take(RIVALS[0]) == succession

    def test_a_fork_that_was_ended_still_counts(self) -> None:
        """Or some orders would come past the limit and others not."""
        pairs, before = begun(), V1
        for _ in range(MAX_TIPS - 1):
            one = following(before, *FOUNDERS, by=FOUNDERS)
            other = following(before, *FOUNDERS, routes=[route("CHL")], by=FOUNDERS)
            before = ending(one, other, by=FOUNDERS)
            pairs = pairs.take(one).take(other).take(before)
        assert not pairs.beyond_repair
        last = [following(before, *FOUNDERS, routes=[route("JPN", pattern=text)], by=FOUNDERS) for text in ("A*", "B*")]
        assert pairs.take(last[0]).take(last[1]).beyond_repair


# Patterns that hold and share each other's numbers, of three owners.
PATTERNS = st.sampled_from(["*", "K*", "K#*", "K#######", "K1*", "K1######", "@*", "#*", "L*"])
ROUTE_LISTS = st.lists(
    st.builds(Route, st.just("CHN"), st.just(DocumentClass.P), PATTERNS, st.sampled_from(["CHN", "HKG", "JPN"])),
    unique_by=lambda one: one.pattern,
    max_size=6,
)
NUMBERS = ("K1234567", "K7654321", "K12", "KA", "L1234567", "1234567", "K")


def tables(lists: Iterable[list[Route]]) -> list[RouteTable]:
    found = []
    for routes in lists:
        try:
            found.append(RouteTable(routes))
        except InvalidDirectory:  # no charter holds such
            continue
    return found


class TestRoutes:
    @given(st.lists(ROUTE_LISTS, min_size=2, max_size=4))
    def test_a_number_is_answered_for_only_as_all_charters_say(self, lists: list[list[Route]]) -> None:
        """Whoever gained another's numbers by a fork could clear that one's stolen passports."""
        said = tables(lists)
        if not said:
            return
        charter = read(V1)
        agreed = agreement(
            [replace(charter, routes=table.routes, digest=bytes([n] * 32)) for n, table in enumerate(said)]
        )
        table = RouteTable(agreed.routes)
        for number in NUMBERS:
            document = TravelDocument("CHN", DocumentClass.P, number)
            owner = table.resolve(document)
            assert owner is None or {one.resolve(document) for one in said} == {owner}

    def test_a_wider_route_does_not_inherit(self) -> None:
        """Both sides list CHN *, one gives Hong Kong its own numbers: mainland China is not asked for these."""
        both = [route("CHN"), route("JPN")]
        hong_kong = route("HKG", "CHN", "K########")
        one, other = (
            replace(read(V1), routes=tuple(routes), digest=digest)
            for routes, digest in ((both, b"a" * 32), ([*both, hong_kong], b"b" * 32))
        )
        assert agreement([one, other]).routes == (route("JPN"),)

    def test_a_route_whose_owner_is_not_trusted_is_kept_for_nobody(self) -> None:
        """Its numbers go to no one else, and it is there again when the fork ends."""
        routes = [route("CHN"), route("HKG", "CHN", "K########")]
        v1 = first("AUS", "CHN", "HKG", "NZL", routes=routes)
        rotated = {"HKG": member("HKG", "HKG 2")}
        sides = [
            following(v1, "AUS", "CHN", "HKG", "NZL", routes=routes, by=("AUS", "CHN", "NZL")),
            following(v1, "AUS", "CHN", "HKG", "NZL", routes=routes, others=rotated, by=("AUS", "CHN", "NZL")),
        ]
        effective = start(v1, v1.digest).take(sides[0]).take(sides[1]).effective()
        assert set(effective.members) == {"AUS", "CHN", "NZL"}
        assert effective.routes == read(v1).routes
