"""Any history of charters, with members who sign whatever they like, and nodes that hear of it in any order.

The model knows each charter by what was proposed and by the labels of the keys that signed it; it never asks the code
under test who is a member or who signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import ceil

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from federation.charter import RootMember, read
from federation.errors import BadDocument
from federation.signed import SignedDocument, root_key_id
from federation.succession import MAX_TIPS, Succession, start
from tests.charters import NOW_MS, member, proposal, route, signed, spki

POOL = ("AUS", "CHL", "CHN", "HKG", "JPN", "NZL", "PER", "PHL", "USA", "VNM")
NODES = 3
CHANGES = ("add", "remove", "rotate", "two keys", "forge", "route", "nothing")


@dataclass(frozen=True)
class Keys:
    """A member in the model: its keys' labels, and how many of them sign."""

    labels: frozenset[str]
    needed: int

    def as_member(self, economy: str) -> RootMember:
        return member(economy, *sorted(self.labels), needed=self.needed)


@dataclass(frozen=True)
class Draft:
    """A charter in the model, by the digests of those it follows."""

    version: int
    previous: frozenset[bytes]
    members: dict[str, Keys]
    routed: frozenset[str]
    document: SignedDocument


class Federation(RuleBasedStateMachine):
    """Members who propose and sign, some of them colluding, and three nodes that take charters in."""

    colluding = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self.drafts: dict[bytes, Draft] = {}
        self.order: list[bytes] = []
        self.copies: list[SignedDocument] = []
        self.label_of: dict[bytes, str] = {}
        self.signed_once: dict[tuple[str, int], bytes] = {}
        self.nodes: list[Succession] = []
        self.colluders: frozenset[str] = frozenset()
        self.votes = Fraction(2, 3)
        self.serial = 0

    @initialize(count=st.integers(1, 9), votes=st.sampled_from([(2, 3), (51, 100), (4, 5), (1, 1)]))
    def found(self, count: int, votes: tuple[int, int]) -> None:
        self.votes = Fraction(*votes)
        shared = 2 * ceil(self.votes * count) - count  # by any two quorums
        many = {"nobody": 0, "too few": shared - 1, "enough": shared, "everyone": len(POOL)}
        self.colluders = frozenset(POOL[: many[self.colluding]])
        members = {economy: Keys(frozenset({f"{economy} 1"}), 1) for economy in POOL[:count]}
        digest = self.draft([], members, frozenset())
        copy = self.sign(digest, members, POOL)
        self.nodes = [start(copy, digest)] * NODES

    # What people do.

    @rule(
        node=st.integers(0, NODES - 1),
        upon=st.sampled_from(["all tips", "one tip", "any"]),
        change=st.sampled_from(CHANGES),
        pick=st.integers(0, 99),
        by=st.one_of(st.just(set(POOL)), st.sets(st.sampled_from(POOL))),
        half=st.booleans(),
    )
    def propose(self, node: int, upon: str, change: str, pick: int, by: set[str], half: bool) -> None:
        """Upon what a node holds; these sign at once, and that node hears of it."""
        held = sorted(self.nodes[node].held)
        tips = [tip.digest for tip in self.nodes[node].tips]
        parents = {"all tips": tips, "one tip": [tips[pick % len(tips)]], "any": [held[pick % len(held)]]}[upon]
        if (digest := self.propose_upon(parents, change, pick)) is not None:
            self.sign(digest, self.parties(digest), sorted(by), half=half)
            self.deliver(node, 0)

    @rule(
        draft=st.integers(0, 99),
        economies=st.sets(st.sampled_from(POOL)),
        everyone=st.booleans(),
        more=st.booleans(),
    )
    def approve(self, draft: int, economies: set[str], everyone: bool, more: bool) -> None:
        """These sign one of the latest drafts, or everyone; ``more`` adds them to those who did, else a copy is theirs."""
        digest = self.order[-1 - draft % min(3, len(self.order))]
        before = [copy for copy in self.copies if copy.digest == digest] if more else []
        self.sign(digest, self.parties(digest), POOL if everyone else sorted(economies), before[-1:])

    @rule(node=st.integers(0, NODES - 1), copy=st.integers(0, 99))
    def deliver(self, node: int, copy: int) -> None:
        """A copy reaches a node, perhaps again, and is taken in exactly when the model says so."""
        document = self.copies[-1 - copy % len(self.copies)]
        expected = self.provable(self.nodes[node], document)
        try:
            self.nodes[node] = self.nodes[node].take(document)
        except BadDocument:
            assert not expected
        else:
            assert expected

    @rule(node=st.integers(0, NODES - 1), rivals=st.sampled_from([2, 2, 3, 9]), pick=st.integers(0, 99))
    def collude(self, node: int, rivals: int, pick: int) -> None:
        """Several charters of one version, the colluders under all, everyone else under one; nodes hear of one each."""
        tips = [tip.digest for tip in self.nodes[node].tips]
        honest = sorted(set(POOL) - self.colluders)
        for number in range(rivals):
            if (digest := self.propose_upon(tips, CHANGES[(pick + number) % len(CHANGES)], pick)) is not None:
                self.sign(digest, self.parties(digest), [*self.colluders, *honest[number::rivals]])
                self.deliver((node + number) % NODES if rivals < 9 else node, 0)

    @rule(teller=st.integers(0, NODES - 1), listener=st.integers(0, NODES - 1), data=st.data())
    def tell(self, teller: int, listener: int, data: st.DataObject) -> None:
        """One node hands another all that it holds, in any order: a partition ends."""
        documents = [held.document for held in self.nodes[teller].held.values()]
        told, _ = self.nodes[listener].take_all(data.draw(st.permutations(documents)))
        assert told.beyond_repair or set(self.nodes[teller].held) <= set(told.held)
        self.nodes[listener] = told

    # What must hold.

    @invariant()
    def every_charter_held_has_the_votes_of_those_before_and_its_own(self) -> None:
        for node in self.nodes:
            for digest, held in node.held.items():
                labels = self.labels(held.document)
                for basis in {digest, *self.drafts[digest].previous}:
                    assert self.voting(self.drafts[basis].members, labels) >= self.needed(basis)

    @invariant()
    def nobody_is_trusted_who_is_not_in_every_tip(self) -> None:
        for node in self.nodes:
            tips = [self.drafts[digest] for digest in self.open_ends(set(node.held))]
            for economy, trusted in node.effective().members.items():
                assert all(tip.members[economy].as_member(economy) == trusted for tip in tips)

    @invariant()
    def a_single_tip_is_trusted_as_it_stands(self) -> None:
        for node in self.nodes:
            ends = self.open_ends(set(node.held))
            if len(ends) == 1 and not node.beyond_repair:
                assert node.effective().digest == min(ends)
                assert set(node.effective().members) == set(self.drafts[min(ends)].members)

    @invariant()
    def there_are_never_more_tips_than_are_kept_apart(self) -> None:
        for node in self.nodes:
            assert node.beyond_repair or len(node.tips) <= MAX_TIPS

    @invariant()
    def a_fork_is_the_work_of_those_it_names(self) -> None:
        """As many as two quorums share at the least, and none who signs one charter a version."""
        for node in self.nodes:
            for fork in node.forks:
                parent = self.drafts[fork.parent.digest].members
                for economy in fork.culprits:
                    assert economy in self.colluders or any(" x" in label for label in parent[economy].labels)
                versions = [rival.version for rival in fork.rivals]
                if len(set(versions)) < len(versions):
                    assert len(fork.culprits) >= max(1, 2 * self.needed(fork.parent.digest) - len(parent))

    @invariant()
    def without_colluders_there_is_one_charter_a_version(self) -> None:
        if not self.colluders:
            adopted = {digest for node in self.nodes for digest in node.held}
            assert all(self.drafts[a].version != self.drafts[b].version for a, b in combinations(adopted, 2))

    def teardown(self) -> None:
        """Whatever the order in which all that was ever signed is heard of, it comes to the same."""
        if not self.nodes:
            return
        anchor = self.copies[0]
        orders = (self.copies, self.copies[::-1], sorted(self.copies, key=lambda copy: copy.digest))
        outcomes = [heard_until_nothing_changes(start(anchor, anchor.digest), order) for order in orders]
        if any(outcome.beyond_repair for outcome in outcomes):
            assert all(outcome.beyond_repair and not outcome.effective().members for outcome in outcomes)
        else:
            assert all(outcome.effective() == outcomes[0].effective() for outcome in outcomes)
            assert all(outcome.forks == outcomes[0].forks for outcome in outcomes)

    # The model.

    def draft(self, parents: list[bytes], members: dict[str, Keys], routed: frozenset[str]) -> bytes:
        document = proposal(
            [read(self.drafts[parent].document) for parent in parents],
            [keys.as_member(economy) for economy, keys in members.items()],
            routes=[route(economy) for economy in routed],
            votes=(self.votes.numerator, self.votes.denominator),
            proposed_at=NOW_MS + self.serial,  # no two are one
        )
        version = 1 + max((self.drafts[parent].version for parent in parents), default=0)
        self.order.append(document.digest)
        self.drafts[document.digest] = Draft(version, frozenset(parents), members, routed, document)
        return document.digest

    def propose_upon(self, parents: list[bytes], change: str, pick: int) -> bytes | None:
        """The digest of a draft; None where the change would leave nobody."""
        parents = parents[:MAX_TIPS]  # beyond repair there is one more, and nothing that could name them all
        members = dict(self.drafts[parents[0]].members)
        routed = self.drafts[parents[0]].routed & set(members)
        economy = sorted(members)[pick % len(members)]
        self.serial += 1
        if change == "add":
            new = POOL[pick % len(POOL)]
            members.setdefault(new, Keys(frozenset({f"{new} {self.serial}"}), 1))
        elif change == "remove":
            del members[economy]
        elif change in {"rotate", "forge"}:
            label = f"{economy} {self.serial}" if change == "rotate" else f"{economy} x{self.serial}"
            members[economy] = Keys(frozenset({label}), 1)
        elif change == "two keys":
            members[economy] = Keys(frozenset({f"{economy} {self.serial}", f"{economy} {self.serial}b"}), 2)
        elif change == "route":
            routed ^= {economy}
        return self.draft(parents, members, routed & set(members)) if members else None

    def parties(self, digest: bytes) -> dict[str, Keys]:
        """Every key by which a member has a say in a draft: listed before, or in it."""
        found: dict[str, frozenset[str]] = {}
        for basis in (digest, *self.drafts[digest].previous):
            for economy, keys in self.drafts[basis].members.items():
                found[economy] = found.get(economy, frozenset()) | keys.labels
        return {economy: Keys(labels, 1) for economy, labels in found.items()}

    def sign(
        self,
        digest: bytes,
        parties: dict[str, Keys],
        economies: Iterable[str],
        before: Iterable[SignedDocument] = (),
        half: bool = False,
    ) -> SignedDocument:
        """A new copy with the signatures of those among ``economies`` who sign it; forged keys sign with colluders.

        With ``half``, of two keys only one signs.
        """
        labels: set[str] = set()
        for economy in economies:
            version = self.drafts[digest].version
            if economy in self.colluders or self.signed_once.setdefault((economy, version), digest) == digest:
                labels |= {label for label in parties.get(economy, Keys(frozenset(), 0)).labels if " x" not in label}
        if self.colluders & set(economies):
            labels |= {label for keys in parties.values() for label in keys.labels if " x" in label}
        labels -= {label for label in labels if half and label.endswith("b")}
        self.label_of |= {root_key_id(spki(label)): label for label in labels}
        (document,) = list(before) or [self.drafts[digest].document]
        self.copies.append(signed(document, *sorted(labels)))
        return self.copies[-1]

    def labels(self, document: SignedDocument) -> set[str]:
        return {self.label_of[one.key_id] for one in document.signatures}

    def needed(self, digest: bytes) -> int:
        return ceil(self.votes * len(self.drafts[digest].members))

    @staticmethod
    def voting(members: dict[str, Keys], labels: set[str]) -> int:
        return sum(len(keys.labels & labels) >= keys.needed for keys in members.values())

    def provable(self, node: Succession, document: SignedDocument) -> bool:
        draft = self.drafts[document.digest]
        if document.digest in node.held:
            return True
        if node.beyond_repair or not draft.previous or not draft.previous <= set(node.held):
            return False
        if any(draft.previous & self.before(parent) for parent in draft.previous):
            return False
        labels = self.labels(document)
        return all(
            self.voting(self.drafts[basis].members, labels) >= self.needed(basis)
            for basis in (document.digest, *draft.previous)
        )

    def before(self, digest: bytes) -> set[bytes]:
        previous = self.drafts[digest].previous
        return set(previous).union(*(self.before(one) for one in previous))

    def open_ends(self, held: set[bytes]) -> set[bytes]:
        return held - {previous for digest in held for previous in self.drafts[digest].previous}


def heard_until_nothing_changes(succession: Succession, documents: list[SignedDocument]) -> Succession:
    """Taken in as they come, and again: what follows a charter that is not there yet is refused at first."""
    while True:
        heard = succession
        for document in documents:
            try:
                heard = heard.take(document)
            except BadDocument:
                continue
        if heard == succession:
            return heard
        succession = heard


def machine(colluding: str) -> type[Federation]:
    return type("Federation", (Federation,), {"colluding": colluding})


COLLUDING = pytest.mark.parametrize("colluding", ["nobody", "too few", "enough", "everyone"])


@COLLUDING
def test_members_change_by_their_rule_alone_in_any_history(colluding: str) -> None:
    """E13: they are added, leave, change keys and are impersonated; nodes are apart, and hear of things twice."""
    run_state_machine_as_test(machine(colluding), settings=settings(max_examples=10, stateful_step_count=25))


@pytest.mark.soak
@COLLUDING
def test_members_change_by_their_rule_alone_in_ten_thousand_steps(colluding: str) -> None:
    """E13."""
    long = settings(max_examples=100, stateful_step_count=100, derandomize=False)
    run_state_machine_as_test(machine(colluding), settings=long)
