"""Who signs for a member: enough of its root keys, which the charter lists (docs/spec/9-trust.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from certs.errors import InvalidName
from certs.identity import CaName
from certs.keys import decode_public
from federation.errors import BadDocument
from federation.signed import SignedDocument, root_key_id, signers
from federation.status import DocumentCode


class SigningMember(Protocol):
    """A member as the charter lists it; the root keys are SubjectPublicKeyInfo in DER."""

    @property
    def economy(self) -> str:
        """Three letters."""

    @property
    def root_keys(self) -> tuple[bytes, ...]:
        """One to five."""

    @property
    def signatures_needed(self) -> int:
        """How many of them sign for the member."""


class Membership(Protocol):
    """What a document is judged by: one charter, or what several have in common."""

    @property
    def federation(self) -> str:
        """Its name."""

    @property
    def version(self) -> int:
        """1 or more."""

    @property
    def digest(self) -> bytes:
        """32 octets."""

    @property
    def members(self) -> Mapping[str, SigningMember]:
        """By economy."""


def require_member(federation: str, economy: str, membership: Membership) -> SigningMember:
    """The member that a document names.

    Raises BadDocument: INVALID_NAME where either is no name (it is not repeated: it may be anything), OTHER_FEDERATION,
    NOT_A_MEMBER.
    """
    try:
        CaName(federation, economy)
    except InvalidName as error:
        raise BadDocument(DocumentCode.INVALID_NAME, f"The document names nobody: {error}.") from error
    if federation != membership.federation:
        message = f"This document is of the federation {federation}; here it is {membership.federation}."
        raise BadDocument(DocumentCode.OTHER_FEDERATION, message)
    member = membership.members.get(economy)
    if member is None:
        message = f"The charter does not list {economy}; take in the one that does, if there is one."
        raise BadDocument(DocumentCode.NOT_A_MEMBER, message)
    return member


def require_signed(document: SignedDocument, members: Iterable[SigningMember]) -> None:
    """Return if enough root keys of each of ``members`` signed the document.

    Raises BadDocument: TOO_FEW_SIGNATURES, BAD_SIGNATURE when a signature of one of their keys does not hold.
    """
    for member in members:
        keys = {root_key_id(spki): decode_public(spki) for spki in member.root_keys}
        found = len(signers(document, keys))
        if found < member.signatures_needed:
            message = (
                f"{found} of {member.signatures_needed} root keys needed signed for {member.economy}; "
                "have more of them sign."
            )
            raise BadDocument(DocumentCode.TOO_FEW_SIGNATURES, message)
