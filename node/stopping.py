"""Stopping a member, or leaving: suspensions and withdrawals, made and signed on files carried by hand.

Both are judged by the charter they name, so both need that charter's file, and neither needs a node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certs.keys import encode_public
from certs.signing import Signer
from federation import charter as rules
from federation import signed
from federation.charter import Charter
from federation.charter_codec import MAX_DOCUMENT_OCTETS, decode_document
from federation.entry_codec import decode_suspension, decode_withdrawal
from federation.envelope import PayloadType
from federation.signed import SignedDocument, require_type, root_key_id
from federation.suspension import draft_suspension, draft_withdrawal
from federation.trust_statements import SuspensionStatement, WithdrawalStatement
from node import carried
from node.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Stop:
    """A suspension or withdrawal of ``economy`` under ``charter``: who must sign it, and who has.

    ``at_ms``, milliseconds since 1970, is a suspension's start, and when a withdrawal was made.
    """

    document: SignedDocument
    charter: Charter
    economy: str
    by: tuple[str, ...]
    at_ms: int
    signed: frozenset[str]

    @property
    def is_suspension(self) -> bool:
        """Else it is a withdrawal."""
        return self.document.payload_type == PayloadType.SUSPENSION.value

    @property
    def missing(self) -> tuple[str, ...]:
        """Members that must sign and have not."""
        return tuple(economy for economy in self.by if economy not in self.signed)


def suspend(charter: Charter, economy: str, by: Sequence[str], starts_at_ms: int) -> Stop:
    """A suspension of ``economy`` by these, signed by nobody yet. Raises BadDocument as `federation.suspension`."""
    place = (charter.federation, charter.version, charter.digest)
    statement = SuspensionStatement(*place, economy, starts_at_ms, tuple(sorted(set(by))))
    return check(draft_suspension(statement, charter), charter)


def withdraw(charter: Charter, economy: str, now_ms: int) -> Stop:
    """A withdrawal of ``economy``, signed by nobody yet. Raises BadDocument as `federation.suspension`."""
    place = (charter.federation, charter.version, charter.digest)
    return check(draft_withdrawal(WithdrawalStatement(*place, economy, now_ms), charter), charter)


def read(path: Path, charter: Charter) -> Stop:
    """The suspension or withdrawal in a file, well formed under its charter, whoever signed it.

    Raises OperatorError FILE_UNREADABLE; BadDocument, WRONG_VERSION for another charter than the one it names.
    """
    return check(decode_document(carried.read(path, MAX_DOCUMENT_OCTETS)), charter)


def check(document: SignedDocument, charter: Charter) -> Stop:
    """As `read`, of a document."""
    by: tuple[str, ...]
    if document.payload_type == PayloadType.WITHDRAWAL.value:
        left = decode_withdrawal(document.payload)
        draft_withdrawal(left, charter)
        economy, by, at_ms = left.economy, (left.economy,), left.signed_at
    else:
        require_type(document, PayloadType.SUSPENSION)
        stopped = decode_suspension(document.payload)
        draft_suspension(stopped, charter)
        economy, by, at_ms = stopped.economy, stopped.by, stopped.starts_at
    return Stop(document, charter, economy, by, at_ms, rules.voters(document, charter) & set(by))


def sign(stop: Stop, unlock: Callable[[], Signer]) -> Stop:
    """One signature more, by a root key of a member that is to sign. Raises OperatorError ROOT_NOT_LISTED."""
    signer = unlock()
    key_id = root_key_id(encode_public(signer.public_key))
    if key_id not in {root_key_id(key) for economy in stop.by for key in stop.charter.members[economy].root_keys}:
        message = (
            f"The charter lists this key ({key_id.hex()[:16]}) for none of {', '.join(stop.by)}; take the right one."
        )
        raise OperatorError("ROOT_NOT_LISTED", message)
    return check(signed.sign(stop.document, signer), stop.charter)


def merge(one: Stop, other: Stop) -> Stop:
    """The signatures of two copies of one document together. Raises BadDocument CONFLICT when they are two."""
    return check(signed.merge(one.document, other.document), one.charter)
