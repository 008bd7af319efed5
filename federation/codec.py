"""Lookups and sessions: wire to dataclasses and back; with the other codecs all that knows protobuf (docs/spec/, 3.3).

Statements have one canonical form. Decoding refuses whatever would not encode to the very same bytes: fields out of
order or twice, unknown fields, defaults spelt out, and a missing fixed-width field. So two nodes can never read one
signed statement differently (docs/threats.md, A03), and an answer's size follows from its names and number of
questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from itertools import repeat
from operator import attrgetter, contains
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from certs.certificates import MAX_CERTIFICATE_BYTES
from federation.envelope import KEY_ID_OCTETS, SIGNATURE_OCTETS, Envelope
from federation.errors import Malformed
from federation.lookup import DIGEST_OCTETS, MAX_QUESTIONS, LookupAnswer, LookupStatement, Versions
from federation.session import SESSION_ID_OCTETS, OpenSessionAnswer, OpenSessionStatement
from federation.v1 import envelope_pb2, peer_pb2, statements_pb2

MAX_MESSAGE_OCTETS = 256 * 1024
MAX_CERTIFICATE_OCTETS = MAX_CERTIFICATE_BYTES
MAX_NAME_CHARACTERS = 120
NONCE_OCTETS = 16
MAX_PROTOCOL_VERSIONS = 16

_M = TypeVar("_M", bound=Message)


def _parse(kind: type[_M], data: bytes) -> _M:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise Malformed(f"the bytes are no {kind.DESCRIPTOR.name}") from error


def parse_canonical(kind: type[_M], data: bytes) -> _M:
    """Parse, then compare with our own encoding; for checking alone: what is verified and logged is what came in.

    Raises Malformed when the bytes are no message of this kind, or another encoding of it than the one.
    """
    message = _parse(kind, data)
    message.DiscardUnknownFields()  # upb would write them back, and the comparison pass
    if message.SerializeToString(deterministic=True) != data:
        raise Malformed(f"the {kind.DESCRIPTOR.name} is not in canonical form")
    return message


def exactly(octets: bytes, length: int, name: str) -> bytes:
    """``octets`` if they are so many; raises Malformed, naming the field."""
    if len(octets) != length:
        raise Malformed(f"{name} is not {length} octets long")
    return octets


def present(message: Message, *fields: str) -> None:
    """Raises Malformed when one of these optional fields is not there."""
    if not all(map(message.HasField, fields)):
        missing = next(field for field in fields if not message.HasField(field))
        raise Malformed(f"{missing} is missing")


class _Form(Generic[_M]):
    """What one kind of statement must satisfy besides being canonical: fields that are there, and lengths that can be.

    All fields are held against it together, for nearly always they fit; only then is the one that does not looked for.
    """

    def __init__(self, kind: type[_M], present_fields: tuple[str, ...], lengths: Mapping[str, range]) -> None:
        """``lengths`` counts the octets or characters that a field may have."""
        self._kind = kind
        self._present = present_fields
        self._sized = tuple(lengths)
        self._lengths = tuple(lengths.values())

    def parse(self, payload: bytes) -> _M:
        """The message in exactly its canonical bytes, with every field in form; raises ``Malformed``."""
        wire = parse_canonical(self._kind, payload)
        found = map(len, map(getattr, repeat(wire), self._sized))
        if not (all(map(wire.HasField, self._present)) and all(map(contains, self._lengths, found))):
            self._refuse(wire)
        return wire

    def _refuse(self, wire: _M) -> None:
        present(wire, *self._present)
        for field, lengths in zip(self._sized, self._lengths, strict=True):
            found = len(getattr(wire, field))
            if found not in lengths:
                raise Malformed(f"{field} is {found} long, and {lengths[0]} to {lengths[-1]} can be")


def _wide(octets: int) -> range:
    return range(octets, octets + 1)


_NAME = range(1, MAX_NAME_CHARACTERS + 1)
_DIGEST = _wide(DIGEST_OCTETS)
_DIGESTS = range(DIGEST_OCTETS, DIGEST_OCTETS * MAX_QUESTIONS + 1, DIGEST_OCTETS)

_LOOKUP_STATEMENT = _Form(
    statements_pb2.LookupStatement,
    ("protocol_version", "sequence", "issued_at", "not_after", "purpose", "charter_version"),
    {
        "caller": _NAME,
        "responder": _NAME,
        "session_id": _wide(SESSION_ID_OCTETS),
        "caller_tls_leaf": _DIGEST,
        "charter_digest": _DIGEST,
        "versions_digest": _DIGEST,
        "question_digests": _DIGESTS,
    },
)
_LOOKUP_ANSWER = _Form(
    statements_pb2.LookupAnswer,
    ("answered_at", "reported_as_of", "issued_as_of", "server_time", "refusal", "retry_after"),
    {"request_digest": _DIGEST, "responder": _NAME},
)
# They have the same names here and on the wire.
_ANSWER_FIELDS = attrgetter(*(field.name for field in fields(LookupAnswer)))
_OPEN_SESSION_STATEMENT = _Form(
    statements_pb2.OpenSessionStatement,
    ("issued_at", "not_after", "charter_version"),
    {
        "caller": _NAME,
        "responder": _NAME,
        "nonce": _wide(NONCE_OCTETS),
        "caller_tls_leaf": _DIGEST,
        "charter_digest": _DIGEST,
        "versions_digest": _DIGEST,
    },
)
_OPEN_SESSION_ANSWER = _Form(
    statements_pb2.OpenSessionAnswer,
    (
        "protocol_version",
        "answered_at",
        "charter_version",
        "max_questions",
        "max_message_octets",
        "idle_seconds",
        "refusal",
        "retry_after",
    ),
    {
        "request_digest": _DIGEST,
        "responder": _NAME,
        "session_id": _wide(SESSION_ID_OCTETS),
        "charter_digest": _DIGEST,
        "versions_digest": _DIGEST,
    },
)


def _envelope_from(wire: envelope_pb2.Envelope) -> Envelope:
    key_id, signature, certificate = wire.key_id, wire.signature, wire.certificate
    if len(key_id) != KEY_ID_OCTETS:
        raise Malformed(f"key_id is not {KEY_ID_OCTETS} octets long")
    if len(signature) != SIGNATURE_OCTETS:
        raise Malformed(f"signature is not {SIGNATURE_OCTETS} octets long")
    if len(certificate) > MAX_CERTIFICATE_OCTETS:
        raise Malformed(f"the certificate is longer than {MAX_CERTIFICATE_OCTETS} octets")
    return Envelope(wire.payload_type, wire.payload, key_id, signature, certificate)


def envelope_to_wire(envelope: Envelope) -> envelope_pb2.Envelope:
    """The message of an envelope, for the codecs of this package."""
    return envelope_pb2.Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        key_id=envelope.key_id,
        signature=envelope.signature,
        certificate=envelope.certificate,
    )


def decode_lookup_request(data: bytes) -> tuple[Envelope, bytes]:
    """The envelope and the opened questions (57 octets each) of a lookup; raises ``Malformed``."""
    wire = _parse(peer_pb2.LookupRequest, data)
    return _envelope_from(wire.envelope), wire.questions


def encode_lookup_request(envelope: Envelope, opened: bytes) -> bytes:
    """The bytes of a lookup: its envelope, and beside it 57 octets a question."""
    return peer_pb2.LookupRequest(envelope=envelope_to_wire(envelope), questions=opened).SerializeToString()


def decode_open_session_request(data: bytes) -> Envelope:
    """The envelope in an OpenSessionRequest; raises ``Malformed``."""
    return _envelope_from(_parse(peer_pb2.OpenSessionRequest, data).envelope)


def decode_response(data: bytes) -> Envelope:
    """The envelope in a LookupResponse or OpenSessionResponse, which are alike; raises ``Malformed``."""
    return _envelope_from(_parse(peer_pb2.LookupResponse, data).envelope)


def encode_enveloped(envelope: Envelope) -> bytes:
    """The bytes of an OpenSessionRequest, OpenSessionResponse or LookupResponse: one envelope in field 1."""
    return peer_pb2.LookupResponse(envelope=envelope_to_wire(envelope)).SerializeToString()


def encode_lookup_statement(statement: LookupStatement) -> bytes:
    """The canonical bytes of a LookupStatement."""
    return statements_pb2.LookupStatement(
        protocol_version=statement.protocol_version,
        method=statement.method,
        caller=statement.caller,
        responder=statement.responder,
        session_id=statement.session_id,
        sequence=statement.sequence,
        issued_at=statement.issued_at,
        not_after=statement.not_after,
        purpose=statement.purpose,
        caller_tls_leaf=statement.caller_tls_leaf,
        charter_version=statement.versions.charter_version,
        charter_digest=statement.versions.charter_digest,
        versions_digest=statement.versions.others_digest,
        question_digests=statement.question_digests,
    ).SerializeToString(deterministic=True)


def decode_lookup_statement(payload: bytes) -> LookupStatement:
    """A LookupStatement from exactly its canonical bytes; raises ``Malformed``."""
    wire = _LOOKUP_STATEMENT.parse(payload)
    return LookupStatement(
        wire.protocol_version,
        wire.method,
        wire.caller,
        wire.responder,
        wire.session_id,
        wire.sequence,
        wire.issued_at,
        wire.not_after,
        wire.purpose,
        wire.caller_tls_leaf,
        Versions(wire.charter_version, wire.charter_digest, wire.versions_digest),
        wire.question_digests,
    )


def encode_lookup_answer(answer: LookupAnswer) -> bytes:
    """The canonical bytes of a LookupAnswer."""
    return statements_pb2.LookupAnswer(
        request_digest=answer.request_digest,
        responder=answer.responder,
        caller=answer.caller,
        answered_at=answer.answered_at,
        reported_as_of=answer.reported_as_of,
        issued_as_of=answer.issued_as_of,
        outcomes=answer.outcomes,
        server_time=answer.server_time,
        refusal=answer.refusal,
        retry_after=answer.retry_after,
        causes=answer.causes,
    ).SerializeToString(deterministic=True)


def decode_lookup_answer(payload: bytes) -> LookupAnswer:
    """A LookupAnswer from exactly its canonical bytes, never outcomes and a refusal together; raises ``Malformed``.

    With neither it has too few outcomes, which is for the asker to say, who knows how many it asked for.
    """
    wire = _LOOKUP_ANSWER.parse(payload)
    if (wire.refusal and wire.outcomes) or (wire.causes and not wire.refusal):
        raise Malformed("an answer carries either outcomes or a refusal")
    return LookupAnswer(*_ANSWER_FIELDS(wire))


def encode_open_session_statement(statement: OpenSessionStatement) -> bytes:
    """The canonical bytes of an OpenSessionStatement."""
    return statements_pb2.OpenSessionStatement(
        protocol_versions=statement.protocol_versions,
        caller=statement.caller,
        responder=statement.responder,
        nonce=statement.nonce,
        caller_tls_leaf=statement.caller_tls_leaf,
        issued_at=statement.issued_at,
        not_after=statement.not_after,
        charter_version=statement.versions.charter_version,
        charter_digest=statement.versions.charter_digest,
        versions_digest=statement.versions.others_digest,
    ).SerializeToString(deterministic=True)


def decode_open_session_statement(payload: bytes) -> OpenSessionStatement:
    """An OpenSessionStatement from exactly its canonical bytes; raises ``Malformed``."""
    wire = _OPEN_SESSION_STATEMENT.parse(payload)
    versions = tuple(wire.protocol_versions)
    if not 1 <= len(versions) <= MAX_PROTOCOL_VERSIONS or list(versions) != sorted(set(versions)):
        raise Malformed("protocol_versions is not an ascending list without repeats")
    return OpenSessionStatement(
        versions,
        wire.caller,
        wire.responder,
        wire.nonce,
        wire.caller_tls_leaf,
        wire.issued_at,
        wire.not_after,
        Versions(wire.charter_version, wire.charter_digest, wire.versions_digest),
    )


def encode_open_session_answer(answer: OpenSessionAnswer) -> bytes:
    """The canonical bytes of an OpenSessionAnswer."""
    return statements_pb2.OpenSessionAnswer(
        request_digest=answer.request_digest,
        responder=answer.responder,
        caller=answer.caller,
        session_id=answer.session_id,
        protocol_version=answer.protocol_version,
        answered_at=answer.answered_at,
        charter_version=answer.versions.charter_version,
        charter_digest=answer.versions.charter_digest,
        versions_digest=answer.versions.others_digest,
        max_questions=answer.max_questions,
        max_message_octets=answer.max_message_octets,
        idle_seconds=answer.idle_seconds,
        refusal=answer.refusal,
        retry_after=answer.retry_after,
    ).SerializeToString(deterministic=True)


def decode_open_session_answer(payload: bytes) -> OpenSessionAnswer:
    """An OpenSessionAnswer from exactly its canonical bytes; raises ``Malformed``."""
    wire = _OPEN_SESSION_ANSWER.parse(payload)
    return OpenSessionAnswer(
        wire.request_digest,
        wire.responder,
        wire.caller,
        wire.session_id,
        wire.protocol_version,
        wire.answered_at,
        Versions(wire.charter_version, wire.charter_digest, wire.versions_digest),
        wire.max_questions,
        wire.max_message_octets,
        wire.idle_seconds,
        wire.refusal,
        wire.retry_after,
    )
