"""Who the members are and what each answers for, as of now.

It comes from documents that prove themselves (``federation.membership``), or from one JSON file pinned by its SHA-256
(docs/reference/directory.md): whoever holds the pin decides, and a node takes only the very bytes its operator pinned.
A pinned file knows no suspensions and no revocation lists.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography import x509

from certs.certificates import decode_der
from certs.errors import CertsError
from certs.identity import CaName, NodeName, parse_uri
from certs.keys import admit, encode_public, public_key_id
from federation.documents import DocumentClass, Kind, ListName, TravelDocument, normalise_class, normalise_state
from federation.errors import InvalidDirectory, InvalidDocument
from federation.lookup import ISSUED_KINDS, Versions
from federation.routes import Route, RouteTable
from federation.status import Purpose

MAX_DIRECTORY_OCTETS = 4 * 1024 * 1024
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
    """All members, as of one pinned file or of the documents held.

    ``standings`` names every member, or is empty with a pinned file: then no revocation list is asked for. ``blocked``
    are the members this economy exchanges nothing with. ``others_digest`` is one of all documents but the charter.
    """

    federation: str
    digest: bytes
    members: Mapping[str, Member]
    routes: RouteTable
    standings: Mapping[str, Standing] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    charter_version: int = 0
    others_digest: bytes = NO_OTHER_VERSIONS
    versions: Versions = field(init=False)

    def __post_init__(self) -> None:
        """``versions`` is what requests say of the documents held."""
        object.__setattr__(self, "versions", Versions(self.charter_version, self.digest, self.others_digest))


def parse(data: bytes) -> Directory:
    """The directory in these bytes.

    Raises:
        InvalidDirectory: it does not hold together; the message says where, and what to mend.
    """
    if len(data) > MAX_DIRECTORY_OCTETS:
        raise InvalidDirectory(f"The directory is larger than {MAX_DIRECTORY_OCTETS} octets; it names too much.")
    try:
        raw = json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
        _known(raw, "federation members")
        federation = _text(raw, "federation")
        members = [_member(item, federation) for item in _list(raw, "members")]
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, CertsError, InvalidDocument) as error:
        raise InvalidDirectory(f"The directory cannot be read: {error}. Compare it with the reference.") from error
    _unique([m.economy for m in members], "economy")
    _unique([str(n.name) for m in members for n in m.nodes], "node")
    _one_owner_per_ca(members)
    return Directory(
        federation,
        sha256(data).digest(),
        {m.economy: m for m in members},
        RouteTable([route for m in members for route in m.routes]),
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two members named alike would make two readers see two federations (docs/threats.md, I05).
    _unique([key for key, _ in pairs], "key")
    return dict(pairs)


def _no_constants(text: str) -> Any:
    raise ValueError(f"{text} is no number here")


def _known(item: Any, keys: str) -> None:
    """Refuse a key that is not among ``keys``: a misspelt one would grant or promise other than what was meant."""
    unknown = set(item) - set(keys.split())
    if unknown:
        raise ValueError(f"{min(unknown)} is no key here; {keys} are")


def _unique(names: list[str], what: str) -> None:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise InvalidDirectory(f"The directory names the {what} {min(doubled)} twice; name each once.")


def _one_owner_per_ca(members: list[Member]) -> None:
    owner: dict[bytes, str] = {}
    for member in members:
        for ca in member.cas:
            spki = encode_public(admit(ca.public_key()))
            if owner.setdefault(spki, member.economy) != member.economy:
                raise InvalidDirectory(
                    f"{member.economy} and {owner[spki]} list one CA key; each economy needs a key of its own."
                )


def _member(item: Any, federation: str) -> Member:
    _known(item, "economy cas nodes routes coverage grants ask")
    economy = _text(item, "economy")
    CaName(federation, economy)  # raises where either is no label a certificate could carry
    cas = tuple(_certificate(text) for text in _list(item, "cas"))
    nodes = tuple(_node(node, federation, economy) for node in _list(item, "nodes"))
    routes = tuple(_route(route, economy) for route in _list(item, "routes"))
    coverage = [_coverage(one) for one in _list(item, "coverage")]
    grants = [_grant(one) for one in _list(item, "grants")]
    _unique([f"{c.issuing_state}/{c.document_class}" for c in coverage], f"coverage of {economy} for")
    _unique([g.to for g in grants], f"grant of {economy} to")
    return Member(
        economy,
        cas,
        nodes,
        routes,
        {(c.issuing_state, c.document_class): c for c in coverage},
        {g.to: g for g in grants},
        frozenset(map(str, _list(item, "ask"))),
    )


def _certificate(text: Any) -> x509.Certificate:
    try:
        certificate = decode_der(base64.b64decode(str(text), validate=True))
    except binascii.Error as error:
        raise ValueError("a CA is not the base64 of a DER certificate") from error
    admit(certificate.public_key())
    return certificate


def _node(item: Any, federation: str, economy: str) -> Node:
    _known(item, "name roles addresses")
    name = parse_uri(_text(item, "name"))
    if (name.federation, name.economy) != (federation, economy):
        raise ValueError(f"{name.uri} stands under {economy} of {federation} and names another")
    roles = frozenset(map(str, _list(item, "roles")))
    if not roles <= ROLES:
        raise ValueError(f"{min(roles - ROLES)} is no role of {name.uri}; {' and '.join(sorted(ROLES))} are")
    return Node(name, roles, tuple(map(str, _list(item, "addresses"))))


def _route(item: Any, economy: str) -> Route:
    _known(item, "issuing_state document_class pattern")
    return Route(
        normalise_state(_text(item, "issuing_state")),
        normalise_class(_text(item, "document_class")),
        _text(item, "pattern"),
        economy,
    )


def _coverage(item: Any) -> Coverage:
    _known(item, "issuing_state document_class kinds expiry_from")
    kinds = 0
    for kind in _list(item, "kinds"):
        kinds |= Kind[str(kind)]
    expiry_from = item.get("expiry_from")
    return Coverage(
        normalise_state(_text(item, "issuing_state")),
        normalise_class(_text(item, "document_class")),
        kinds,
        None if expiry_from is None else datetime.strptime(str(expiry_from), "%Y-%m-%d").date().isoformat(),  # noqa: DTZ007
    )


def _grant(item: Any) -> Grant:
    _known(item, "to lists purposes until reference rate_per_second questions_per_day")
    until = datetime.fromisoformat(_text(item, "until"))
    if until.tzinfo is None:
        raise ValueError("a grant's end has no time zone; write it in UTC with a Z")
    return Grant(
        _text(item, "to"),
        frozenset(ListName(str(name)) for name in _list(item, "lists")),
        frozenset(Purpose[str(name)] for name in _list(item, "purposes")),
        int(until.astimezone(UTC).timestamp() * 1000),
        str(item.get("reference", "")),
        _positive(item, "rate_per_second"),
        _positive(item, "questions_per_day"),
    )


def _text(item: Any, key: str) -> str:
    value = item[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def _list(item: Any, key: str) -> list[Any]:
    value = item[key]
    if not isinstance(value, list):
        raise TypeError(f"{key} is no list")
    return value


def _positive(item: Any, key: str) -> int:
    value = item[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{key} is no whole number of 0 or more")
    return value
