"""Every charter that proves itself, from the pinned one on, and whom to trust by them (docs/spec/9-trust.md, 9.4).

A charter proves itself upon the charters it names, by signatures alone: when it came, and from whom, changes nothing.
So whoever holds the same charters trusts the same members, and nobody gains by delivering one first
(docs/adr/025-charters-and-forks.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import Final

from federation.agreement import agreement
from federation.charter import Charter, Membership, check_place, read, require_votes, voters
from federation.charter_codec import decode_charter
from federation.envelope import PayloadType
from federation.errors import BadDocument
from federation.signed import SignedDocument, merge, require_type, root_key_id
from federation.status import DocumentCode

MAX_TIPS: Final = 8


@dataclass(frozen=True, slots=True)
class Held:
    """A charter that proved itself, and its document with the signatures that count.

    ``votes`` says who signed, by the digest of the charter whose members they are: each one it follows (none for the
    pinned one), and itself.
    """

    charter: Charter
    document: SignedDocument
    votes: Mapping[bytes, frozenset[str]]

    @property
    def signed_by(self) -> frozenset[str]:
        """The charter's own members that signed it."""
        return self.votes[self.charter.digest]


@dataclass(frozen=True, slots=True)
class Fork:
    """Charters that all follow ``parent``, ascending by version and digest; evidence also after it has been ended.

    ``culprits`` signed two of one version, which no member has reason to. Where two have one version there is at least
    one: any two quorums of ``parent`` share a member.
    """

    parent: Charter
    rivals: tuple[Charter, ...]
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Succession:
    """The charters held, by digest; all rest upon the pinned one, whose digest is ``anchor``. ``start`` makes one."""

    anchor: bytes
    held: Mapping[bytes, Held]

    @property
    def tips(self) -> tuple[Charter, ...]:
        """The charters that no held one follows, ascending by version and digest; more than one is an open fork."""
        followed = self._followers()
        return _ascending(held.charter for digest, held in self.held.items() if digest not in followed)

    @property
    def forks(self) -> tuple[Fork, ...]:
        """Every fork there ever was, ended or open, by the version of the charter that several follow."""
        found = {digest: rivals for digest, rivals in self._followers().items() if len(rivals) > 1}
        return tuple(
            Fork(parent, _ascending(found[parent.digest]), self._culprits(parent, found[parent.digest]))
            for parent in _ascending(self.held[digest].charter for digest in found)
        )

    @property
    def beyond_repair(self) -> bool:
        """Whether there are more rivals than are kept apart: then nobody is trusted until an operator pins a charter.

        Counted is what can only grow, whatever comes in which order: the charters beyond the first that follow one.
        Each can add one tip, so before this there are never more than ``MAX_TIPS``.
        """
        return sum(len(rivals) - 1 for rivals in self._followers().values()) >= MAX_TIPS

    def effective(self) -> Membership:
        """Whom to trust: by one tip its members, in an open fork what all tips agree on, beyond repair nobody."""
        membership = agreement(self.tips)
        if self.beyond_repair:
            return replace(membership, members=MappingProxyType({}), routes=())
        return membership

    def take(self, document: SignedDocument) -> Succession:
        """The succession with this charter too, or with more signatures under one that is held.

        Raises BadDocument: OLDER or CONFLICT for a charter before or beside the pinned one, WRONG_PREVIOUS when it
        follows one that is not held, CONFLICT when the succession is beyond repair; and what ``charter.read``,
        ``charter.check_place`` and ``charter.require_votes`` raise.
        """
        if document.digest in self.held:
            return self._with_signatures(document)
        if self.beyond_repair:
            raise BadDocument(
                DocumentCode.CONFLICT,
                "Too many charters contradict each other to be told apart; agree with the other members on one, by voice,"
                " and pin it.",
            )
        parents = self._parents(document)
        # Before the rest of it is looked at: only who can change the charter can make us compare thousands of routes.
        votes = {parent.digest: require_votes(document, parent) for parent in parents}
        charter = read(document)
        check_place(charter, parents)
        votes[charter.digest] = require_votes(document, charter)
        return self._with(Held(charter, _counting(document, [charter, *parents]), MappingProxyType(votes)))

    def take_all(
        self, documents: Iterable[SignedDocument]
    ) -> tuple[Succession, list[tuple[SignedDocument, BadDocument]]]:
        """The succession with all of these that prove themselves, in whatever order they are given; and why not the rest."""
        refused: list[tuple[SignedDocument, BadDocument]] = []
        readable: list[tuple[int, bytes, SignedDocument]] = []
        for document in documents:
            try:
                readable.append((decode_charter(document.payload).version, document.digest, document))
            except BadDocument as error:
                refused.append((document, error))
        taken = self
        for _, _, document in sorted(readable, key=lambda one: one[:2]):
            try:
                taken = taken.take(document)
            except BadDocument as error:
                refused.append((document, error))
        return taken, refused

    def _followers(self) -> dict[bytes, list[Charter]]:
        followers: dict[bytes, list[Charter]] = {}
        for held in self.held.values():
            for digest in held.charter.previous:
                if digest in self.held:
                    followers.setdefault(digest, []).append(held.charter)
        return followers

    def _culprits(self, parent: Charter, rivals: Iterable[Charter]) -> tuple[str, ...]:
        twice: set[str] = set()
        for one, other in combinations(rivals, 2):
            if one.version == other.version:
                twice |= self.held[one.digest].votes[parent.digest] & self.held[other.digest].votes[parent.digest]
        return tuple(sorted(twice))

    def _parents(self, document: SignedDocument) -> list[Charter]:
        require_type(document, PayloadType.CHARTER)
        statement = decode_charter(document.payload)
        anchor = self.held[self.anchor].charter
        if statement.federation != anchor.federation:
            raise BadDocument(
                DocumentCode.OTHER_FEDERATION, f"The charter is not one of the federation {anchor.federation}."
            )
        if statement.version < anchor.version:
            raise BadDocument(
                DocumentCode.OLDER, f"The charter comes before {anchor}, which is pinned here; it is not needed."
            )
        if statement.version == anchor.version:
            raise BadDocument(
                DocumentCode.CONFLICT,
                f"Beside {anchor}, which is pinned here, there is another of this version; compare by voice with the other"
                " members which is right.",
            )
        missing = [digest for digest in statement.previous if digest not in self.held]
        if missing:
            raise BadDocument(
                DocumentCode.WRONG_PREVIOUS,
                f"The charter follows {missing[0].hex()[:16]}, which is not held here; take that one in first.",
            )
        parents = [self.held[digest].charter for digest in statement.previous]
        if self._ancestors(parents) & set(statement.previous):
            raise BadDocument(
                DocumentCode.WRONG_PREVIOUS,
                "The charter follows another and one that this other follows; propose it anew upon the later one.",
            )
        return parents

    def _ancestors(self, charters: list[Charter]) -> set[bytes]:
        found: set[bytes] = set()
        ahead = [digest for charter in charters for digest in charter.previous]
        while ahead:
            digest = ahead.pop()
            if digest in self.held and digest not in found:
                found.add(digest)
                ahead += self.held[digest].charter.previous
        return found

    def _with_signatures(self, document: SignedDocument) -> Succession:
        held = self.held[document.digest]
        parents = [self.held[digest].charter for digest in held.charter.previous if digest in self.held]
        merged = merge(held.document, _counting(document, [held.charter, *parents]))
        if len(merged.signatures) == len(held.document.signatures):
            return self
        votes = {one.digest: voters(merged, one) for one in (held.charter, *parents)}
        return self._with(Held(held.charter, merged, MappingProxyType(votes)))

    def _with(self, held: Held) -> Succession:
        return replace(self, held=MappingProxyType({**self.held, held.charter.digest: held}))


