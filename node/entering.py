"""What a member says of itself: its entry, made at the node's home, signed by root keys wherever those are kept.

CAs, what is covered, whom to telephone. A later entry takes the place of an earlier one by its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography import x509

from certs.certificates import encode_der
from certs.identity import CaName
from certs.keys import encode_public
from certs.signing import Signer
from federation import signed
from federation.charter import Membership, RootMember
from federation.charter_codec import MAX_DOCUMENT_OCTETS, decode_document
from federation.documents import Kind
from federation.entry import CaPhase, draft_entry
from federation.entry_codec import decode_entry
from federation.envelope import PayloadType
from federation.signed import SignedDocument
from federation.trust_statements import CaRow, Contact, CoverageRow, EntryStatement
from node import carried
from node.carried import many, only, text
from node.errors import OperatorError

CODE = "INVALID_ENTRY_DRAFT"
MAX_DRAFT_OCTETS = 1024 * 1024
_CONTACT = "desk telephone email hours time_zone languages deputy"


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry in a file: what it says, and the ids of the keys that signed; whose they are only a charter says."""

    document: SignedDocument
    statement: EntryStatement
    key_ids: tuple[bytes, ...]


def make(
    name: CaName,
    ca: x509.Certificate,
    number: int,
    coverage: Sequence[CoverageRow],
    contacts: Sequence[Contact],
    now_ms: int,
) -> EntryDraft:
    """The member's entry with the one CA it issues with, signed by nobody yet. Raises BadDocument as `federation.entry`."""
    statement = EntryStatement(
        name.federation,
        name.economy,
        number,
        now_ms,
        (CaRow(encode_der(ca), CaPhase.ACTIVE),),
        tuple(coverage),
        tuple(contacts),
    )
    return _draft(draft_entry(statement, _alone(name.federation, name.economy, ())))


def read(path: Path) -> EntryDraft:
    """The entry in a file, well formed, whoever signed it. Raises OperatorError FILE_UNREADABLE, BadDocument."""
    return check(decode_document(carried.read(path, MAX_DOCUMENT_OCTETS)))


def check(document: SignedDocument, root_keys: tuple[bytes, ...] = ()) -> EntryDraft:
    """The entry in a document, whoever signed it; ``root_keys`` (DER) are none of its CAs'.

    Raises BadDocument as `federation.entry.draft_entry`.
    """
    signed.require_type(document, PayloadType.ENTRY)
    statement = decode_entry(document.payload)
    # Its own form of the same statement has the same bytes: what was read is canonical.
    draft_entry(statement, _alone(statement.federation, statement.economy, root_keys))
    return _draft(document)


def sign(draft: EntryDraft, unlock: Callable[[], Signer]) -> EntryDraft:
    """The entry with one root key's signature more. Raises BadDocument SHARED_KEY when a CA of it has this very key."""
    signer = unlock()
    check(draft.document, (encode_public(signer.public_key),))
    return _draft(signed.sign(draft.document, signer))


def merge(one: EntryDraft, other: EntryDraft) -> EntryDraft:
    """The signatures of two copies of one entry together. Raises BadDocument CONFLICT when they are two entries."""
    return _draft(signed.merge(one.document, other.document))


def coverage_of(pairs: Sequence[tuple[str, str]], kinds: Sequence[Kind]) -> tuple[CoverageRow, ...]:
    """The same ``kinds`` promised for each issuing state and class."""
    total = sum(int(kind) for kind in kinds)
    return tuple(CoverageRow(state, document_class, total) for state, document_class in sorted(set(pairs)))


def parse_coverage(path: Path, data: bytes) -> tuple[CoverageRow, ...]:
    """The rows in a file, in the form in which `rmas entry show --json` prints them. Raises OperatorError INVALID_ENTRY_DRAFT."""
    return tuple(_parsed(path, data, _coverage_row))


def parse_contacts(path: Path, data: bytes) -> tuple[Contact, ...]:
    """The desks in a file, in the form in which `rmas entry show --json` prints them. Raises OperatorError INVALID_ENTRY_DRAFT."""
    return tuple(_parsed(path, data, _contact))


def coverage_out(row: CoverageRow) -> dict[str, Any]:
    """A row as `parse_coverage` reads it."""
    return {
        "issuing_state": row.issuing_state,
        "document_class": row.document_class,
        "kinds": [kind.name for kind in Kind if row.kinds & kind],
        "expiry_from": row.expiry_from or None,
    }


def contact_out(contact: Contact) -> dict[str, Any]:
    """A desk as `parse_contacts` reads it."""
    found: dict[str, Any] = {name: getattr(contact, name) for name in _CONTACT.split()}
    return found | {"languages": list(contact.languages)}


def _parsed(path: Path, data: bytes, row: Callable[[Any], Any]) -> list[Any]:
    if len(data) > MAX_DRAFT_OCTETS:
        raise OperatorError(CODE, f"{path} is larger than {MAX_DRAFT_OCTETS:,} octets; name the right file.")
    value = carried.parse_json(path, data, CODE)
    try:
        return [row(item) for item in many(value)]
    except ValueError as error:
        raise OperatorError(CODE, f"{path}: {error}; correct that place.") from None


def _coverage_row(item: Any) -> CoverageRow:
    only(item, "issuing_state document_class kinds expiry_from")
    names = {text(name) for name in many(item["kinds"])}
    unknown = names - set(Kind.__members__)
    if unknown:
        raise ValueError(f"{min(unknown)!a} is no kind; {', '.join(Kind.__members__)} are")
    expiry_from = item["expiry_from"]
    return CoverageRow(
        text(item["issuing_state"]),
        text(item["document_class"]),
        sum(int(Kind[name]) for name in names),
        "" if expiry_from is None else text(expiry_from),
    )


def _contact(item: Any) -> Contact:
    only(item, _CONTACT)
    fields = {name: text(item[name]) for name in _CONTACT.split() if name != "languages"}
    return Contact(languages=tuple(text(one) for one in many(item["languages"])), **fields)


def _draft(document: SignedDocument) -> EntryDraft:
    return EntryDraft(document, decode_entry(document.payload), tuple(one.key_id for one in document.signatures))


def _alone(federation: str, economy: str, root_keys: tuple[bytes, ...]) -> Membership:
    """A federation of this member alone: what is checked then is the entry's form, not who may sign it."""
    member = RootMember(economy, root_keys, 1)
    return Membership(federation, 1, bytes(32), MappingProxyType({economy: member}), ())
