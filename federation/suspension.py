"""Suspensions and withdrawals: how lookups with a member stop without a new charter (docs/spec/9-trust.md).

Both name the charter they are made under and are judged by it and by what they say alone. Whoever holds the same
documents comes to the same result, in whatever order they arrived.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from federation import entry_codec
from federation.envelope import PayloadType
from federation.errors import BadDocument
from federation.signed import SignedDocument, require_type
from federation.signing_members import Membership, SigningMember, require_member, require_signed
from federation.status import DocumentCode
from federation.trust_statements import SuspensionStatement, WithdrawalStatement

SUSPENSION_MS: Final = 72 * 3_600_000
SUSPENDERS: Final = 2


@dataclass(frozen=True, slots=True)
class Suspension(SuspensionStatement):
    """A suspension that its members signed; ``digest`` (32 octets) names the document."""

    digest: bytes

    @property
    def ends_at(self) -> int:
        """When it is over, in milliseconds since 1970 UTC: the first one in which lookups go on."""
        return self.starts_at + SUSPENSION_MS

    @property
    def own(self) -> bool:
        """Whether the member suspended itself."""
        return self.by == (self.economy,)


@dataclass(frozen=True, slots=True)
class Withdrawal(WithdrawalStatement):
    """A withdrawal that its member signed; ``digest`` (32 octets) names the document."""

    digest: bytes


def draft_suspension(statement: SuspensionStatement, membership: Membership) -> SignedDocument:
    """The document to be signed, by nobody yet. Raises BadDocument where `read_suspension` would, signatures apart."""
    document = SignedDocument(PayloadType.SUSPENSION.value, entry_codec.encode_suspension(statement))
    _suspension(document, membership)
    return document


def read_suspension(document: SignedDocument, membership: Membership) -> Suspension:
    """The suspension in a document, verified. ``membership`` is the very charter it names.

    Raises BadDocument: MALFORMED, TOO_LARGE, INVALID_NAME, OTHER_FEDERATION, WRONG_VERSION (made under another charter),
    NOT_A_MEMBER, TOO_FEW_SIGNATURES, BAD_SIGNATURE.
    """
    suspension, suspenders = _suspension(document, membership)
    require_signed(document, suspenders)
    return suspension


def _suspension(document: SignedDocument, membership: Membership) -> tuple[Suspension, list[SigningMember]]:
    require_type(document, PayloadType.SUSPENSION)
    statement = entry_codec.decode_suspension(document.payload)
    require_member(statement.federation, statement.economy, membership)
    _require_charter(statement, membership)
    suspenders = [require_member(statement.federation, economy, membership) for economy in statement.by]
    if statement.by != (statement.economy,) and (
        # Two others, so that nobody is suspended where fewer than three are members.
        len(statement.by) != SUSPENDERS or statement.economy in statement.by
    ):
        message = "A member is suspended by two others together, or by itself alone; name those who sign."
        raise BadDocument(DocumentCode.MALFORMED, message)
    return Suspension(**asdict(statement), digest=document.digest), suspenders


def counted(suspensions: Iterable[Suspension], charter_digest: bytes) -> tuple[Suspension, ...]:
    """Those of the verified ``suspensions`` that count under a charter, each for its whole 72 hours, by start.

    What a member says of itself always counts. A pair may suspend a member once under a charter, and one member at a
    time; of what it signed beyond that the earlier start counts, and of two alike the smaller digest.

    Only a pair's own documents are held against it. Were there one suspension a member whoever signed it, a document with
    an earlier start, made later by the suspended member or by its friends, would take the place of the one in force.
    """
    found: list[Suspension] = []
    used: set[tuple[tuple[str, ...], str]] = set()
    busy_until: dict[tuple[str, ...], int] = {}
    named = {one.digest: one for one in suspensions if one.charter_digest == charter_digest}
    for one in sorted(named.values(), key=lambda one: (one.starts_at, one.digest)):
        if not one.own:
            if (one.by, one.economy) in used or one.starts_at < busy_until.get(one.by, 0):
                continue
            used.add((one.by, one.economy))
            busy_until[one.by] = one.ends_at
        found.append(one)
    return tuple(found)


def in_force(suspensions: Iterable[Suspension], charter_digest: bytes, now_ms: int) -> Mapping[str, Suspension]:
    """Which members are suspended at ``now_ms``, by economy: of those that count (`counted`), the one that ends last."""
    current = [one for one in counted(suspensions, charter_digest) if one.starts_at <= now_ms < one.ends_at]
    return {one.economy: one for one in current}


def draft_withdrawal(statement: WithdrawalStatement, membership: Membership) -> SignedDocument:
    """The document to be signed, by nobody yet. Raises BadDocument where `read_withdrawal` would, signatures apart."""
    document = SignedDocument(PayloadType.WITHDRAWAL.value, entry_codec.encode_withdrawal(statement))
    _withdrawal(document, membership)
    return document


def read_withdrawal(document: SignedDocument, membership: Membership) -> Withdrawal:
    """The withdrawal in a document, verified. ``membership`` is the very charter it names.

    Raises BadDocument: MALFORMED, TOO_LARGE, INVALID_NAME, OTHER_FEDERATION, WRONG_VERSION (made under another charter),
    NOT_A_MEMBER, TOO_FEW_SIGNATURES, BAD_SIGNATURE.
    """
    withdrawal, member = _withdrawal(document, membership)
    require_signed(document, [member])
    return withdrawal


def _withdrawal(document: SignedDocument, membership: Membership) -> tuple[Withdrawal, SigningMember]:
    require_type(document, PayloadType.WITHDRAWAL)
    statement = entry_codec.decode_withdrawal(document.payload)
    member = require_member(statement.federation, statement.economy, membership)
    _require_charter(statement, membership)
    return Withdrawal(**asdict(statement), digest=document.digest), member


def withdrawn(
    withdrawals: Iterable[Withdrawal], version: int, signed: Mapping[str, Collection[tuple[int, bytes]]]
) -> frozenset[str]:
    """The economies that have left, under a charter of ``version`` that stands in the succession of the one they named.

    ``signed`` says, by economy, which charters of that succession the member signed, as (version, digest). A withdrawal
    holds under the charter it names and every later one, until the member itself signs one later than that.
    """
    return frozenset(
        one.economy
        for one in withdrawals
        if one.charter_version <= version
        and not any(one.charter_version < number <= version for number, _ in signed.get(one.economy, ()))
    )


def _require_charter(statement: SuspensionStatement | WithdrawalStatement, membership: Membership) -> None:
    if (statement.charter_version, statement.charter_digest) != (membership.version, membership.digest):
        message = (
            f"This document is made under another charter than this one, version {membership.version}; "
            "judge it by the charter it names."
        )
        raise BadDocument(DocumentCode.WRONG_VERSION, message)
