"""A federation's documents, made and signed by its members: what tests of trust start from.

    made = FederationOf("NZL", "AUS", "USA")
    made.revoke("AUS", serial)                      # a new list of its CA
    made.suspend("USA", by=("AUS", "NZL"))
    documents = made.documents()                    # read back and verified, as a node would
    directory = made.directory("NZL")               # as New Zealand sees it, with everybody granted everything

Every economy has one root key (or as many as ``roots`` says, of which ``needed`` sign), the CA and node of its namesake in
``tests.world``, one route for its own passports, all kinds promised, and one revocation list good for ten days. What is
published stands in ``charters`` and ``others`` (SignedDocument), ``crls`` (DER by economy) and ``notices`` (Envelope by
node): as it would travel. Tests may put there what they like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs import crl
from certs.authority import create_ca
from certs.identity import CaName, NodeName
from certs.keys import admit, encode_public, fingerprint, public_key_id
from certs.profiles import Role
from certs.signing import KeySigner
from federation.charter import Charter, RootMember, read
from federation.directory import Directory, Grant
from federation.documents import DocumentClass, ListName
from federation.entry import draft_entry, read_entry
from federation.envelope import Envelope, PayloadType
from federation.lookup import ALL_KINDS
from federation.membership import LocalPolicy, TrustDocuments, assemble
from federation.notice import read_notice, seal_notice
from federation.proposal import propose
from federation.routes import Route
from federation.signed import SignedDocument, sign
from federation.status import Purpose
from federation.succession import Succession, start
from federation.suspension import draft_suspension, draft_withdrawal, read_suspension, read_withdrawal
from federation.trust_statements import (
    CaRow,
    CoverageRow,
    Endpoint,
    EntryStatement,
    NoticeStatement,
    SuspensionStatement,
    WithdrawalStatement,
)
from tests.virtual_time import NOW, NOW_MS
from tests.world import authority, drawn_key, issued

NAME = "lab"
YEAR_MS = 366 * 86_400_000


@dataclass(frozen=True)
class Ca:
    """An issuing CA: its key, certificate and phase."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    phase: str = "ACTIVE"

    @property
    def key_id(self) -> bytes:
        """As lists and leaves name it."""
        return public_key_id(admit(self.certificate.public_key()))


def ca_of(code: str, label: str = "", phase: str = "ACTIVE") -> Ca:
    """An economy's CA as in ``tests.world``, or with a label another one of its."""
    if not label:
        return Ca(*authority(code), phase)
    key = drawn_key(f"{code} CA {label}")
    return Ca(key, create_ca(CaName(NAME, code), key, 7, NOW), phase)


def everything(codes: Iterable[str], own: str) -> LocalPolicy:
    """Everybody may ask us everything, and we ask everybody."""
    others = frozenset(codes) - {own}
    lists, purposes = frozenset(ListName), frozenset(Purpose)
    grants = {to: Grant(to, lists, purposes, NOW_MS + YEAR_MS, "lab", 1_000_000, 1_000_000_000) for to in others}
    return LocalPolicy(grants, others)


@dataclass
class Party:
    """What one economy has."""

    code: str
    roots: list[ec.EllipticCurvePrivateKey]
    needed: int
    cas: list[Ca]
    crl_number: int = 0
    revoked: set[int] = field(default_factory=set)

    @property
    def member(self) -> RootMember:
        """As the charter lists it."""
        return RootMember(self.code, tuple(sorted(encode_public(key.public_key()) for key in self.roots)), self.needed)

    def sign(self, document: SignedDocument) -> SignedDocument:
        """With as many of its root keys as it needs."""
        for key in self.roots[: self.needed]:
            document = sign(document, KeySigner(key))
        return document


