"""The charter: who the members are, and the rule by which it is changed (docs/spec/9-trust.md, 9.2 and 9.3).

What is checked here follows from the documents alone, never from when they came. What a whole history of charters says
is ``federation.succession``'s; making one is ``federation.proposal``'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import InvalidName, KeyNotAllowed
from certs.identity import CaName
from certs.keys import decode_public
from federation.charter_codec import MAX_ROOT_KEYS, CharterStatement, decode_charter
from federation.documents import DocumentClass
from federation.economies import issuer
from federation.envelope import PayloadType
from federation.errors import BadDocument, InvalidDirectory, InvalidDocument
from federation.routes import Route, RouteTable
from federation.signed import SignedDocument, require_type, root_key_id, signers
from federation.status import DocumentCode

# Patterns of one issuing state and class are compared in pairs; the real ones have fewer than ten.
MAX_PATTERNS: Final = 64
_END_OF_TIME_MS: Final = 253_402_300_800_000  # the year 10000, which no calendar here can show


@dataclass(frozen=True, slots=True)
class RootMember:
    """A member by its root keys: DER SubjectPublicKeyInfo, ascending, of which ``signatures_needed`` sign for it."""

    economy: str
    root_keys: tuple[bytes, ...]
    signatures_needed: int

    def public_keys(self) -> dict[bytes, ec.EllipticCurvePublicKey]:
        """Key id (``federation.signed.root_key_id``) to key."""
        return {root_key_id(key): decode_public(key) for key in self.root_keys}


@dataclass(frozen=True, slots=True)
class Charter:
    """One version of the member list; ``digest`` names it, ``previous`` the ones it follows.

    ``proposed_at`` is in milliseconds since 1970. ``votes`` is the share of the members (numerator, denominator) that
    must sign the next charter.
    """

    federation: str
    version: int
    previous: tuple[bytes, ...]
    proposed_at: int
    votes: tuple[int, int]
    members: Mapping[str, RootMember]
    routes: tuple[Route, ...]
    digest: bytes

    def __str__(self) -> str:
        return f"charter {self.version} ({self.digest.hex()[:16]})"


@dataclass(frozen=True, slots=True)
class Membership:
    """Whom to trust by the charters held: the only newest one's members, or what several have in common.

    ``digest`` names the charter or, in a fork, the set of them. An economy that owns one of ``routes`` and is not among
    ``members`` answers for them as before, but is not to be trusted now: nobody else answers in its place
    (``RouteTable``'s ``vacant``).
    """

    federation: str
    version: int
    digest: bytes
    members: Mapping[str, RootMember]
    routes: tuple[Route, ...]


def read(document: SignedDocument) -> Charter:
    """The charter in a document, if it holds together; who signed it is not looked at.

    Raises BadDocument: MALFORMED, TOO_LARGE, INVALID_NAME, SHARED_KEY, NOT_A_MEMBER (a route of none), WRONG_VERSION
    (0), WRONG_PREVIOUS (a first charter that names one before, or a later one that names none).
    """
    require_type(document, PayloadType.CHARTER)
    statement = decode_charter(document.payload)
    _check_place(statement)
    _check_rule(statement)
    members = _members(statement)
    return Charter(
        statement.federation,
        statement.version,
        statement.previous,
        statement.proposed_at,
        statement.votes,
        MappingProxyType(members),
        _routes(statement, members),
        document.digest,
    )


def voters(document: SignedDocument, charter: Charter) -> frozenset[str]:
    """The members of ``charter`` that signed: as many of a member's root keys as it needs, and then it counts once.

    Raises BadDocument BAD_SIGNATURE when a signature stands under one of their keys and does not hold.
    """
    present = {one.key_id for one in document.signatures}
    named = {
        key_id: (economy, key)
        for economy, member in charter.members.items()
        for key in member.root_keys
        if (key_id := root_key_id(key)) in present
    }
    held = signers(document, {key_id: decode_public(key) for key_id, (_, key) in named.items()})
    count = Counter(named[key_id][0] for key_id in held)
    return frozenset(economy for economy in count if count[economy] >= charter.members[economy].signatures_needed)


def votes_needed(charter: Charter) -> int:
    """How many of its members must sign the next charter: the rule's share, rounded up."""
    numerator, denominator = charter.votes
    return -(-len(charter.members) * numerator // denominator)


def require_votes(document: SignedDocument, charter: Charter) -> frozenset[str]:
    """The members of ``charter`` that signed, if they are as many as its rule asks for.

    Raises BadDocument: TOO_FEW_VOTES, and as ``voters``.
    """
    found = voters(document, charter)
    needed = votes_needed(charter)
    if len(found) < needed:
        raise BadDocument(
            DocumentCode.TOO_FEW_VOTES,
            f"Of the members of {charter} {_listed(found)} signed; {needed} of {len(charter.members)} must.",
        )
    return found


def check_place(charter: Charter, parents: Sequence[Charter]) -> None:
    """Return if ``charter`` rightly follows exactly ``parents``, once it has its votes.

    Raises BadDocument: OTHER_FEDERATION; WRONG_PREVIOUS unless it names these and no other; WRONG_VERSION unless it is
    one more than the highest; SHARED_KEY when a key of one member was another's before.
    """
    if any(parent.federation != charter.federation for parent in parents):
        raise BadDocument(
            DocumentCode.OTHER_FEDERATION,
            "The charter is of another federation than the one before; take it to the nodes of that one.",
        )
    if charter.previous != tuple(sorted(parent.digest for parent in parents)):
        raise BadDocument(
            DocumentCode.WRONG_PREVIOUS, "The charter does not follow the ones held; propose it anew upon those."
        )
    if charter.version != next_version(parents):
        raise BadDocument(
            DocumentCode.WRONG_VERSION,
            f"The charter has version {charter.version} where {next_version(parents)} is next; propose it anew so.",
        )
    for parent in parents:
        _check_keys_stay(parent, charter)


def check_succession(
    document: SignedDocument, charter: Charter, parents: Sequence[Charter]
) -> dict[bytes, frozenset[str]]:
    """Who signed, if ``charter``, which ``document`` carries, is in place and has the votes of each parent and its own.

    By the digest of the charter whose members they are. Raises BadDocument: TOO_FEW_VOTES, BAD_SIGNATURE, and as
    ``check_place``.
    """
    check_place(charter, parents)
    return {one.digest: require_votes(document, one) for one in (*parents, charter)}


def next_version(parents: Sequence[Charter]) -> int:
    """The version of a charter that follows all of these; 1 after none."""
    return 1 + max((parent.version for parent in parents), default=0)


def _listed(economies: Iterable[str]) -> str:
    return ", ".join(sorted(economies)) or "none"


def _check_keys_stay(before: Charter, charter: Charter) -> None:
    """A key that changed hands would give one holder a vote as two members: in the one quorum and in the other."""
    owner = {key: economy for economy, member in before.members.items() for key in member.root_keys}
    for economy, member in charter.members.items():
        for key in member.root_keys:
            if owner.get(key, economy) != economy:
                raise _shared(owner[key], economy, key)


def _check_place(statement: CharterStatement) -> None:
    if statement.version == 0:
        raise BadDocument(DocumentCode.WRONG_VERSION, "Charters count from 1; propose it anew with the next version.")
    if (statement.version == 1) != (not statement.previous):
        raise BadDocument(
            DocumentCode.WRONG_PREVIOUS,
            "The first charter, version 1, follows none, and every other names the ones it follows; propose it anew so.",
        )
    if statement.proposed_at >= _END_OF_TIME_MS:
        raise _malformed("its time of proposal is in no calendar; give it in milliseconds since 1970")


def _check_rule(statement: CharterStatement) -> None:
    # More than half, so that any two quorums share a member: whoever signed both sides of a fork can be named.
    numerator, denominator = statement.votes
    if not denominator < 2 * numerator <= 2 * denominator:
        raise _malformed("its rule is not more than a half and at most all of the members; 2/3 is usual")
    if gcd(numerator, denominator) != 1:
        raise _malformed("its rule is not in lowest terms; write 2/3 for 4/6")


def _members(statement: CharterStatement) -> dict[str, RootMember]:
    if not statement.members:
        raise _malformed("it names no members; a federation has one or more")
    members = {economy: RootMember(economy, keys, needed) for economy, keys, needed in statement.members}
    owner: dict[bytes, str] = {}
    for member in members.values():
        _check_name(statement.federation, member.economy)
        _check_member(member)
        for key in member.root_keys:
            if owner.setdefault(key, member.economy) != member.economy:
                raise _shared(owner[key], member.economy, key)
    return members


def _check_name(federation: str, economy: str) -> None:
    # Names become paths, certificates' names and lines on a screen: what is no known code reaches none of them.
    try:
        CaName(federation, economy)
        issuer(economy)
    except (InvalidName, InvalidDocument) as error:
        raise BadDocument(
            DocumentCode.INVALID_NAME,
            "A federation or member of the charter has no usable name; take a label as in DNS, and the economy's"
            " three-letter code.",
        ) from error


def _check_member(member: RootMember) -> None:
    if not 1 <= len(member.root_keys) <= MAX_ROOT_KEYS:
        raise _malformed(f"{member.economy} does not have 1 to {MAX_ROOT_KEYS} root keys")
    if not 1 <= member.signatures_needed <= len(member.root_keys):
        raise _malformed(
            f"{member.economy} needs no number of signatures that its {len(member.root_keys)} keys can give"
        )
    for key in member.root_keys:
        try:
            decode_public(key)
        except KeyNotAllowed as error:
            raise _malformed(f"a root key of {member.economy} is not allowed: {error}") from error


def _routes(statement: CharterStatement, members: Mapping[str, RootMember]) -> tuple[Route, ...]:
    routes = tuple(_route(*fields) for fields in statement.routes)
    strangers = [route for route in routes if route.economy not in members]
    if strangers:
        raise BadDocument(
            DocumentCode.NOT_A_MEMBER,
            f"The route {strangers[0]} is of no member; remove it, or name its owner a member.",
        )
    crowded = Counter((route.issuing_state, route.document_class) for route in routes).most_common(1)
    if crowded and crowded[0][1] > MAX_PATTERNS:
        raise BadDocument(
            DocumentCode.TOO_LARGE, f"An issuing state and class have at most {MAX_PATTERNS} patterns; use wider ones."
        )
    try:
        RouteTable(routes)
    except InvalidDirectory as error:
        raise _malformed(str(error)) from error
    return routes


def _route(state: str, document_class: str, pattern: str, economy: str) -> Route:
    # Before any of it is printed in an error: a stranger may have written it (docs/threats.md, E10).
    if not all(text.isascii() and text.isprintable() for text in (state, pattern, economy)):
        raise BadDocument(DocumentCode.INVALID_NAME, "A route holds other characters than A-Z, 0-9, #, @ and *.")
    try:
        return Route(state, DocumentClass(document_class), pattern, economy)
    except ValueError as error:
        raise _malformed("the class of a route is not P, I or V") from error


def _shared(one: str, other: str, key: bytes) -> BadDocument:
    return BadDocument(
        DocumentCode.SHARED_KEY,
        f"Root key {root_key_id(key).hex()[:16]} is {one}'s and {other}'s; each member makes keys of its own.",
    )


def _malformed(cause: str) -> BadDocument:
    return BadDocument(DocumentCode.MALFORMED, f"The charter does not hold together: {cause}.")
