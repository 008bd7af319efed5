"""Trust documents carried by hand in one file: wire to dataclass and back (docs/spec/9-trust.md).

The file may come from anywhere, so its parts are counted on the way through its frame, before anything is made of
them: many million empty parts fit into 16 MiB, and each would cost a parser more than it costs the sender.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from certs.certificates import MAX_CERTIFICATE_BYTES
from federation.codec import envelope_to_wire, exactly, parse_canonical
from federation.envelope import KEY_ID_OCTETS, SIGNATURE_OCTETS, Envelope
from federation.errors import BadDocument, Malformed
from federation.status import DocumentCode
from federation.v1 import envelope_pb2, trust_pb2

MAX_BUNDLE_OCTETS: Final = 16 * 1024 * 1024
MAX_PARTS: Final = 4096
MAX_NOTICE_OCTETS: Final = 256 * 1024
# The field's number, and 2 for a length and so many octets: protobuf's frame for one of `repeated bytes`.
_TAGS: Final = {field << 3 | 2: field for field in (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """Trust documents as they travel, unread: each is verified by itself when it is taken in.

    ``documents`` are signed documents (charters, suspensions, withdrawals, entries), ``notices`` envelopes, ``crls``
    X.509 certificate revocation lists in DER.
    """

    documents: tuple[bytes, ...] = ()
    notices: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


def encode_bundle(bundle: TrustBundle) -> bytes:
    """The one encoding of a bundle. Raises BadDocument TOO_LARGE when nobody would read it."""
    if len(bundle.documents) + len(bundle.notices) + len(bundle.crls) > MAX_PARTS:
        raise _too_many()
    data = _encode(bundle)
    _check_size(data)
    return data


def decode_bundle(data: bytes) -> TrustBundle:
    """The bundle in exactly these bytes.

    Raises BadDocument: TOO_LARGE for more than 16 MiB or 4,096 parts, MALFORMED for another encoding than ours.
    """
    _check_size(data)
    parts: dict[int, list[bytes]] = {1: [], 2: [], 3: []}
    for count, (field, part) in enumerate(_parts(data), 1):
        if count > MAX_PARTS:
            raise _too_many()
        parts[field].append(part)
    bundle = TrustBundle(tuple(parts[1]), tuple(parts[2]), tuple(parts[3]))
    if _encode(bundle) != data:
        raise _malformed()
    return bundle


def encode_notice_envelope(envelope: Envelope) -> bytes:
    """A notice as it travels: its envelope, by itself."""
    return envelope_to_wire(envelope).SerializeToString(deterministic=True)


def decode_notice_envelope(data: bytes) -> Envelope:
    """The envelope in exactly these bytes; nothing in it is verified. Raises BadDocument: TOO_LARGE, MALFORMED."""
    if len(data) > MAX_NOTICE_OCTETS:
        message = f"A notice has at most {MAX_NOTICE_OCTETS:,} octets; have a shorter one made."
        raise BadDocument(DocumentCode.TOO_LARGE, message)
    try:
        wire = parse_canonical(envelope_pb2.Envelope, data)
        exactly(wire.key_id, KEY_ID_OCTETS, "key_id")
        exactly(wire.signature, SIGNATURE_OCTETS, "signature")
    except Malformed as error:
        message = f"This is no notice: {error}; get it from its node again."
        raise BadDocument(DocumentCode.MALFORMED, message) from error
    if len(wire.certificate) > MAX_CERTIFICATE_BYTES:
        raise BadDocument(DocumentCode.TOO_LARGE, "The certificate of this notice is too long; issue it with one name.")
    return Envelope(wire.payload_type, wire.payload, wire.key_id, wire.signature, wire.certificate)


def _encode(bundle: TrustBundle) -> bytes:
    wire = trust_pb2.TrustBundle(documents=bundle.documents, notices=bundle.notices, crls=bundle.crls)
    return wire.SerializeToString(deterministic=True)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        field = _TAGS.get(data[at])
        length, start = _length(data, at + 1)
        at = start + length
        if field is None or at > len(data):
            raise _malformed()
        yield field, data[start:at]


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length (base 128, lowest first) and where it ends; four octets hold any that a bundle can have."""
    length = 0
    for place, octet in enumerate(data[at : at + 4]):
        length |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return length, at + place + 1
    raise _malformed()


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BUNDLE_OCTETS:
        message = f"A bundle has at most {MAX_BUNDLE_OCTETS:,} octets; hand its documents over in several."
        raise BadDocument(DocumentCode.TOO_LARGE, message)


def _too_many() -> BadDocument:
    return BadDocument(DocumentCode.TOO_LARGE, f"A bundle has at most {MAX_PARTS:,} parts; hand them over in several.")


def _malformed() -> BadDocument:
    return BadDocument(
        DocumentCode.MALFORMED, "This is no bundle of trust documents; ask its sender for the file again."
    )
