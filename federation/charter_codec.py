"""Signed documents and charters: wire to dataclasses and back (docs/spec/9-trust.md, 9.1 and 9.2).

A charter may come from anybody and be large. What it holds is counted on the way through its frame, before anything is
made of it: two million empty members fit into 4 MiB, and each costs a parser far more than it costs the sender
(docs/threats.md, E07).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from federation.codec import exactly, parse_canonical, present
from federation.envelope import KEY_ID_OCTETS, SIGNATURE_OCTETS, PayloadType
from federation.errors import BadDocument, Malformed
from federation.lookup import DIGEST_OCTETS
from federation.signed import RootSignature, SignedDocument
from federation.status import DocumentCode
from federation.v1 import trust_pb2

MAX_CHARTER_OCTETS: Final = 4 * 1024 * 1024
MAX_DOCUMENT_OCTETS: Final = 256 * 1024
MAX_MEMBERS: Final = 1024
MAX_ROOT_KEYS: Final = 5
MAX_ROUTES: Final = 16_384
MAX_PREVIOUS: Final = 8
MAX_SIGNATURES: Final = MAX_MEMBERS * MAX_ROOT_KEYS * 2  # the keys of the charter before, and those of its own
MAX_PART_OCTETS: Final = 1024  # a member with five root keys has 480

_LIMITS: Final = {payload_type.value: MAX_DOCUMENT_OCTETS for payload_type in PayloadType} | {
    PayloadType.CHARTER.value: MAX_CHARTER_OCTETS
}
_FIXED: Final = {1: 8, 5: 4}  # wire type to octets: fixed64, fixed32
_DELIMITED: Final = 2

_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True)
class CharterStatement:
    """What a charter says, as it stands on the wire: in form, and nothing more is known of it.

    A member is (economy, DER of its root keys, signatures needed), a route (issuing state, class, pattern, economy).
    """

    federation: str
    version: int
    previous: tuple[bytes, ...]
    proposed_at: int
    votes: tuple[int, int]
    members: tuple[tuple[str, tuple[bytes, ...], int], ...]
    routes: tuple[tuple[str, str, str, str], ...]


def encode_document(document: SignedDocument) -> bytes:
    """The one encoding of a signed document."""
    return trust_pb2.SignedDocument(
        payload_type=document.payload_type,
        payload=document.payload,
        signatures=[trust_pb2.Signature(key_id=one.key_id, signature=one.signature) for one in document.signatures],
    ).SerializeToString(deterministic=True)


def decode_document(data: bytes) -> SignedDocument:
    """The signed document in exactly these bytes; no signature is checked.

    Raises BadDocument: TOO_LARGE for more than its kind may have (a charter 4 MiB, any other 256 KiB), MALFORMED for
    another kind, another encoding than ours, or signatures that do not ascend by key.
    """
    _check_room(data, MAX_CHARTER_OCTETS, MAX_SIGNATURES + 2, long_fields=(2,))
    wire = _canonical(trust_pb2.SignedDocument, data)
    limit = _LIMITS.get(wire.payload_type)
    if limit is None:
        raise _malformed("its payload type is none of docs/spec/9-trust.md")
    if len(data) > limit:
        raise _too_large(f"such a document has at most {limit:,} octets")
    ids = [one.key_id for one in wire.signatures]
    if not _ascending(ids):
        raise _malformed("its signatures do not ascend by key id, each once")
    if any(len(one.key_id) != KEY_ID_OCTETS or len(one.signature) != SIGNATURE_OCTETS for one in wire.signatures):
        raise _malformed(f"a signature is not {SIGNATURE_OCTETS} octets with a key id of {KEY_ID_OCTETS}")
    signatures = tuple(RootSignature(one.key_id, one.signature) for one in wire.signatures)
    return SignedDocument(wire.payload_type, wire.payload, signatures)


def encode_charter(statement: CharterStatement) -> bytes:
    """The canonical bytes of a CharterStatement."""
    numerator, denominator = statement.votes
    return trust_pb2.CharterStatement(
        federation=statement.federation,
        version=statement.version,
        previous=statement.previous,
        proposed_at=statement.proposed_at,
        votes_numerator=numerator,
        votes_denominator=denominator,
        members=[
            trust_pb2.CharterMember(economy=economy, root_keys=keys, signatures_needed=needed)
            for economy, keys, needed in statement.members
        ],
        routes=[
            trust_pb2.CharterRoute(issuing_state=state, document_class=kind, pattern=pattern, economy=economy)
            for state, kind, pattern, economy in statement.routes
        ],
    ).SerializeToString(deterministic=True)


def decode_charter(payload: bytes) -> CharterStatement:
    """A CharterStatement from exactly its canonical bytes, its lists ascending and without repeats.

    Raises BadDocument: TOO_LARGE, MALFORMED.
    """
    _check_room(payload, MAX_CHARTER_OCTETS, MAX_MEMBERS + MAX_ROUTES + MAX_PREVIOUS + 5)
    wire = _canonical(trust_pb2.CharterStatement, payload)
    try:
        present(wire, "version", "proposed_at", "votes_numerator", "votes_denominator")
        for member in wire.members:
            present(member, "signatures_needed")
        previous = tuple(exactly(digest, DIGEST_OCTETS, "previous") for digest in wire.previous)
    except Malformed as error:
        raise _malformed(str(error)) from error
    statement = CharterStatement(
        wire.federation,
        wire.version,
        previous,
        wire.proposed_at,
        (wire.votes_numerator, wire.votes_denominator),
        tuple((member.economy, tuple(member.root_keys), member.signatures_needed) for member in wire.members),
        tuple((route.issuing_state, route.document_class, route.pattern, route.economy) for route in wire.routes),
    )
    _check_lists(statement)
    return statement


def _check_lists(statement: CharterStatement) -> None:
    counted = (
        ("previous charters", statement.previous, MAX_PREVIOUS),
        ("members", tuple(economy for economy, _, _ in statement.members), MAX_MEMBERS),
        ("routes", statement.routes, MAX_ROUTES),
    )
    for name, items, most in counted:
        if len(items) > most:
            raise _too_large(f"a charter has at most {most:,} {name}")
        if not _ascending(items):
            raise _malformed(f"its {name} do not ascend, each once")
    for _, keys, _ in statement.members:
        if not _ascending(keys):
            raise _malformed("a member's root keys do not ascend, each once")


def _ascending(items: Sequence[Any]) -> bool:
    return all(one < other for one, other in pairwise(items))


def _canonical(kind: type[_M], data: bytes) -> _M:
    try:
        return parse_canonical(kind, data)
    except Malformed as error:
        raise _malformed(str(error)) from error


def _check_room(data: bytes, most_octets: int, most_fields: int, long_fields: tuple[int, ...] = ()) -> None:
    """Raise TOO_LARGE when the message is longer, holds more fields, or a longer one, than any right one.

    Only ``long_fields`` may hold more than 1 KiB.
    """
    if len(data) > most_octets:
        raise _too_large(f"none has more than {most_octets:,} octets")
    at = fields = 0
    while at < len(data):
        fields += 1
        if fields > most_fields:
            raise _too_large("it holds more parts than any right one")
        number, wire_type = data[at] >> 3, data[at] & 7
        at += 1
        if wire_type in _FIXED:
            at += _FIXED[wire_type]
            continue
        if wire_type != _DELIMITED:
            raise _malformed("a field has a form that none has")
        length, at = _length(data, at)
        if length > MAX_PART_OCTETS and number not in long_fields:
            raise _too_large(f"a part of it is longer than {MAX_PART_OCTETS:,} octets")
        at += length


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length in base 128, lowest first, and where it ends; four octets hold any that a document can have."""
    length = 0
    for place, octet in enumerate(data[at : at + 4]):
        length |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return length, at + place + 1
    raise _malformed("the length of a field cannot be read")


def _malformed(cause: str) -> BadDocument:
    return BadDocument(DocumentCode.MALFORMED, f"The document is not in its form: {cause}; ask its maker for it again.")


def _too_large(cause: str) -> BadDocument:
    return BadDocument(DocumentCode.TOO_LARGE, f"The document is too large: {cause}; ask its maker for the right one.")