def start(document: SignedDocument, pinned: bytes) -> Succession:
    """A succession from the charter whose digest (32 octets) is pinned: the first one, or that by which a joiner joins.

    Raises BadDocument: CONFLICT when it is another charter, TOO_FEW_VOTES when not all members signed a first one or too
    few a later one, and as ``charter.read``.
    """
    if document.digest != pinned:
        raise BadDocument(
            DocumentCode.CONFLICT,
            f"This is charter {document.digest.hex()[:16]} and {pinned.hex()[:16]} is pinned; compare by voice which is"
            " right.",
        )
    charter = read(document)
    signed = require_votes(document, charter)
    if charter.version == 1 and len(signed) < len(charter.members):
        missing = ", ".join(sorted(set(charter.members) - signed))
        raise BadDocument(DocumentCode.TOO_FEW_VOTES, f"All members sign the first charter; these did not: {missing}.")
    # Whose members voted for a joiner's charter is not known here; what they signed is kept, to be passed on.
    return Succession(pinned, MappingProxyType({pinned: Held(charter, document, MappingProxyType({pinned: signed}))}))


def _counting(document: SignedDocument, charters: list[Charter]) -> SignedDocument:
    """The document with the signatures of these charters' members alone: nobody can make one grow by adding others."""
    keys = {root_key_id(key) for charter in charters for member in charter.members.values() for key in member.root_keys}
    return replace(document, signatures=tuple(one for one in document.signatures if one.key_id in keys))


def _ascending(charters: Iterable[Charter]) -> tuple[Charter, ...]:
    return tuple(sorted(charters, key=lambda one: (one.version, one.digest)))