class FederationOf:
    """Its members, and everything they have published so far."""

    def __init__(self, *codes: str, roots: int = 1, needed: int = 1, votes: tuple[int, int] = (2, 3)) -> None:
        self.parties = {
            code: Party(code, [drawn_key(f"{code} root {place}") for place in range(roots)], needed, [ca_of(code)])
            for code in codes
        }
        self.charters: list[SignedDocument] = []
        self.others: list[SignedDocument] = []
        self.entries: dict[str, SignedDocument] = {}
        self.crls: dict[bytes, bytes] = {}
        self.notices: dict[str, Envelope] = {}
        self.adopt(codes, votes=votes)
        for code in codes:
            self.enter(code)
            self.list_revoked(code)
            self.notify(code)

    @property
    def charter(self) -> Charter:
        """The newest one."""
        return read(self.charters[-1])

    def adopt(
        self,
        codes: Sequence[str],
        routes: Sequence[Route] | None = None,
        by: Sequence[str] | None = None,
        votes: tuple[int, int] = (2, 3),
    ) -> SignedDocument:
        """The next charter with these members, signed by ``by``, else by all of before and after, and published."""
        before = [self.charter] if self.charters else []
        proposed = propose(
            before,
            NAME,
            [self.parties[code].member for code in codes],
            [Route(code, DocumentClass.P, "*", code) for code in codes] if routes is None else routes,
            votes,
            NOW_MS,
        )
        signers = {*codes, *(code for charter in before for code in charter.members)} if by is None else by
        document = self.signed(proposed, *signers)
        self.charters.append(document)
        return document

    def signed(self, document: SignedDocument, *codes: str) -> SignedDocument:
        """With the root keys of these members."""
        for code in codes:
            document = self.parties[code].sign(document)
        return document

    def enter(self, code: str, number: int = 1, coverage: Sequence[CoverageRow] | None = None) -> SignedDocument:
        """The entry of a member with the CAs it has now, published."""
        rows = [CoverageRow(code, "P", ALL_KINDS)] if coverage is None else coverage
        cas = [CaRow(one.certificate.public_bytes(Encoding.DER), one.phase) for one in self.parties[code].cas]
        statement = EntryStatement(NAME, code, number, NOW_MS, tuple(cas), tuple(rows))
        self.entries[code] = self.signed(draft_entry(statement, self.charter), code)
        return self.entries[code]

    def list_revoked(self, code: str, *serials: int, at: datetime = NOW, days: int = 10) -> list[bytes]:
        """A new revocation list of each CA of a member, with ``serials`` beside what it revoked before; published."""
        party = self.parties[code]
        party.crl_number += 1
        party.revoked |= set(serials)
        for ca in party.cas:
            revoked = dict.fromkeys(party.revoked, NOW)
            self.crls[ca.key_id] = crl.build(ca.certificate, ca.key, party.crl_number, revoked, at, days)
        return [self.crls[ca.key_id] for ca in party.cas]

    def notify(self, code: str, node: str = "node1", number: int = 1, *endpoints: Endpoint) -> Envelope:
        """A notice of a node that answers and asks, published."""
        name = NodeName(NAME, code, node)
        key = drawn_key(f"{code} {node} message")
        leaf = issued(code, name, Role.MESSAGE, key, 30)
        statement = NoticeStatement(
            name.uri, number, NOW_MS, endpoints or (Endpoint("127.0.0.1:7443"),), ("answer", "ask"), 300
        )
        der = leaf.public_bytes(Encoding.DER)
        self.notices[name.uri] = seal_notice(statement, KeySigner(key), fingerprint(leaf), der)
        return self.notices[name.uri]

    def suspend(self, code: str, by: Sequence[str], starts_at: int = NOW_MS) -> SignedDocument:
        """A suspension under the newest charter, published."""
        charter = self.charter
        statement = SuspensionStatement(NAME, charter.version, charter.digest, code, starts_at, tuple(sorted(by)))
        self.others.append(self.signed(draft_suspension(statement, charter), *by))
        return self.others[-1]

    def withdraw(self, code: str) -> SignedDocument:
        """A member's withdrawal under the newest charter, published."""
        charter = self.charter
        statement = WithdrawalStatement(NAME, charter.version, charter.digest, code, NOW_MS)
        self.others.append(self.signed(draft_withdrawal(statement, charter), code))
        return self.others[-1]

    def succession(self) -> Succession:
        """The charters published, from the first."""
        succession = start(self.charters[0], self.charters[0].digest)
        for document in self.charters[1:]:
            succession = succession.take(document)
        return succession

    def documents(self, now: datetime = NOW) -> TrustDocuments:
        """All that is published, read and verified as a node does."""
        succession = self.succession()
        membership = succession.effective()
        charters = {digest: held.charter for digest, held in succession.held.items()}
        suspensions, withdrawals = [], []
        for document in self.others:
            made_under = next(one for one in charters.values() if _names(document, one))
            if document.payload_type == PayloadType.SUSPENSION.value:
                suspensions.append(read_suspension(document, made_under))
            else:
                withdrawals.append(read_withdrawal(document, made_under))
        signed = {code: one for code, one in self.entries.items() if code in membership.members}
        entries = {code: read_entry(document, membership) for code, document in signed.items()}
        cas = [ca for entry in entries.values() for ca in entry.certificates]
        keys = {public_key_id(admit(ca.public_key())) for ca in cas}
        crls = {key: crl.read(der, cas) for key, der in self.crls.items() if key in keys}
        notices = [
            read_notice(envelope, entries, NAME, now)
            for uri, envelope in self.notices.items()
            if uri.split("/")[3] in entries
        ]
        return TrustDocuments(
            succession,
            tuple(suspensions),
            tuple(withdrawals),
            entries,
            crls,
            {one.node.uri: one for one in notices},
        )

    def directory(self, code: str, local: LocalPolicy | None = None, now_ms: int = NOW_MS) -> Directory:
        """As a member sees it now, under its own policy or with everything allowed."""
        return assemble(self.documents(), code, local or everything(self.parties, code), now_ms)


def _names(document: SignedDocument, charter: Charter) -> bool:
    return charter.digest in document.payload
