"""Who the members are and what each answers for, as of now.

It comes from documents that prove themselves, and from this economy's own policy (``federation.membership``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509

from certs.identity import NodeName
from certs.keys import admit, public_key_id
from federation.documents import DocumentClass, Kind, ListName, TravelDocument
from federation.lookup import ISSUED_KINDS, Versions
from federation.routes import Route, RouteTable
from federation.status import Purpose

ROLES = frozenset({"answer", "ask"})
NO_OTHER_VERSIONS = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a member: its full name, its roles (``answer``, ``ask``) and where it is reached, best first."""

    name: NodeName
    roles: frozenset[str]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which kinds a member promises for an issuing state and class.

    ``expiry_from`` is the earliest date of expiry the issued list covers, or None when it covers all.
    """

    issuing_state: str
    document_class: DocumentClass
    kinds: int
    expiry_from: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a member lets one peer ask of it. ``until_ms`` is milliseconds since 1970; limits count questions."""

    to: str
    lists: frozenset[ListName]
    purposes: frozenset[Purpose]
    until_ms: int
    reference: str
    rate_per_second: int
    questions_per_day: int
    kinds: int = field(init=False)

    def __post_init__(self) -> None:
        """``kinds`` is the sum of the kinds that the granted lists answer."""
        kinds = int(Kind.REPORTED) if ListName.REPORTED in self.lists else 0
        object.__setattr__(self, "kinds", kinds | (ISSUED_KINDS if ListName.ISSUED in self.lists else 0))


@dataclass(frozen=True, slots=True)
class Member:
    """One economy as the federation knows it."""

    economy: str
    cas: tuple[x509.Certificate, ...]
    nodes: tuple[Node, ...]
    routes: tuple[Route, ...]
    coverage: Mapping[tuple[str, DocumentClass], Coverage]
    grants: Mapping[str, Grant]
    ask: frozenset[str]
    ca_keys: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """``ca_keys`` are the ``certs.keys.public_key_id`` of the CAs: a leaf of another one is none of this member."""
        keys = frozenset(public_key_id(admit(ca.public_key())) for ca in self.cas)
        object.__setattr__(self, "ca_keys", keys)

    def covers(self, document: TravelDocument) -> Coverage | None:
        """What this member promises for such a document; None for nothing."""
        return self.coverage.get((document.issuing_state, document.document_class))


@dataclass(frozen=True, slots=True)
class Standing:
    """What stops a member's lookups for a time, or one of its leaves for good. Times are milliseconds since 1970.

    ``suspended`` holds the times from (included) and until (not included) which the member is suspended.
    ``crl_until_ms`` says per CA key until when its revocation list is fresh, 0 where none is held, and ``revoked`` which
    serial numbers of which CA key are taken back. CA keys are ``certs.keys.public_key_id``.
    """

    suspended: tuple[tuple[int, int], ...] = ()
    crl_until_ms: Mapping[bytes, int] = field(default_factory=dict)
    revoked: frozenset[tuple[bytes, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Directory:
    """All members, as of the documents held.

    ``standings`` names every member. ``blocked`` are the members this economy exchanges nothing with. ``others_digest`` is
    one of all documents but the charter. Two are equal when they say the same: ``routes`` follow from charter and members.
    """

    federation: str
    digest: bytes
    members: Mapping[str, Member]
    routes: RouteTable = field(compare=False)
    standings: Mapping[str, Standing]
    blocked: frozenset[str] = frozenset()
    charter_version: int = 0
    others_digest: bytes = NO_OTHER_VERSIONS
    versions: Versions = field(init=False)

    def __post_init__(self) -> None:
        """``versions`` is what requests say of the documents held."""
        object.__setattr__(self, "versions", Versions(self.charter_version, self.digest, self.others_digest))
