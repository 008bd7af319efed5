"""Entries: what a member says of itself, under its root keys (docs/spec/9-trust.md).

Its issuing CAs, which list it serves for which documents and since when, and whom to telephone. That an entry holds
says nothing of dates: a CA that has expired verifies nothing, and does not make the rest untrue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType
from typing import Final

from cryptography import x509

from certs.certificates import decode_der
from certs.ed25519 import require_point
from certs.errors import CertificateRefused, KeyNotAllowed, MalformedCertificate
from certs.identity import CaName
from certs.keys import admit, encode_public
from certs.verify import verify_ca
from federation import entry_codec
from federation.contacts import require_contact
from federation.dates import expiry_characters
from federation.directory import Coverage
from federation.documents import normalise_class, normalise_state
from federation.envelope import PayloadType
from federation.errors import BadDocument, InvalidDocument
from federation.lookup import ALL_KINDS, ISSUED_KINDS
from federation.signed import SignedDocument, require_type
from federation.signing_members import Membership, SigningMember, require_member, require_signed
from federation.status import DocumentCode
from federation.trust_statements import CaRow, Contact, CoverageRow, EntryStatement


class CaPhase(StrEnum):
    """Where an issuing CA stands between its first publication and its end, after which an entry leaves it out."""

    PUBLISHED = "PUBLISHED"
    ACTIVE = "ACTIVE"
    TAINTED = "TAINTED"


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """Whether a CA of this phase issues leaves, and which phases may follow; any may be followed by being left out."""

    issues: bool
    then: frozenset[CaPhase]


# Leaves of a CA in any phase are verified: published ahead so that all know it before its first leaf, and tainted until
# its last leaf is over. What must not be believed any more is left out of the entry, from one to the next.
PHASES: Final[Mapping[CaPhase, PhaseRule]] = MappingProxyType(
    {
        CaPhase.PUBLISHED: PhaseRule(issues=False, then=frozenset({CaPhase.ACTIVE})),
        CaPhase.ACTIVE: PhaseRule(issues=True, then=frozenset({CaPhase.TAINTED})),
        CaPhase.TAINTED: PhaseRule(issues=False, then=frozenset()),
    }
)


@dataclass(frozen=True, slots=True)
class EntryCa:
    """An issuing CA of a member, of the CA profile and bound to its economy."""

    certificate: x509.Certificate
    phase: CaPhase


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified entry; ``digest`` (32 octets) names the document, ``issued_at`` is in milliseconds since 1970 UTC.

    ``log_key`` and ``witness_key`` are Ed25519 public keys of 32 octets, or empty.
    """

    federation: str
    economy: str
    number: int
    issued_at: int
    cas: tuple[EntryCa, ...]
    log_key: bytes
    witness_key: bytes
    coverage: tuple[Coverage, ...]
    contacts: tuple[Contact, ...]
    digest: bytes

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The CAs whose leaves are verified, which is all of them."""
        return tuple(ca.certificate for ca in self.cas)


def draft_entry(statement: EntryStatement, membership: Membership, held: Entry | None = None) -> SignedDocument:
    """The document to be signed, by nobody yet, with its lists put in order; ``held`` is the entry it is to follow.

    Raises BadDocument where `read_entry` would, signatures apart; OLDER unless its number is the next after ``held``,
    MALFORMED when a CA goes back in phase. The last two are for its maker: others take any greater number.
    """
    contacts = sorted(replace(one, languages=tuple(sorted(one.languages))) for one in statement.contacts)
    ordered = replace(
        statement,
        cas=tuple(sorted(statement.cas)),
        coverage=tuple(sorted(statement.coverage)),
        contacts=tuple(contacts),
    )
    document = SignedDocument(PayloadType.ENTRY.value, entry_codec.encode_entry(ordered))
    entry, _ = _entry(document, membership)
    if held is not None:
        _require_next(entry, held)
    return document


def read_entry(document: SignedDocument, membership: Membership) -> Entry:
    """The entry in a document, verified: its form, its CAs, and that enough root keys of its member signed.

    Raises BadDocument: MALFORMED, TOO_LARGE, INVALID_NAME, OTHER_FEDERATION, NOT_A_MEMBER, SHARED_KEY, WRONG_ISSUER (a CA
    that is none of this economy's), TOO_FEW_SIGNATURES, BAD_SIGNATURE.
    """
    entry, member = _entry(document, membership)
    require_signed(document, [member])
    return entry


def _entry(document: SignedDocument, membership: Membership) -> tuple[Entry, SigningMember]:
    require_type(document, PayloadType.ENTRY)
    statement = entry_codec.decode_entry(document.payload)
    member = require_member(statement.federation, statement.economy, membership)
    if not statement.number:
        raise _malformed("The first entry of a member has number 1")
    cas = tuple(_ca(row, CaName(statement.federation, statement.economy)) for row in statement.cas)
    if not any(PHASES[ca.phase].issues for ca in cas):
        raise _malformed("No CA of this entry is ACTIVE")
    _require_distinct_keys(cas, member)
    _require_log_keys(statement)
    _once([(row.issuing_state, row.document_class) for row in statement.coverage], "issuing state and class")
    _once([one.desk for one in statement.contacts], "desk")
    entry = Entry(
        statement.federation,
        statement.economy,
        statement.number,
        statement.issued_at,
        cas,
        statement.log_key,
        statement.witness_key,
        tuple(_coverage(row) for row in statement.coverage),
        tuple(require_contact(one) for one in statement.contacts),
        document.digest,
    )
    return entry, member


def _require_next(entry: Entry, held: Entry) -> None:
    if entry.number != held.number + 1:
        message = f"An entry after number {held.number} has number {held.number + 1}; give it that."
        raise BadDocument(DocumentCode.OLDER, message)
    before = {_key(ca): ca.phase for ca in held.cas}
    for ca in entry.cas:
        phase = before.get(_key(ca), ca.phase)
        if ca.phase is not phase and ca.phase not in PHASES[phase].then:
            raise _malformed(f"A CA that is {phase} does not become {ca.phase}")


def _key(ca: EntryCa) -> bytes:
    return encode_public(admit(ca.certificate.public_key()))


def _ca(row: CaRow, name: CaName) -> EntryCa:
    try:
        certificate = decode_der(row.certificate)
        # As of its own first moment: what it is does not change with the time, and whoever verifies a leaf looks again.
        verify_ca(certificate, name, certificate.not_valid_before_utc)
    except MalformedCertificate as error:
        raise _malformed(f"A CA of this entry cannot be read: {error}") from error
    except CertificateRefused as error:
        message = f"A CA of this entry is no issuing CA of {name.economy}: {error}."
        raise BadDocument(DocumentCode.WRONG_ISSUER, message) from error
    if row.phase not in set(CaPhase):
        raise _malformed(f"A CA of this entry is in none of the phases {', '.join(CaPhase)}")
    return EntryCa(certificate, CaPhase(row.phase))


def _require_distinct_keys(cas: tuple[EntryCa, ...], member: SigningMember) -> None:
    # The member's own root keys and no other's: a charter can list any public key, and whoever put this CA's there would
    # make this entry void.
    seen = set(member.root_keys)
    for ca in cas:
        spki = _key(ca)
        if spki in seen:
            message = f"A CA of {member.economy} has the key of a root or of its other CA; make a key for each."
            raise BadDocument(DocumentCode.SHARED_KEY, message)
        seen.add(spki)


def _require_log_keys(statement: EntryStatement) -> None:
    keys = [key for key in (statement.log_key, statement.witness_key) if key]
    try:
        for key in keys:
            require_point(key)
    except KeyNotAllowed as error:
        raise _malformed(f"The key of log or witness cannot be taken: {error}") from error
    if len(set(keys)) < len(keys):
        raise BadDocument(DocumentCode.SHARED_KEY, "Log and witness have one key; make a key for each.")


def _coverage(row: CoverageRow) -> Coverage:
    try:
        state, document_class = normalise_state(row.issuing_state), normalise_class(row.document_class)
        if row.expiry_from:
            expiry_characters(row.expiry_from)  # a whole day of the calendar, in its one spelling
    except InvalidDocument as error:
        raise _malformed(f"A row of coverage cannot be taken: {error}") from error
    if (state, document_class) != (row.issuing_state, row.document_class):
        # Two spellings of one state would be two rows of it.
        raise _malformed("A row of coverage names its issuing state or class in another form than D and P")
    if not 1 <= row.kinds <= ALL_KINDS:
        raise _malformed("A row of coverage has kinds that are no sum of 1, 2 and 4")
    if row.expiry_from and not row.kinds & ISSUED_KINDS:
        raise _malformed("A row of coverage without the issued list says from which expiry on it is covered")
    return Coverage(state, document_class, row.kinds, row.expiry_from or None)


def _once(keys: Sequence[object], what: str) -> None:
    # Lists ascend, so what is there twice stands together.
    if any(len(list(same)) > 1 for _, same in groupby(keys)):
        raise _malformed(f"Two rows of this entry name one {what}")


def _malformed(cause: str) -> BadDocument:
    return BadDocument(DocumentCode.MALFORMED, f"{cause}; have the entry made and signed anew.")
