"""Members with root keys, and charters they sign: short to write, the same in every run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from certs.keys import encode_public
from certs.signing import KeySigner
from federation.charter import Charter, RootMember, read
from federation.charter_codec import CharterStatement, decode_charter, encode_charter
from federation.documents import DocumentClass
from federation.envelope import PayloadType
from federation.proposal import DEFAULT_VOTES, propose
from federation.routes import Route
from federation.signed import SignedDocument, sign
from tests.world import drawn_key

NOW_MS = 1_780_000_000_000
FEDERATION = "lab"


@cache
def signer(label: str) -> KeySigner:
    """The root key of that name, ``NZL 1`` for example."""
    return KeySigner(drawn_key(f"{label} root"))


@cache
def spki(label: str) -> bytes:
    return encode_public(signer(label).public_key)


def member(economy: str, *labels: str, needed: int = 1) -> RootMember:
    """A member with the root keys of these labels, ``<economy> 1`` where none is given."""
    keys = [spki(label) for label in labels or (f"{economy} 1",)]
    return RootMember(economy, tuple(sorted(keys)), needed)


def members(*economies: str) -> list[RootMember]:
    """Members with one root key each."""
    return [member(economy) for economy in economies]


def route(economy: str, state: str = "", pattern: str = "*", document_class: str = "P") -> Route:
    return Route(state or economy, DocumentClass(document_class), pattern, economy)


def proposal(
    parents: Sequence[Charter],
    of: Iterable[RootMember],
    *,
    routes: Iterable[Route] = (),
    votes: tuple[int, int] = DEFAULT_VOTES,
    proposed_at: int = NOW_MS,
) -> SignedDocument:
    """A charter to follow ``parents``, with no signatures."""
    return propose(parents, FEDERATION, of, routes, votes, proposed_at)


def signed(document: SignedDocument, *labels: str) -> SignedDocument:
    """The document signed with the root keys of these labels; three letters alone mean that economy's first key."""
    for label in labels:
        document = sign(document, signer(label if " " in label else f"{label} 1"))
    return document


def first(*economies: str, routes: Iterable[Route] = (), votes: tuple[int, int] = DEFAULT_VOTES) -> SignedDocument:
    """The first charter of a federation, signed by all."""
    return signed(proposal([], members(*economies), routes=routes, votes=votes), *economies)


def following(
    parent: SignedDocument,
    *economies: str,
    by: Iterable[str],
    routes: Iterable[Route] = (),
    others: Mapping[str, RootMember] | None = None,
    proposed_at: int = NOW_MS,
) -> SignedDocument:
    """The charter after ``parent`` with these members (``others`` as they are given), signed ``by`` those."""
    of = {one.economy: one for one in members(*economies)} | dict(others or {})
    return signed(proposal([read(parent)], of.values(), routes=routes, proposed_at=proposed_at), *by)


def unchecked(statement: CharterStatement) -> SignedDocument:
    """The charter that says this, whether it holds together or not, with no signatures."""
    return SignedDocument(PayloadType.CHARTER.value, encode_charter(statement))


def statement_of(document: SignedDocument) -> CharterStatement:
    return decode_charter(document.payload)
