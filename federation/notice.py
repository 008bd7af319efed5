"""Notices: what a node says of itself, under its message key (docs/spec/9-trust.md).

A notice says where a node is reached and what it does, never who it is: that its certificate says, and every connection
proves it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from certs.certificates import decode_der
from certs.errors import AuthorityExpired, AuthorityNotYetValid, CertsError, Expired, InvalidName, NotYetValid
from certs.identity import NodeName, name_of, parse_uri
from certs.profiles import Role
from certs.signing import Signer
from certs.verify import VerifiedLeaf, verify_leaf
from federation import entry_codec
from federation.addresses import require_address, require_network
from federation.directory import ROLES
from federation.entry import Entry
from federation.envelope import Envelope, PayloadType, open_envelope, seal
from federation.errors import BadDocument, Refused
from federation.status import DocumentCode, RefusalCode
from federation.trust_statements import Endpoint, Maintenance, NoticeStatement

REFRESH_SECONDS: Final = (60, 86_400)


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice; ``digest`` (32 octets) names what was signed, times are milliseconds since 1970 UTC.

    ``endpoints`` stand best first. ``refresh_seconds`` is how often others should look for something newer.
    """

    node: NodeName
    number: int
    issued_at: int
    endpoints: tuple[Endpoint, ...]
    roles: frozenset[str]
    maintenance: tuple[Maintenance, ...]
    refresh_seconds: int
    digest: bytes


def seal_notice(statement: NoticeStatement, signer: Signer, key_id: bytes, certificate: bytes) -> Envelope:
    """The notice in an envelope, its lists put in order; ``certificate`` is the message leaf in DER, ``key_id`` its SHA-256.

    Raises BadDocument where `read_notice` would, certificate and signature apart.
    """
    ordered = replace(
        statement,
        endpoints=tuple(sorted(statement.endpoints)),
        roles=tuple(sorted(statement.roles)),
        maintenance=tuple(sorted(statement.maintenance)),
    )
    envelope = seal(PayloadType.NOTICE, entry_codec.encode_notice(ordered), signer, key_id, certificate)
    _notice(envelope)
    return envelope


def read_notice(
    envelope: Envelope,
    entries: Mapping[str, Entry],
    federation: str,
    now: datetime,
    revoked: Collection[tuple[bytes, int]] = (),
) -> Notice:
    """The notice in an envelope, signed by the message leaf within, which must be current at ``now``.

    ``entries`` are those of the members, by economy: the leaf must be of a CA of the economy it names. ``revoked`` as for
    `certs.verify.verify_leaf`. Whether the member is suspended or its CRL is old makes no difference here: documents are
    taken from all, and only lookups need more.

    Raises BadDocument: NOT_A_MEMBER (no entry of that economy), WRONG_ISSUER (no message leaf of its CAs), LAPSED, NOT_YET
    (the leaf or its CA is over, or has not begun), BAD_SIGNATURE, MALFORMED, TOO_LARGE, INVALID_NAME.
    """
    leaf = _leaf(envelope, entries, federation, now, revoked)
    try:
        open_envelope(envelope, PayloadType.NOTICE, leaf.public_key)
    except Refused as error:
        if error.code is RefusalCode.BAD_SIGNATURE:
            message = "The signature of this notice does not hold; get it from its node again."
            raise BadDocument(DocumentCode.BAD_SIGNATURE, message) from error
        raise _malformed("This is no notice") from error
    notice = _notice(envelope)
    if notice.node != leaf.name:
        message = f"The notice of {notice.node} is signed by {leaf.name}; each node makes its own."
        raise BadDocument(DocumentCode.WRONG_ISSUER, message)
    return notice


def _leaf(
    envelope: Envelope,
    entries: Mapping[str, Entry],
    federation: str,
    now: datetime,
    revoked: Collection[tuple[bytes, int]],
) -> VerifiedLeaf:
    try:
        certificate = decode_der(envelope.certificate)
        entry = entries.get(name_of(certificate).economy)
        if entry is None:
            message = "This notice is of an economy whose entry is not held; take in the entry first."
            raise BadDocument(DocumentCode.NOT_A_MEMBER, message)
        leaf = verify_leaf(certificate, entry.certificates, Role.MESSAGE, federation, now, revoked)
    except CertsError as error:
        message = f"The certificate of this notice is not accepted: {error}."
        raise BadDocument(_CODES.get(type(error), DocumentCode.WRONG_ISSUER), message) from error
    if leaf.fingerprint != envelope.key_id:
        raise _malformed("This notice names another key than that of its certificate")
    return leaf


_CODES: Final[Mapping[type[CertsError], DocumentCode]] = {
    Expired: DocumentCode.LAPSED,
    AuthorityExpired: DocumentCode.LAPSED,
    NotYetValid: DocumentCode.NOT_YET,
    AuthorityNotYetValid: DocumentCode.NOT_YET,
}


def _notice(envelope: Envelope) -> Notice:
    statement = entry_codec.decode_notice(envelope.payload)
    try:
        node = parse_uri(statement.node)
    except InvalidName as error:
        message = f"The notice names no node: {error}."
        raise BadDocument(DocumentCode.INVALID_NAME, message) from error
    _require_sense(statement)
    for one in statement.endpoints:
        require_address(one.address)
        require_network(one.network)
    return Notice(
        node,
        statement.number,
        statement.issued_at,
        tuple(sorted(statement.endpoints, key=lambda one: (one.priority, one.address))),
        frozenset(statement.roles),
        statement.maintenance,
        statement.refresh_seconds,
        envelope.digest,
    )


def _require_sense(statement: NoticeStatement) -> None:
    least, most = REFRESH_SECONDS
    if not statement.number:
        raise _malformed("The first notice of a node has number 1")
    if not statement.roles or not ROLES.issuperset(statement.roles):
        raise _malformed(f"A notice names one or both of the roles {' and '.join(sorted(ROLES))}")
    if "answer" in statement.roles and not statement.endpoints:
        raise _malformed("A node that answers has no endpoint")
    if len({(one.address, one.network) for one in statement.endpoints}) < len(statement.endpoints):
        raise _malformed("One endpoint has two priorities")
    if any(window.starts_at >= window.ends_at for window in statement.maintenance):
        raise _malformed("A maintenance window ends before it starts")
    if not least <= statement.refresh_seconds <= most:
        raise _malformed(f"The refresh hint is not {least} to {most} seconds")


def _malformed(cause: str) -> BadDocument:
    return BadDocument(DocumentCode.MALFORMED, f"{cause}; have the notice made anew.")
