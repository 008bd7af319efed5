"""Suspensions, withdrawals, entries and notices: wire to dataclasses and back (docs/spec/9-trust.md).

As in federation.codec a statement has one canonical form, and whatever would not encode to the very same bytes is
refused; so is a list that does not ascend or is too long. What the fields mean is for the modules that take them on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from federation.codec import exactly, parse_canonical, present
from federation.errors import BadDocument, Malformed
from federation.lookup import DIGEST_OCTETS
from federation.status import DocumentCode
from federation.trust_statements import (
    CaRow,
    Contact,
    CoverageRow,
    Endpoint,
    EntryStatement,
    Maintenance,
    NoticeStatement,
    SuspensionStatement,
    WithdrawalStatement,
)
from federation.v1 import trust_pb2

MAX_STATEMENT_OCTETS: Final = 256 * 1024
MAX_CAS: Final = 16
MAX_COVERAGE: Final = 1024
MAX_CONTACTS: Final = 32
MAX_LANGUAGES: Final = 16
MAX_ENDPOINTS: Final = 16
MAX_ROLES: Final = 2
MAX_MAINTENANCE: Final = 64
MAX_SUSPENDERS: Final = 2

_R = TypeVar("_R", bound=Any)
_S = TypeVar("_S")


def _written(encode: Callable[[_S], bytes]) -> Callable[[_S], bytes]:
    """What cannot stand on the wire at all, such as a negative number, is refused as what may not stand there is."""

    @wraps(encode)
    def checked(statement: _S) -> bytes:
        try:
            return encode(statement)
        except ValueError as error:
            message = "The statement has a number or a text that cannot be written; correct it and make it anew."
            raise BadDocument(DocumentCode.MALFORMED, message) from error

    return checked


def _documents(decode: Callable[[bytes], _S]) -> Callable[[bytes], _S]:
    """What is malformed here is a document that somebody has to make anew, and not a message of this connection."""

    @wraps(decode)
    def checked(payload: bytes) -> _S:
        if len(payload) > MAX_STATEMENT_OCTETS:
            raise BadDocument(DocumentCode.TOO_LARGE, f"The statement has more than {MAX_STATEMENT_OCTETS:,} octets.")
        try:
            return decode(payload)
        except Malformed as error:
            message = f"The statement does not have its form: {error}; have it made and signed anew."
            raise BadDocument(DocumentCode.MALFORMED, message) from error

    return checked


def _octets(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def _few(rows: Sequence[object], name: str, most: int) -> None:
    """Before anything is made of them: each row may cost more than its sender spent on it."""
    if len(rows) > most:
        raise BadDocument(DocumentCode.TOO_LARGE, f"There are more than {most} {name}; name fewer.")


def _ascending(rows: Sequence[_R], name: str) -> tuple[_R, ...]:
    if any(not one < after for one, after in pairwise(rows)):
        raise Malformed(f"its {name} do not ascend, each once")
    return tuple(rows)


@_written
def encode_suspension(statement: SuspensionStatement) -> bytes:
    """The canonical bytes of a suspension. Raises BadDocument MALFORMED."""
    return _octets(
        trust_pb2.SuspensionStatement(
            federation=statement.federation,
            charter_version=statement.charter_version,
            charter_digest=statement.charter_digest,
            economy=statement.economy,
            starts_at=statement.starts_at,
            by=statement.by,
        )
    )


@_documents
def decode_suspension(payload: bytes) -> SuspensionStatement:
    """A suspension from exactly its canonical bytes. Raises BadDocument MALFORMED, TOO_LARGE."""
    wire = parse_canonical(trust_pb2.SuspensionStatement, payload)
    present(wire, "charter_version", "starts_at")
    _few(wire.by, "members who suspend", MAX_SUSPENDERS)
    return SuspensionStatement(
        wire.federation,
        wire.charter_version,
        exactly(wire.charter_digest, DIGEST_OCTETS, "charter_digest"),
        wire.economy,
        wire.starts_at,
        _ascending(list(wire.by), "members who suspend"),
    )


@_written
def encode_withdrawal(statement: WithdrawalStatement) -> bytes:
    """The canonical bytes of a withdrawal. Raises BadDocument MALFORMED."""
    return _octets(
        trust_pb2.WithdrawalStatement(
            federation=statement.federation,
            charter_version=statement.charter_version,
            charter_digest=statement.charter_digest,
            economy=statement.economy,
            signed_at=statement.signed_at,
        )
    )


@_documents
def decode_withdrawal(payload: bytes) -> WithdrawalStatement:
    """A withdrawal from exactly its canonical bytes. Raises BadDocument MALFORMED, TOO_LARGE."""
    wire = parse_canonical(trust_pb2.WithdrawalStatement, payload)
    present(wire, "charter_version", "signed_at")
    return WithdrawalStatement(
        wire.federation,
        wire.charter_version,
        exactly(wire.charter_digest, DIGEST_OCTETS, "charter_digest"),
        wire.economy,
        wire.signed_at,
    )


@_written
def encode_entry(statement: EntryStatement) -> bytes:
    """The canonical bytes of an entry; its lists ascend already. Raises BadDocument MALFORMED."""
    wire = trust_pb2.EntryStatement(
        federation=statement.federation,
        economy=statement.economy,
        number=statement.number,
        issued_at=statement.issued_at,
        log_key=statement.log_key,
        witness_key=statement.witness_key,
    )
    for ca in statement.cas:
        wire.cas.add(certificate=ca.certificate, phase=ca.phase)
    for one in statement.coverage:
        wire.coverage.add(
            issuing_state=one.issuing_state,
            document_class=one.document_class,
            kinds=one.kinds,
            expiry_from=one.expiry_from,
        )
    for contact in statement.contacts:
        wire.contacts.add(
            desk=contact.desk,
            telephone=contact.telephone,
            email=contact.email,
            hours=contact.hours,
            time_zone=contact.time_zone,
            languages=contact.languages,
            deputy=contact.deputy,
        )
    return _octets(wire)


@_documents
def decode_entry(payload: bytes) -> EntryStatement:
    """An entry from exactly its canonical bytes. Raises BadDocument MALFORMED, TOO_LARGE."""
    wire = parse_canonical(trust_pb2.EntryStatement, payload)
    present(wire, "number", "issued_at")
    _few(wire.cas, "CAs", MAX_CAS)
    _few(wire.coverage, "rows of coverage", MAX_COVERAGE)
    _few(wire.contacts, "contacts", MAX_CONTACTS)
    return EntryStatement(
        wire.federation,
        wire.economy,
        wire.number,
        wire.issued_at,
        _ascending([CaRow(one.certificate, one.phase) for one in wire.cas], "CAs"),
        _ascending([_coverage(one) for one in wire.coverage], "rows of coverage"),
        _ascending([_contact(one) for one in wire.contacts], "contacts"),
        wire.log_key,
        wire.witness_key,
    )


def _coverage(wire: trust_pb2.EntryCoverage) -> CoverageRow:
    present(wire, "kinds")
    return CoverageRow(wire.issuing_state, wire.document_class, wire.kinds, wire.expiry_from)


def _contact(wire: trust_pb2.EntryContact) -> Contact:
    _few(wire.languages, "languages", MAX_LANGUAGES)
    languages = _ascending(list(wire.languages), "languages")
    return Contact(wire.desk, wire.telephone, wire.email, wire.hours, wire.time_zone, languages, wire.deputy)


@_written
def encode_notice(statement: NoticeStatement) -> bytes:
    """The canonical bytes of a notice; its lists ascend already. Raises BadDocument MALFORMED."""
    wire = trust_pb2.NoticeStatement(
        node=statement.node,
        number=statement.number,
        issued_at=statement.issued_at,
        roles=statement.roles,
        refresh_seconds=statement.refresh_seconds,
    )
    for one in statement.endpoints:
        wire.endpoints.add(address=one.address, network=one.network, priority=one.priority)
    for window in statement.maintenance:
        wire.maintenance.add(starts_at=window.starts_at, ends_at=window.ends_at)
    return _octets(wire)


@_documents
def decode_notice(payload: bytes) -> NoticeStatement:
    """A notice from exactly its canonical bytes. Raises BadDocument MALFORMED, TOO_LARGE."""
    wire = parse_canonical(trust_pb2.NoticeStatement, payload)
    present(wire, "number", "issued_at", "refresh_seconds")
    _few(wire.endpoints, "endpoints", MAX_ENDPOINTS)
    _few(wire.roles, "roles", MAX_ROLES)
    _few(wire.maintenance, "maintenance windows", MAX_MAINTENANCE)
    return NoticeStatement(
        wire.node,
        wire.number,
        wire.issued_at,
        _ascending([_endpoint(one) for one in wire.endpoints], "endpoints"),
        _ascending(list(wire.roles), "roles"),
        wire.refresh_seconds,
        _ascending([_maintenance(one) for one in wire.maintenance], "maintenance windows"),
    )


def _endpoint(wire: trust_pb2.NoticeEndpoint) -> Endpoint:
    present(wire, "priority")
    return Endpoint(wire.address, wire.network, wire.priority)


def _maintenance(wire: trust_pb2.NoticeMaintenance) -> Maintenance:
    present(wire, "starts_at", "ends_at")
    return Maintenance(wire.starts_at, wire.ends_at)
