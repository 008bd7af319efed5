"""Writes the worked bytes beside it: ``python docs/spec/worked/make.py``.

It is a second implementation of docs/spec/3-envelope-and-session.md and 4-lookup.md on purpose: it shares no code with
the program and puts every statement together octet by octet; tests/federation/test_worked_bytes.py puts what it wrote
through the program. Another economy's developer may start here. Keys, random octets and times are constants and
signatures are deterministic (RFC 6979), so every run writes the same files. The keys are published: never use one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MESSAGE_SIGNING = x509.ObjectIdentifier("2.25.243196210877377337128896943032101618685")
TYPES = "application/vnd.rmas.v1."
METHOD = "/federation.v1.PeerService/Lookup"
KINDS = {"REPORTED": 1, "ISSUED": 2, "ISSUED_DATES": 4}
BORDER_ENTRY = 1
NOT_MINE, SESSION_UNKNOWN = 13, 10
NO_MATCH, MATCH, NOT_ASKED = 1, 2, 3


def constant(label: str, size: int) -> bytes:
    """What a node would draw at random: the first octets of SHA-256 over a label."""
    return sha256(f"rmas worked bytes: {label}".encode()).digest()[:size]


# --- protobuf, as far as statements need it (docs/spec/3-envelope-and-session.md, 3.3) --------------------------------


def varint(value: int) -> bytes:
    """A varint: seven bits an octet, low ones first."""
    octets = b""
    while value >= 0x80:
        octets += bytes([value & 0x7F | 0x80])
        value >>= 7
    return octets + bytes([value])


def octets(number: int, value: bytes) -> bytes:
    """A field of octets, text or a message; one that is empty is left out."""
    return varint(number << 3 | 2) + varint(len(value)) + value if value else b""


def text(number: int, value: str) -> bytes:
    """A field of text."""
    return octets(number, value.encode())


def fixed32(number: int, value: int) -> bytes:
    """A field of four octets, written also when it is 0."""
    return varint(number << 3 | 5) + value.to_bytes(4, "little")


def fixed64(number: int, value: int) -> bytes:
    """A field of eight octets, written also when it is 0."""
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


# --- certificates (docs/spec/2-names-and-certificates.md, 2.3) --------------------------------------------------------


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a key's public half, DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def der(certificate: x509.Certificate) -> bytes:
    """A certificate's DER."""
    return certificate.public_bytes(Encoding.DER)


def subject(economy: str, common_name: str) -> x509.Name:
    """A subject for people; nothing reads it."""
    parts = (NameOID.ORGANIZATION_NAME, "lab"), (NameOID.ORGANIZATIONAL_UNIT_NAME, economy)
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in (*parts, (NameOID.COMMON_NAME, common_name))])


def usage(**bits: bool) -> x509.KeyUsage:
    """Key usage with these bits and no other."""
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    )
    return x509.KeyUsage(**{**dict.fromkeys((*names.split(), "encipher_only", "decipher_only"), False), **bits})


