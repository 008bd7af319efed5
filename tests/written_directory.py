"""A directory written out as JSON (docs/spec/worked/directory.md): for worlds, and for the worked octets of the specification.

Nodes put theirs together from the documents they hold. In a written one every member's revocation lists are fresh for
ever, until a test says otherwise.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography import x509

from certs.certificates import decode_der
from certs.errors import CertsError
from certs.identity import CaName, parse_uri
from certs.keys import admit, encode_public
from federation.directory import ROLES, Coverage, Directory, Grant, Member, Node, Standing
from federation.documents import Kind, ListName, normalise_class, normalise_state
from federation.errors import InvalidDirectory, InvalidDocument
from federation.routes import Route, RouteTable
from federation.status import Purpose

MAX_DIRECTORY_OCTETS = 4 * 1024 * 1024
FOR_EVER_MS = 253_402_300_799_999


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
        {m.economy: Standing(crl_until_ms=dict.fromkeys(m.ca_keys, FOR_EVER_MS)) for m in members},
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
