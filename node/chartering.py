"""Proposing, comparing and approving charters, on files carried by hand: no node, no network (docs/spec/9-trust.md).

A proposal is a charter that has not enough signatures yet; it becomes one by gathering them. Nobody's proposal changes
anything until the members' root keys, each on its own machine, have signed that very charter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certs.keys import encode_public
from certs.signing import Signer
from federation import charter as rules
from federation import proposal as proposing
from federation import signed
from federation.charter import Charter
from federation.charter_codec import MAX_CHARTER_OCTETS, decode_document, encode_document
from federation.errors import BadDocument
from federation.signed import SignedDocument, root_key_id
from federation.status import DocumentCode
from node import carried, root_record
from node.accession import Joiner
from node.charter_draft import Draft
from node.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Proposal:
    """A charter in a file, signed by however many."""

    document: SignedDocument
    charter: Charter


@dataclass(frozen=True, slots=True)
class Count:
    """The votes a proposal has among the members of one charter; each member has one, however many root keys."""

    charter: Charter
    signed: frozenset[str]
    needed: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Members that have not signed."""
        return tuple(sorted(self.charter.members.keys() - self.signed))

    @property
    def enough(self) -> bool:
        """Whether they are as many as this charter's rule asks."""
        return len(self.signed) >= self.needed


@dataclass(frozen=True, slots=True)
class Review:
    """A proposal beside the charters it follows, ``parents``, none for the first."""

    proposal: Proposal
    parents: tuple[Proposal, ...]
    counts: tuple[Count, ...]
    lapsed: bool

    @property
    def lapses_ms(self) -> int:
        """When it can be approved no more, milliseconds since 1970; one with enough votes never ends."""
        return self.proposal.charter.proposed_at + proposing.PROPOSAL_MS

    @property
    def in_force(self) -> bool:
        """Whether every node that holds the charters before would take it as the next one."""
        return all(count.enough for count in self.counts)

    @property
    def new_keys(self) -> list[tuple[str, bytes]]:
        """Root keys that none of the charters before lists, with their members: whoever approves compares each in full."""
        known = {key for parent in self.parents for one in parent.charter.members.values() for key in one.root_keys}
        return [
            (economy, root_key_id(key))
            for economy, member in self.proposal.charter.members.items()
            for key in member.root_keys
            if key not in known
        ]

    @property
    def differences(self) -> list[tuple[str, list[str]]]:
        """In plain language, against each charter it follows: that one's name, and what changes."""
        new = self.proposal.charter
        if not self.parents:
            return [("nothing", proposing.difference(None, new))]
        return [(str(parent.charter), proposing.difference(parent.charter, new)) for parent in self.parents]


def read(path: Path) -> Proposal:
    """The charter in a file. Raises OperatorError FILE_UNREADABLE, BadDocument."""
    document = decode_document(carried.read(path, MAX_CHARTER_OCTETS))
    return Proposal(document, rules.read(document))


def propose(draft: Draft, parents: Sequence[Proposal], now_ms: int) -> Proposal:
    """The charter that makes ``draft`` follow ``parents`` (none for the first), unsigned.

    Raises BadDocument when it does not hold together, or could never follow them.
    """
    charters = [parent.charter for parent in parents]
    document = proposing.propose(charters, draft.federation, draft.members, draft.routes, draft.votes, now_ms)
    # By the bytes, as every other reader will: what one would refuse is handed to nobody.
    document = decode_document(encode_document(document))
    proposal = Proposal(document, rules.read(document))
    review(proposal, parents, now_ms)
    return proposal


def with_joiners(draft: Draft, joiners: Sequence[Joiner]) -> Draft:
    """The draft with these as members too, each with the routes it asked for.

    Raises OperatorError REQUEST_FOREIGN for another federation's, MEMBER_ALREADY.
    """
    for joiner in joiners:
        request = joiner.request
        if request.federation != draft.federation:
            message = (
                f"{request.member.economy} asks to join {request.federation}, not {draft.federation}; it"
                f" needs a node of that federation: `rmas init --federation {draft.federation}`, and a new request."
            )
            raise OperatorError("REQUEST_FOREIGN", message)
        draft = draft.with_member(request.member, request.routes)
    return draft


def review(proposal: Proposal, parents: Sequence[Proposal], now_ms: int) -> Review:
    """What a proposal changes, who has signed, and whether it would be in force.

    Raises BadDocument: WRONG_VERSION or WRONG_PREVIOUS when it does not follow ``parents``, OTHER_FEDERATION, SHARED_KEY,
    BAD_SIGNATURE.
    """
    document, new = proposal.document, proposal.charter
    charters = [parent.charter for parent in parents]
    try:
        rules.check_succession(document, new, charters)
    except BadDocument as error:
        if error.code is not DocumentCode.TOO_FEW_VOTES:
            raise
    counts = [Count(one, rules.voters(document, one), rules.votes_needed(one)) for one in charters]
    return Review(
        proposal, tuple(parents), (*counts, own_count(proposal)), now_ms >= new.proposed_at + proposing.PROPOSAL_MS
    )


def own_count(proposal: Proposal) -> Count:
    """The votes a charter has among its own members. Raises BadDocument BAD_SIGNATURE."""
    charter = proposal.charter
    # The first charter rests on nothing before it, so all its members sign it.
    needed = rules.votes_needed(charter) if charter.previous else len(charter.members)
    return Count(charter, rules.voters(proposal.document, charter), needed)


def require_open(reviewed: Review, now_ms: int) -> None:
    """Raises BadDocument LAPSED, NOT_YET: a proposal is approved within 180 days, and not before it was made."""
    proposing.require_current_proposal(reviewed.proposal.charter, now_ms)


def approve(reviewed: Review, key: Path, unlock: Callable[[], Signer], now_ms: int) -> SignedDocument:
    """Sign a proposal with the root key in the file ``key``, which ``unlock`` opens: one charter a version, ever.

    1. It has not lapsed. 2. The key is one that this charter, or one it follows, lists. 3. That the key signs this
    charter of this version is on disk. 4. It signs.

    Raises BadDocument LAPSED, NOT_YET; OperatorError ROOT_NOT_LISTED, and as `node.root_record.claim`.
    """
    new = reviewed.proposal.charter
    require_open(reviewed, now_ms)
    signer = unlock()
    key_id = root_key_id(encode_public(signer.public_key))
    if owner(reviewed, key_id) is None:
        message = (
            f"No member of this charter or the one before lists this key ({key_id.hex()[:16]}); take the right one."
        )
        raise OperatorError("ROOT_NOT_LISTED", message)
    root_record.claim(key, key_id, new.federation, new.version, new.digest)
    return signed.sign(reviewed.proposal.document, signer)


def owner(reviewed: Review, key_id: bytes) -> str | None:
    """The member whose root key this is, by the proposal or what it follows; None if it is nobody's."""
    for count in reviewed.counts:
        for economy, member in count.charter.members.items():
            if key_id in map(root_key_id, member.root_keys):
                return economy
    return None


def merge(one: Proposal, other: Proposal) -> SignedDocument:
    """The signatures of two copies of one proposal together.

    Raises BadDocument: CONFLICT when they are two proposals, BAD_SIGNATURE when a member's signature does not hold.
    """
    joined = signed.merge(one.document, other.document)
    rules.voters(joined, one.charter)
    return joined
