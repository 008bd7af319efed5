"""Octets to a trust document that holds: each kind read and verified by what is held of the kinds before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509

from certs import crl
from certs.certificates import decode_der
from certs.crl import Crl
from certs.errors import (
    CertsError,
    ConflictingCrl,
    DroppedSerial,
    FutureCrl,
    MalformedCertificate,
    OlderCrl,
    UnknownCrlIssuer,
)
from certs.keys import admit, public_key_id
from federation import entry_codec
from federation.bundle_codec import decode_notice_envelope
from federation.charter import Charter, Membership
from federation.charter_codec import decode_document
from federation.entry import Entry, read_entry
from federation.envelope import PayloadType
from federation.errors import BadDocument
from federation.notice import Notice, read_notice
from federation.status import DocumentCode
from federation.suspension import Suspension, Withdrawal, read_suspension, read_withdrawal
from node.times import to_ms
from node.trust_files import MAX_OCTETS, Paper, TrustKind

Value = Suspension | Withdrawal | Entry | Crl | Notice

_KINDS: Final[Mapping[str, TrustKind]] = {
    PayloadType.CHARTER.value: TrustKind.CHARTER,
    PayloadType.SUSPENSION.value: TrustKind.SUSPENSION,
    PayloadType.WITHDRAWAL.value: TrustKind.WITHDRAWAL,
    PayloadType.ENTRY.value: TrustKind.ENTRY,
    PayloadType.NOTICE.value: TrustKind.NOTICE,
}
_DER_SEQUENCE: Final = 0x30
_TYPE_FIRST: Final = 0x0A  # both messages have the payload type in field 1
_CRL_CODES: Final[Mapping[type[CertsError], DocumentCode]] = {
    OlderCrl: DocumentCode.OLDER,
    ConflictingCrl: DocumentCode.CONFLICT,
    DroppedSerial: DocumentCode.DROPPED_SERIAL,
    FutureCrl: DocumentCode.NOT_YET,
    UnknownCrlIssuer: DocumentCode.WRONG_ISSUER,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that holds: how it is kept, what it says, and from when on it could be taken for current no more.

    ``until_ms`` is 0 for never. ``mark`` is the name under which its number never falls.
    """

    paper: Paper
    value: Value
    mark: str
    until_ms: int = 0


def kind_of(data: bytes) -> TrustKind | None:
    """Which kind these octets would be, by how they begin; None for none. Nothing is verified."""
    if data[:1] == bytes([_DER_SEQUENCE]):
        return TrustKind.CRL
    if data[:1] == bytes([_TYPE_FIRST]) and len(data) > 1:
        return _KINDS.get(data[2 : 2 + data[1]].decode("ascii", "replace"))
    return None


def require_size(kind: TrustKind, data: bytes) -> None:
    """Before anything else is made of it. Raises BadDocument TOO_LARGE."""
    if len(data) > MAX_OCTETS[kind]:
        message = f"A document of this kind has at most {MAX_OCTETS[kind]:,} octets; ask its maker for the right one."
        raise BadDocument(DocumentCode.TOO_LARGE, message)


def read_suspended(data: bytes, charters: Mapping[bytes, Charter]) -> Reading:
    """A suspension, judged by the charter it names. Raises BadDocument; WRONG_VERSION when that one is not held."""
    document = decode_document(data)
    statement = entry_codec.decode_suspension(document.payload)
    value = read_suspension(document, _charter(charters, statement.charter_digest))
    label = f"{value.economy}-{'-'.join(value.by)}"
    return Reading(_paper(TrustKind.SUSPENSION, value.digest.hex(), label, 0, value.digest, data), value, "")


def read_withdrawn(data: bytes, charters: Mapping[bytes, Charter]) -> Reading:
    """A withdrawal, as `read_suspended`; one a member and charter is enough."""
    document = decode_document(data)
    statement = entry_codec.decode_withdrawal(document.payload)
    value = read_withdrawal(document, _charter(charters, statement.charter_digest))
    key = f"{value.economy}/{value.charter_digest.hex()}"
    return Reading(_paper(TrustKind.WITHDRAWAL, key, value.economy, 0, value.digest, data), value, "")


