"""Writes the worked bytes of docs/spec/9-trust.md beside it: ``python -m docs.spec.worked.make_trust``.

As make.py, whose protobuf, keys and certificates it takes: a second implementation on purpose, that shares no code with
the program. tests/federation/test_worked_trust.py puts what it wrote through the program, both ways. The federation is
that of make.py, grown to three members and then to four. The keys are published: never use one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from docs.spec.worked.make import (
    ASKER,
    KINDS,
    NOW_MS,
    ORDER,
    TYPES,
    Sealed,
    constant,
    der,
    fixed32,
    fixed64,
    octets,
    spki,
    text,
)

HERE = Path(__file__).parent
DAY_MS = 86_400_000
FEDERATION = "lab"
RULE = (2, 3)


# --- documents that root keys sign (9.1) ------------------------------------------------------------------------------


@dataclass(frozen=True)
class RootKey:
    """One root key of a member, made from a constant."""

    economy: str
    place: int

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(constant(f"{self.economy} root key {self.place}", 32), "big") % (ORDER - 1) + 1
        return ec.derive_private_key(scalar, ec.SECP256R1())

    @property
    def spki(self) -> bytes:
        return spki(self.private)

    @property
    def key_id(self) -> bytes:
        return sha256(self.spki).digest()

    def sign(self, message: bytes) -> bytes:
        """64 octets r and s."""
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class Document:
    """A statement and the root keys that sign it."""

    kind: str
    payload: bytes
    signers: tuple[RootKey, ...]

    @property
    def signed(self) -> bytes:
        """The pre-authentication encoding."""
        kind = (TYPES + self.kind).encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    @property
    def digest(self) -> bytes:
        return sha256(self.signed).digest()

    def as_json(self) -> dict[str, Any]:
        """Every step of signing, in hexadecimal."""
        signatures = [(key.key_id, key.sign(self.signed)) for key in sorted(self.signers, key=lambda key: key.key_id)]
        written = b"".join(octets(3, octets(1, key_id) + octets(2, signature)) for key_id, signature in signatures)
        return {
            "payload_type": TYPES + self.kind,
            "payload": self.payload.hex(),
            "pre_authentication": self.signed.hex(),
            "digest": self.digest.hex(),
            "signatures": [{"key_id": one.hex(), "signature": signature.hex()} for one, signature in signatures],
            "document": (text(1, TYPES + self.kind) + octets(2, self.payload) + written).hex(),
        }


# --- charters (9.2 to 9.4) --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A member's root keys, and how many of them sign for it."""

    economy: str
    keys: int
    needed: int

    @property
    def roots(self) -> list[RootKey]:
        return sorted((RootKey(self.economy, place) for place in range(self.keys)), key=lambda key: key.spki)

    @property
    def octets(self) -> bytes:
        return text(1, self.economy) + b"".join(octets(2, key.spki) for key in self.roots) + fixed32(3, self.needed)

    @property
    def enough(self) -> tuple[RootKey, ...]:
        """As many keys as sign for the member."""
        return tuple(self.roots[: self.needed])


AUS, FJI, NZL, PHL = Member("AUS", 1, 1), Member("FJI", 1, 1), Member("NZL", 3, 2), Member("PHL", 2, 1)


def charter(
    version: int, previous: Sequence[Document], proposed_at: int, members: Sequence[Member], signers: Sequence[Member]
) -> Document:
    """A charter in which each member answers for its own passports, cards and visas."""
    payload = (
        text(1, FEDERATION)
        + fixed32(2, version)
        + b"".join(octets(3, one.digest) for one in previous)
        + fixed64(4, proposed_at)
        + fixed32(5, RULE[0])
        + fixed32(6, RULE[1])
        + b"".join(octets(7, member.octets) for member in members)
        + b"".join(
            octets(8, text(1, member.economy) + text(2, document_class) + text(3, "*") + text(4, member.economy))
            for member in members
            for document_class in "IPV"
        )
    )
    return Document("charter", payload, tuple(key for member in signers for key in member.enough))


FIRST = charter(1, (), NOW_MS, (AUS, NZL, PHL), (AUS, NZL, PHL))
SECOND = charter(2, (FIRST,), NOW_MS + DAY_MS, (AUS, FJI, NZL, PHL), (AUS, FJI, NZL))


def under(document: Document, version: int) -> bytes:
    """The two fields that name a charter."""
    return fixed32(2, version) + octets(3, document.digest)


# --- what else is signed (9.5 to 9.9) ---------------------------------------------------------------------------------