@dataclass
class Node:
    """One economy's CA and its one node: three keys, three certificates."""

    economy: str
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in ("ca", "tls", "message"):
            scalar = int.from_bytes(constant(f"{self.economy} {role} key", 32), "big") % (ORDER - 1) + 1
            self.keys[role] = ec.derive_private_key(scalar, ec.SECP256R1())
        self.certificates["ca"] = self._ca()
        self.certificates["tls"] = self._leaf("tls", ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        self.certificates["message"] = self._leaf("message", MESSAGE_SIGNING)

    @property
    def name(self) -> str:
        return f"rmas://lab/{self.economy}/node1"

    def digest(self, role: str) -> bytes:
        """SHA-256 of a certificate: a message leaf's is its key id."""
        return sha256(der(self.certificates[role])).digest()

    def sign(self, message: bytes) -> bytes:
        """64 octets r and s under the message key."""
        r, s = decode_dss_signature(self.keys["message"].sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _builder(self, role: str, common_name: str, days: int) -> x509.CertificateBuilder:
        key = self.keys[role]
        return (
            x509.CertificateBuilder()
            .subject_name(subject(self.economy, common_name))
            .issuer_name(subject(self.economy, f"{self.economy} issuing CA"))
            .public_key(key.public_key())
            .serial_number(1 << 128 | int.from_bytes(constant(f"{self.economy} {role} serial", 16), "big"))
            .not_valid_before(NOW - timedelta(hours=1))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier(sha256(spki(key)).digest()[:20]), critical=False)
        )

    def _ca(self) -> x509.Certificate:
        bound = x509.NameConstraints([x509.DNSName(f"{self.economy.lower()}.lab")], None)
        return (
            self._builder("ca", f"{self.economy} issuing CA", 1825)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(bound, critical=True)
            .sign(self.keys["ca"], SHA256(), ecdsa_deterministic=True)
        )

    def _leaf(self, role: str, *purposes: x509.ObjectIdentifier) -> x509.Certificate:
        names = [x509.UniformResourceIdentifier(self.name), x509.DNSName(f"node1.{self.economy.lower()}.lab")]
        ca_key_id = x509.AuthorityKeyIdentifier(sha256(spki(self.keys["ca"])).digest()[:20], None, None)
        return (
            self._builder(role, "node1", 30)
            .add_extension(usage(digital_signature=True), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(ca_key_id, critical=False)
            .sign(self.keys["ca"], SHA256(), ecdsa_deterministic=True)
        )


ASKER, RESPONDER = Node("NZL"), Node("AUS")


# --- the list of members, whose digest every request carries (docs/spec/worked/directory.md) ----------------------------


def member(node: Node, address: str, peer: str) -> dict[str, Any]:
    """One economy's block."""
    classes = "IPV"
    return {
        "economy": node.economy,
        "cas": [base64.b64encode(der(node.certificates["ca"])).decode()],
        "nodes": [{"name": node.name, "roles": ["answer", "ask"], "addresses": [address]}],
        "routes": [{"issuing_state": node.economy, "document_class": one, "pattern": "*"} for one in classes],
        "coverage": [
            {"issuing_state": node.economy, "document_class": one, "kinds": list(KINDS), "expiry_from": None}
            for one in classes
        ],
        "grants": [
            {
                "to": peer,
                "lists": ["reported", "issued"],
                "purposes": ["BORDER_ENTRY", "BORDER_EXIT", "PRE_DEPARTURE", "VISA", "INVESTIGATION", "TEST"],
                "until": "2027-11-22T00:00:00Z",
                "reference": "worked bytes",
                "rate_per_second": 2000,
                "questions_per_day": 1000000,
            }
        ],
        "ask": [peer],
    }


MEMBERS = [member(RESPONDER, "192.0.2.36:7443", "NZL"), member(ASKER, "198.51.100.64:7443", "AUS")]
DIRECTORY = json.dumps({"federation": "lab", "members": MEMBERS}, indent=1, sort_keys=True).encode() + b"\n"
# Charter version, its digest, and a digest of every other document held: there is none, so SHA-256 of nothing.
VERSIONS = (0, sha256(DIRECTORY).digest(), sha256(b"").digest())


def versions(first: int) -> bytes:
    """The three fields that say which member list a node holds, from field ``first`` on."""
    return fixed32(first, VERSIONS[0]) + octets(first + 1, VERSIONS[1]) + octets(first + 2, VERSIONS[2])


# --- the envelope (docs/spec/3-envelope-and-session.md, 3.1 and 3.2) --------------------------------------------------


@dataclass
class Sealed:
    """A statement under its signature. ``beside`` is what rides outside the envelope: a lookup's opened questions."""

    signer: Node
    kind: str
    payload: bytes
    with_certificate: bool = False
    beside: bytes = b""

    @property
    def signed(self) -> bytes:
        """The pre-authentication encoding."""
        kind = (TYPES + self.kind).encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    @property
    def digest(self) -> bytes:
        return sha256(self.signed).digest()

    def as_json(self) -> dict[str, Any]:
        """Every step of sealing, in hexadecimal."""
        certificate = der(self.signer.certificates["message"]) if self.with_certificate else b""
        key_id, signature = self.signer.digest("message"), self.signer.sign(self.signed)
        envelope = (
            text(1, TYPES + self.kind)
            + octets(2, self.payload)
            + octets(3, key_id)
            + octets(4, signature)
            + octets(5, certificate)
        )
        return {
            "payload_type": TYPES + self.kind,
            "payload": self.payload.hex(),
            "pre_authentication": self.signed.hex(),
            "digest": self.digest.hex(),
            "key_id": key_id.hex(),
            "signature": signature.hex(),
            "certificate": certificate.hex(),
            "envelope": envelope.hex(),
            "message": (octets(1, envelope) + octets(2, self.beside)).hex(),
        }


# --- the session (3.4) ------------------------------------------------------------------------------------------------

NONCE, SESSION_ID = constant("nonce", 16), constant("session id", 16)


def open_session() -> dict[str, Any]:
    """New Zealand opens a session at Australia, and has it 20 ms later."""
    request = Sealed(
        ASKER,
        "open-session-request",
        octets(1, varint(1))
        + text(2, ASKER.name)
        + text(3, RESPONDER.name)
        + octets(4, NONCE)
        + octets(5, ASKER.digest("tls"))
        + fixed64(6, NOW_MS)
        + fixed64(7, NOW_MS + 10_000)
        + versions(8),
        with_certificate=True,
    )
    answer = Sealed(
        RESPONDER,
        "open-session-answer",
        octets(1, request.digest)
        + text(2, RESPONDER.name)
        + text(3, ASKER.name)
        + octets(4, SESSION_ID)
        + fixed32(5, 1)
        + fixed64(6, NOW_MS + 20)
        + versions(7)
        + b"".join(fixed32(number, value) for number, value in ((10, 500), (11, 262_144), (12, 600), (13, 0), (14, 0))),
        with_certificate=True,
    )
    return {
        "what": "NZL opens a session at AUS; both envelopes carry the signer's message leaf.",
        "at": NOW_MS,
        "nonce": NONCE.hex(),
        "session_id": SESSION_ID.hex(),
        "request": request.as_json(),
        "answer": answer.as_json(),
    }


# --- lookups (docs/spec/4-lookup.md, 4.2 to 4.5) ----------------------------------------------------------------------

UNKNOWN = "<<<<<<"


@dataclass(frozen=True)
class Question:
    """A normalised document, the kinds asked and both dates as six characters."""

    kinds: tuple[str, ...]
    document_class: str
    issuing_state: str
    document_number: str
    birth: str = UNKNOWN
    expiry: str = UNKNOWN

    @property
    def octets(self) -> bytes:
        """The fixed form."""
        document = f"{self.document_class}{self.issuing_state:<<3}{self.document_number:<<24}"
        return bytes([sum(KINDS[kind] for kind in self.kinds)]) + f"{document}{self.birth}{self.expiry}".encode()


def outcome(question: Question, *matches: str) -> int:
    """One octet: two bits a kind, from the low end; the fourth pair is 3."""
    pairs = [(MATCH if kind in matches else NO_MATCH) if kind in question.kinds else NOT_ASKED for kind in KINDS]
    return sum(pair << 2 * place for place, pair in enumerate([*pairs, NOT_ASKED]))


def ask(questions: Sequence[Question], sequence: int) -> tuple[Sealed, list[dict[str, Any]]]:
    """A sealed request, and each question as the file shows it."""
    shown: list[dict[str, Any]] = []
    for place, question in enumerate(questions):
        random = constant(f"question {sequence}.{place}", 16)
        shown.append(
            {
                "kinds": list(question.kinds),
                "document_class": question.document_class,
                "issuing_state": question.issuing_state,
                "document_number": question.document_number,
                "birth": question.birth,
                "expiry": question.expiry,
                "random": random.hex(),
                "octets": question.octets.hex(),
                "digest": sha256(random + question.octets).hexdigest(),
            }
        )
    payload = (
        fixed32(1, 1)
        + text(2, METHOD)
        + text(3, ASKER.name)
        + text(4, RESPONDER.name)
        + octets(5, SESSION_ID)
        + fixed64(6, sequence)
        + fixed64(7, NOW_MS + 1000)
        + fixed64(8, NOW_MS + 11_000)
        + fixed32(9, BORDER_ENTRY)
        + octets(10, ASKER.digest("tls"))
        + versions(11)
        + octets(14, b"".join(bytes.fromhex(one["digest"]) for one in shown))
    )
    beside = b"".join(bytes.fromhex(one["random"] + one["octets"]) for one in shown)
    return Sealed(ASKER, "lookup-request", payload, beside=beside), shown


def answer(
    request: Sealed,
    *,
    as_of: tuple[int, int] = (0, 0),
    outcomes: bytes = b"",
    server_time: int = 0,
    refusal: int = 0,
    causes: bytes = b"",
) -> Sealed:
    """A sealed answer 40 ms later: outcomes or a refusal."""
    payload = (
        octets(1, request.digest)
        + text(2, RESPONDER.name)
        + text(3, ASKER.name)
        + fixed64(4, NOW_MS + 1040)
        + fixed64(5, as_of[0])
        + fixed64(6, as_of[1])
        + octets(7, outcomes)
        + fixed32(8, server_time)
        + fixed32(9, refusal)
        + fixed32(10, 0)
        + octets(11, causes)
    )
    return Sealed(RESPONDER, "lookup-answer", payload, with_certificate=refusal == SESSION_UNKNOWN)


def case_number(request: Sealed, index: int) -> str:
    """Ten characters of Crockford's base32 and a check character (4.9)."""
    derived = sha256(b"rmas case number v1\x00" + request.digest + index.to_bytes(2, "big")).digest()
    value = int.from_bytes(derived[:7], "big") >> 6
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
    return "".join(alphabet[value >> shift & 31] for shift in range(45, -5, -5)) + alphabet[value % 37]


PASSPORT = Question(("REPORTED", "ISSUED", "ISSUED_DATES"), "P", "AUS", "N1234567", "600412", "310102")
STOLEN = Question(("REPORTED",), "P", "AUS", "E4017001")
CARD = Question(("REPORTED", "ISSUED"), "I", "AUS", "C01X0006H")
FOREIGN = Question(("REPORTED",), "P", "NZL", "LA000123")


def lookup() -> dict[str, Any]:
    """Three questions: recognised with its dates, reported, and unknown to its issuer."""
    request, shown = ask([PASSPORT, STOLEN, CARD], sequence=1)
    outcomes = bytes([outcome(PASSPORT, "ISSUED", "ISSUED_DATES"), outcome(STOLEN, "REPORTED"), outcome(CARD)])
    as_of = (NOW_MS - 2 * 3_600_000, NOW_MS - 86_400_000)
    return {
        "what": "Three questions in one request. Verdicts: CLEAR, ALERT, NOT_RECOGNISED; the last two have a case number.",
        "sequence": 1,
        "questions": shown,
        "request": request.as_json(),
        "outcomes": outcomes.hex(),
        "case_numbers": ["", case_number(request, 1), case_number(request, 2)],
        "answer": answer(request, as_of=as_of, outcomes=outcomes, server_time=3).as_json(),
    }


def refusal() -> dict[str, Any]:
    """The second of two questions is not the responder's: NOT_MINE, and the octets that say which."""
    request, shown = ask([PASSPORT, FOREIGN], sequence=2)
    causes = b"\x00\x01"
    return {
        "what": "NOT_MINE: the second document is routed to NZL. The asker drops it and asks the first again, once.",
        "sequence": 2,
        "questions": shown,
        "request": request.as_json(),
        "refusal": NOT_MINE,
        "causes": causes.hex(),
        "answer": answer(request, refusal=NOT_MINE, causes=causes).as_json(),
    }


def session_unknown() -> dict[str, Any]:
    """A worker that lost the session says so, and proves who it is with its certificate."""
    request, shown = ask([STOLEN], sequence=3)
    return {
        "what": "SESSION_UNKNOWN: this answer alone carries the responder's message leaf outside OpenSession.",
        "sequence": 3,
        "questions": shown,
        "request": request.as_json(),
        "refusal": SESSION_UNKNOWN,
        "causes": "",
        "answer": answer(request, refusal=SESSION_UNKNOWN).as_json(),
    }


def keys() -> dict[str, Any]:
    """Every key and certificate. Published, so good for nothing but this."""
    return {
        "what": "Private keys (big-endian scalars) and certificates (DER) of the two nodes. Never use one.",
        **{
            node.economy: {
                role: {
                    "private_key": f"{node.keys[role].private_numbers().private_value:064x}",
                    "certificate": der(node.certificates[role]).hex(),
                    "sha256": node.digest(role).hex(),
                }
                for role in node.keys
            }
            for node in (ASKER, RESPONDER)
        },
    }


def files() -> dict[str, bytes]:
    """Every file by name."""
    made = {
        "keys": keys(),
        "open-session": open_session(),
        "lookup": lookup(),
        "refusal": refusal(),
        "session-unknown": session_unknown(),
    }
    shown = {f"{name}.json": json.dumps(value, indent=1).encode() + b"\n" for name, value in made.items()}
    return {"directory.json": DIRECTORY, **shown}


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_bytes(content)