def read_entered(data: bytes, membership: Membership) -> Reading:
    """An entry, under the root keys in force. Its number counts with those keys: new ones begin anew.

    So nobody is shut out for ever by the highest number there is, signed with a stolen key.
    """
    value = read_entry(decode_document(data), membership)
    member = membership.members[value.economy]
    keys = sha256(b"".join(sorted((member.signatures_needed.to_bytes(4, "big"), *member.root_keys)))).hexdigest()
    label = f"{value.economy}-{value.number}"
    paper = _paper(TrustKind.ENTRY, value.economy, label, value.number, value.digest, data)
    return Reading(paper, value, f"{value.economy}/{keys[:32]}")


def issuers(entries: Mapping[str, Entry]) -> Mapping[x509.Name, tuple[str, ...]]:
    """Whose CA has which name. Nobody owns a name, so one may be several members'."""
    named: dict[x509.Name, set[str]] = {}
    for economy, entry in entries.items():
        for ca in entry.certificates:
            named.setdefault(ca.subject, set()).add(economy)
    return {name: tuple(sorted(economies)) for name, economies in named.items()}


def read_listed(data: bytes, entries: Mapping[str, Entry], named: Mapping[x509.Name, tuple[str, ...]]) -> Reading:
    """A CA's revocation list; the CA is of an entry held, found by its name in ``named``. Raises BadDocument."""
    refused = BadDocument(
        DocumentCode.WRONG_ISSUER,
        "The revocation list is of no CA in an entry that is held; take in the entry first.",
    )
    for economy in named.get(_issuer(data), ()):
        try:
            value = crl.read(data, entries[economy].certificates)
        except CertsError as error:
            refused = bad_list(error)
            continue
        label = f"{economy}-{value.issuer.hex()[:16]}-{value.number}"
        key = f"{economy}/{value.issuer.hex()}"
        paper = _paper(TrustKind.CRL, key, label, value.number, value.digest, data)
        return Reading(paper, value, key, to_ms(value.next_update))
    raise refused


def read_noted(
    data: bytes, entries: Mapping[str, Entry], revoked: frozenset[tuple[bytes, int]], federation: str, now: datetime
) -> Reading:
    """A node's notice, signed by a message leaf that is current at ``now``. Raises BadDocument."""
    envelope = decode_notice_envelope(data)
    value = read_notice(envelope, entries, federation, now, revoked)
    label = f"{value.node.economy}-{value.node.node}-{value.number}"
    paper = _paper(TrustKind.NOTICE, value.node.uri, label, value.number, value.digest, data)
    return Reading(paper, value, value.node.uri, to_ms(decode_der(envelope.certificate).not_valid_after_utc))


def leaf_end(data: bytes) -> datetime:
    """When the leaf in a notice's envelope ends. Raises BadDocument."""
    try:
        return decode_der(decode_notice_envelope(data).certificate).not_valid_after_utc
    except MalformedCertificate as error:
        raise BadDocument(DocumentCode.MALFORMED, f"The notice's certificate cannot be read: {error}.") from error


def charter_paper(digest: bytes, version: int, data: bytes) -> Paper:
    """How a charter is kept."""
    return _paper(TrustKind.CHARTER, digest.hex(), str(version), version, digest, data)


def bad_list(error: CertsError) -> BadDocument:
    """What is wrong with a revocation list, as with any other document."""
    text = str(error)
    code = _CRL_CODES.get(type(error), DocumentCode.MALFORMED)
    return BadDocument(code, f"{text[:1].upper()}{text[1:]}.")


def economy_of(paper: Paper) -> str:
    """Whose an entry, a list or a notice is."""
    return paper.key.split("/")[3] if paper.kind is TrustKind.NOTICE else paper.key.split("/", maxsplit=1)[0]


def ca_keys(entry: Entry) -> frozenset[str]:
    """The keys of its CAs, as lists name them, in hexadecimal."""
    return frozenset(public_key_id(admit(one.public_key())).hex() for one in entry.certificates)


def _charter(charters: Mapping[bytes, Charter], digest: bytes) -> Charter:
    charter = charters.get(digest)
    if charter is None:
        message = f"The document is made under charter {digest.hex()[:16]}, which is not held; take that one in first."
        raise BadDocument(DocumentCode.WRONG_VERSION, message)
    return charter


def _issuer(data: bytes) -> x509.Name:
    try:
        return x509.load_der_x509_crl(data).issuer
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        message = "These octets are no revocation list in DER; have the CA make it again."
        raise BadDocument(DocumentCode.MALFORMED, message) from error


def _paper(kind: TrustKind, key: str, label: str, number: int, digest: bytes, data: bytes) -> Paper:
    return Paper(kind, key, label, number, digest, sha256(data).digest())