STARTS_AT = NOW_MS + 2 * DAY_MS
SUSPENSION = Document(
    "suspension",
    text(1, FEDERATION) + under(SECOND, 2) + text(4, "PHL") + fixed64(5, STARTS_AT) + text(6, "AUS") + text(6, "NZL"),
    (*AUS.enough, *NZL.enough),
)
WITHDRAWAL = Document(
    "withdrawal", text(1, FEDERATION) + under(SECOND, 2) + text(4, "FJI") + fixed64(5, STARTS_AT), FJI.enough
)


def _coverage(document_class: str, kinds: int, expiry_from: str) -> bytes:
    return octets(8, text(1, "NZL") + text(2, document_class) + fixed32(3, kinds) + text(4, expiry_from))


ENTRY = Document(
    "entry",
    text(1, FEDERATION)
    + text(2, "NZL")
    + fixed32(3, 1)
    + fixed64(4, NOW_MS)
    + octets(5, octets(1, der(ASKER.certificates["ca"])) + text(2, "ACTIVE"))
    + _coverage("I", KINDS["REPORTED"], "")
    + _coverage("P", sum(KINDS.values()), "2009-12-01")
    + octets(
        9,
        text(1, "Border Operations Centre")
        + text(2, "+64 4 555 0100")
        + text(3, "desk@border.example.nz")
        + text(4, "24/7")
        + text(5, "Pacific/Auckland")
        + text(6, "en")
        + text(6, "mi")
        + text(7, "Passport Office, +64 4 555 0101"),
    ),
    NZL.enough,
)

NOTICE = Sealed(
    ASKER,
    "notice",
    text(1, ASKER.name)
    + fixed32(2, 1)
    + fixed64(3, NOW_MS)
    + octets(4, text(1, "198.51.100.64:7443") + fixed32(3, 0))
    + octets(4, text(1, "rmas.border.example.nz:443") + text(2, "internet") + fixed32(3, 10))
    + text(5, "answer")
    + text(5, "ask")
    + octets(6, fixed64(1, NOW_MS + 7 * DAY_MS) + fixed64(2, NOW_MS + 7 * DAY_MS + 3_600_000))
    + fixed32(7, 300),
    with_certificate=True,
)


def notice() -> dict[str, Any]:
    """The envelope alone, for a notice stands in no message."""
    shown = NOTICE.as_json()
    del shown["message"]
    return shown


def versions_digest() -> bytes:
    """What a node states that holds all of them (9.10)."""
    digests = sorted(one.digest for one in (ENTRY, NOTICE, SUSPENSION, WITHDRAWAL))
    return sha256(b"".join(digests)).digest()


# --- files ------------------------------------------------------------------------------------------------------------


def root_keys() -> dict[str, Any]:
    """Every root key, in the order of the charter. Published, so good for nothing but this."""
    return {
        "what": "Root keys: private (big-endian scalars), SubjectPublicKeyInfo (DER) and its SHA-256. Never use one.",
        **{
            member.economy: [
                {
                    "private_key": f"{key.private.private_numbers().private_value:064x}",
                    "public_key": key.spki.hex(),
                    "key_id": key.key_id.hex(),
                }
                for key in member.roots
            ]
            for member in (AUS, FJI, NZL, PHL)
        },
    }


def trust_documents() -> dict[str, Any]:
    """Every document, in the order in which a node that holds none may take them in."""
    return {
        "what": "Two charters, and under the second one an entry, a notice, a suspension and a withdrawal.",
        "at": NOW_MS,
        "charter-1": {"what": "Three members. A first charter is signed by all of them.", **FIRST.as_json()},
        "charter-2": {
            "what": "FJI joins. Two of three of version 1 signed (AUS, NZL), and three of four of version 2.",
            **SECOND.as_json(),
        },
        "entry": {"what": "NZL of itself, signed by two of its three root keys.", **ENTRY.as_json()},
        "notice": {"what": "NZL's node of itself, in an envelope with its message leaf.", **notice()},
        "suspension": {"what": "AUS and NZL suspend PHL for 72 hours.", **SUSPENSION.as_json()},
        "withdrawal": {"what": "FJI leaves.", **WITHDRAWAL.as_json()},
        "versions_digest": versions_digest().hex(),
    }


def files() -> dict[str, bytes]:
    """Every file by name."""
    made = {"root-keys": root_keys(), "trust": trust_documents()}
    return {f"{name}.json": json.dumps(value, indent=1).encode() + b"\n" for name, value in made.items()}


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_bytes(content)
