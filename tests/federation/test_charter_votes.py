"""A charter is changed by enough members of the one before and of its own, each with one vote, in steps of one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from federation.charter import check_succession, read, voters
from federation.errors import BadDocument
from federation.proposal import PROPOSAL_MS
from federation.signed import RootSignature, SignedDocument, root_key_id
from federation.status import DocumentCode
from federation.succession import Succession, start
from tests.charters import (
    NOW_MS,
    first,
    following,
    member,
    members,
    proposal,
    route,
    signed,
    spki,
    statement_of,
    unchecked,
)

FOUNDERS = ("AUS", "CHL", "JPN", "NZL", "USA")
V1 = first(*FOUNDERS, votes=(4, 5))


def begun(document: SignedDocument = V1) -> Succession:
    return start(document, document.digest)


def refusal(succession: Succession, document: SignedDocument) -> DocumentCode:
    with pytest.raises(BadDocument) as refused:
        succession.take(document)
    assert refused.value.message.endswith(".")
    return refused.value.code


def next_one(*labels: str, of: tuple[str, ...] = FOUNDERS) -> SignedDocument:
    """A second charter of the founders' federation, with this one's members, signed with these root keys."""
    return signed(proposal([read(V1)], members(*of), votes=(4, 5)), *labels)


class TestAnchor:
    def test_is_the_pinned_one_and_no_other(self) -> None:
        with pytest.raises(BadDocument) as refused:
            start(first("AUS", "NZL"), V1.digest)
        assert refused.value.code is DocumentCode.CONFLICT

    def test_of_version_1_has_the_signatures_of_all_its_members(self) -> None:
        short = signed(replace(V1, signatures=()), *FOUNDERS[:-1])
        with pytest.raises(BadDocument) as refused:
            start(short, V1.digest)
        assert refused.value.code is DocumentCode.TOO_FEW_VOTES
        assert "USA" in refused.value.message

    def test_of_a_joiner_has_the_votes_of_its_own_members(self) -> None:
        v2 = next_one("AUS", "CHL", "JPN", "NZL")
        assert start(v2, v2.digest).effective().version == 2
        with pytest.raises(BadDocument) as refused:
            start(replace(v2, signatures=v2.signatures[:3]), v2.digest)
        assert refused.value.code is DocumentCode.TOO_FEW_VOTES

    def test_a_joiner_takes_what_follows_and_nothing_from_before(self) -> None:
        v2 = next_one("AUS", "CHL", "JPN", "NZL")
        joined = begun(v2)
        v3 = signed(proposal([read(v2)], members(*FOUNDERS[1:]), votes=(4, 5)), *FOUNDERS)
        assert joined.take(v3).effective().version == 3
        assert refusal(joined, V1) is DocumentCode.OLDER
        assert refusal(joined, next_one(*FOUNDERS, of=FOUNDERS[:4])) is DocumentCode.CONFLICT


class TestChain:
    def test_twenty_versions_are_adopted_step_by_step(self) -> None:
        """E01."""
        succession, before = begun(), V1
        for version in range(2, 21):
            routes = [route("NZL", pattern=f"A{version:02d}*")]
            after = signed(proposal([read(before)], members(*FOUNDERS), routes=routes, votes=(4, 5)), *FOUNDERS[:4])
            succession = succession.take(after)
            assert succession.effective().version == version
            assert [tip.digest for tip in succession.tips] == [after.digest]
            before = after
        assert succession.forks == ()

    def test_members_join_leave_and_change_their_keys(self) -> None:
        v2 = following(V1, *FOUNDERS, "PER", by=FOUNDERS)
        v3 = following(v2, *FOUNDERS[1:], "PER", by=("CHL", "JPN", "NZL", "PER"))
        rotated = {"NZL": member("NZL", "NZL 2", "NZL 3", needed=2)}
        v4 = following(v3, *FOUNDERS[1:], "PER", others=rotated, by=("CHL", "JPN", "USA", "PER", "NZL 2", "NZL 3"))
        effective = begun().take(v2).take(v3).take(v4).effective()
        assert set(effective.members) == {"CHL", "JPN", "NZL", "PER", "USA"}
        assert effective.members["NZL"] == rotated["NZL"]

    def test_a_version_is_not_stepped_over(self) -> None:
        """E04."""
        v2 = next_one(*FOUNDERS)
        v3 = following(v2, *FOUNDERS, by=FOUNDERS)
        assert refusal(begun(), v3) is DocumentCode.WRONG_PREVIOUS
        skipping = unchecked(replace(statement_of(v2), version=3))
        assert refusal(begun(), signed(skipping, *FOUNDERS)) is DocumentCode.WRONG_VERSION

    def test_a_lower_version_is_refused(self) -> None:
        """E04: also one that names a later charter."""
        v2 = next_one(*FOUNDERS)
        v3 = following(v2, *FOUNDERS[:4], by=FOUNDERS)
        lower = unchecked(replace(statement_of(v3), version=2))
        assert refusal(begun().take(v2), signed(lower, *FOUNDERS)) is DocumentCode.WRONG_VERSION
        assert refusal(begun(v2), V1) is DocumentCode.OLDER

    def test_an_equal_version_of_other_content_is_a_fork(self) -> None:
        """E04: told apart, kept, and known by those who signed both."""
        one, other = next_one("AUS", "CHL", "JPN", "NZL"), next_one("CHL", "JPN", "NZL", "USA", of=FOUNDERS[1:])
        succession = begun().take(one).take(other)
        (fork,) = succession.forks
        assert {rival.digest for rival in fork.rivals} == {one.digest, other.digest}
        assert fork.culprits == ("CHL", "JPN", "NZL")
        assert set(succession.held) == {V1.digest, one.digest, other.digest}

    def test_one_of_another_federation_is_refused(self) -> None:
        other = unchecked(replace(statement_of(next_one(*FOUNDERS)), federation="other"))
        assert refusal(begun(), signed(other, *FOUNDERS)) is DocumentCode.OTHER_FEDERATION

    def test_the_parents_are_all_that_are_named(self) -> None:
        v2 = next_one(*FOUNDERS)
        for parents in ([], [read(V1), read(v2)]):
            with pytest.raises(BadDocument) as refused:
                check_succession(v2, read(v2), parents)
            assert refused.value.code is DocumentCode.WRONG_PREVIOUS

    def test_when_it_was_proposed_does_not_matter_once_it_has_its_votes(self) -> None:
        old = following(V1, *FOUNDERS, by=FOUNDERS, proposed_at=NOW_MS - 20 * PROPOSAL_MS)
        assert begun().take(old).effective().version == 2


class TestVotes:
    def test_of_the_members_before_alone_are_not_enough(self) -> None:
        """E03: all of five old members, and one of four new ones."""
        assert refusal(begun(), next_one(*FOUNDERS, of=("AUS", "PER", "PNG", "THA"))) is DocumentCode.TOO_FEW_VOTES

    def test_of_the_new_members_alone_are_not_enough(self) -> None:
        """E03: three of the old members, and all of the new ones."""
        new = ("AUS", "CHL", "JPN", "PER", "PNG", "THA")
        assert refusal(begun(), next_one(*new, of=new)) is DocumentCode.TOO_FEW_VOTES

    def test_by_the_keys_before_do_not_count_for_new_keys(self) -> None:
        """E03: a change of all root keys has the votes of the keys before and of those after."""
        fresh = [member(economy, f"{economy} 2") for economy in FOUNDERS]
        change = proposal([read(V1)], fresh, votes=(4, 5))
        old, new = FOUNDERS, tuple(f"{economy} 2" for economy in FOUNDERS)
        assert refusal(begun(), signed(change, *old)) is DocumentCode.TOO_FEW_VOTES
        assert refusal(begun(), signed(change, *new)) is DocumentCode.TOO_FEW_VOTES
        assert begun().take(signed(change, *old, *new)).effective().members["NZL"] == fresh[3]

    def test_a_lower_rule_is_adopted_by_the_rule_before(self) -> None:
        lower = proposal([read(V1)], members(*FOUNDERS), votes=(51, 100))
        assert refusal(begun(), signed(lower, *FOUNDERS[:3])) is DocumentCode.TOO_FEW_VOTES
        assert begun().take(signed(lower, *FOUNDERS[:4])).effective().version == 2

    def test_a_higher_rule_binds_the_charter_that_brings_it(self) -> None:
        higher = proposal([read(V1)], members(*FOUNDERS), votes=(1, 1))
        assert refusal(begun(), signed(higher, *FOUNDERS[:4])) is DocumentCode.TOO_FEW_VOTES

    def test_two_members_need_both(self) -> None:
        two = first("AUS", "NZL")
        assert refusal(begun(two), following(two, "AUS", by=("AUS",))) is DocumentCode.TOO_FEW_VOTES

    def test_a_member_alone_decides_alone(self) -> None:
        one = first("NZL")
        assert begun(one).take(following(one, "NZL", "AUS", by=("NZL", "AUS"))).effective().version == 2

    def test_one_signature_four_times_is_one_vote(self) -> None:
        """E02."""
        once = next_one("AUS")
        assert refusal(begun(), replace(once, signatures=once.signatures * 4)) is DocumentCode.TOO_FEW_VOTES

    def test_one_signature_under_other_key_ids_does_not_hold(self) -> None:
        """E02."""
        once = next_one("AUS")
        copies = [replace(once.signatures[0], key_id=root_key_id(spki(f"{economy} 1"))) for economy in FOUNDERS[:4]]
        assert refusal(begun(), replace(once, signatures=tuple(copies))) is DocumentCode.BAD_SIGNATURE

    def test_the_mirrored_signature_is_no_second_one(self) -> None:
        """E02: anybody can make r, n-s of r, s."""
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        once = next_one("AUS")
        (one,) = once.signatures
        mirrored = one.signature[:32] + (order - int.from_bytes(one.signature[32:], "big")).to_bytes(32, "big")
        both = replace(once, signatures=(one, RootSignature(one.key_id, mirrored)))
        assert voters(both, read(V1)) == {"AUS"}

    def test_a_member_has_one_vote_with_all_its_root_keys(self) -> None:
        """E02."""
        rich = [member("AUS", *(f"AUS {number}" for number in range(1, 6)), needed=1), *members("CHL", "NZL")]
        v1 = signed(proposal([], rich), "AUS", "CHL", "NZL")
        v2 = signed(proposal([read(v1)], rich[:1]), *(f"AUS {number}" for number in range(1, 6)))
        assert voters(v2, read(v1)) == {"AUS"}
        assert refusal(begun(v1), v2) is DocumentCode.TOO_FEW_VOTES

    def test_a_member_has_none_with_fewer_keys_than_it_needs(self) -> None:
        careful = [member("AUS", "AUS 1", "AUS 2", "AUS 3", needed=2), *members("NZL")]
        v1 = signed(proposal([], careful), "AUS 1", "AUS 3", "NZL")
        v2 = proposal([read(v1)], careful, routes=[route("NZL")])
        assert voters(signed(v2, "AUS 2", "NZL"), read(v1)) == {"NZL"}
        assert refusal(begun(v1), signed(v2, "AUS 2", "NZL")) is DocumentCode.TOO_FEW_VOTES
        assert begun(v1).take(signed(v2, "AUS 2", "AUS 1", "NZL")).effective().version == 2

    def test_a_strangers_signature_counts_for_nothing_and_is_not_kept(self) -> None:
        stranger = next_one("AUS", "CHL", "JPN", "THA", "PNG")
        assert refusal(begun(), stranger) is DocumentCode.TOO_FEW_VOTES
        padded = signed(next_one("AUS", "CHL", "JPN", "NZL"), "THA", "PNG")
        kept = begun().take(padded).held[padded.digest].document
        assert len(kept.signatures) == 4

    def test_a_signature_that_does_not_hold_refuses_the_document(self) -> None:
        """Nobody then has to ask which of its signatures counted."""
        good = next_one(*FOUNDERS)
        bad = replace(good.signatures[0], signature=good.signatures[1].signature)
        assert refusal(begun(), replace(good, signatures=(bad, *good.signatures[1:]))) is DocumentCode.BAD_SIGNATURE

    def test_a_key_does_not_pass_from_one_member_to_another(self) -> None:
        """E02: its holder would vote as the one before and as the other after."""
        passed = [member("AUS", "AUS 2"), member("CHL", "AUS 1"), *members("JPN", "NZL", "USA")]
        change = signed(proposal([read(V1)], passed, votes=(4, 5)), *FOUNDERS, "AUS 2")
        assert refusal(begun(), change) is DocumentCode.SHARED_KEY

    def test_signatures_for_another_charter_are_none_for_this_one(self) -> None:
        lent = replace(next_one(of=FOUNDERS[1:]), signatures=next_one(*FOUNDERS).signatures)
        assert refusal(begun(), lent) is DocumentCode.BAD_SIGNATURE

    def test_valid_votes_over_a_body_that_does_not_hold_together_are_for_nothing(self) -> None:
        """E08: refused whoever signed it, and the succession is as it was."""
        shared = replace(
            statement_of(next_one()), members=tuple((economy, (spki("AUS 1"),), 1) for economy in ("AUS", "CHL"))
        )
        before = begun()
        assert refusal(before, signed(unchecked(shared), *FOUNDERS)) is DocumentCode.SHARED_KEY
        assert before == begun()
