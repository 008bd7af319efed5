"""Seal and open: the one signature format between nodes (docs/spec/3-envelope-and-session.md, 3.1 and 3.2).

The signature covers the DSSE v1 pre-authentication encoding of the payload type and of the payload *as received*.
Nothing is parsed before it holds, and nothing received is ever encoded again, so two readings of one message cannot
differ between what was signed and what is acted on.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import BadSignature
from certs.signing import Signer, verify
from federation.errors import Refused
from federation.status import RefusalCode
from federation.values import value

KEY_ID_OCTETS = 32
SIGNATURE_OCTETS = 64


class PayloadType(StrEnum):
    """What a payload is: one a message and direction, so no statement passes for another."""

    OPEN_SESSION_REQUEST = "application/vnd.rmas.v1.open-session-request"
    OPEN_SESSION_ANSWER = "application/vnd.rmas.v1.open-session-answer"
    LOOKUP_REQUEST = "application/vnd.rmas.v1.lookup-request"
    LOOKUP_ANSWER = "application/vnd.rmas.v1.lookup-answer"
    CHARTER = "application/vnd.rmas.v1.charter"
    SUSPENSION = "application/vnd.rmas.v1.suspension"
    WITHDRAWAL = "application/vnd.rmas.v1.withdrawal"
    ENTRY = "application/vnd.rmas.v1.entry"
    NOTICE = "application/vnd.rmas.v1.notice"


@value(frozen=True, slots=True)
class Envelope:
    """A statement and its signature; ``certificate`` is empty or the DER of the signer's message leaf.

    Type and payload also give its ``digest``, SHA-256 of the pre-authentication bytes (32 octets): what is signed, and
    what answers and both audit records name a request by.
    """

    payload_type: str
    payload: bytes
    key_id: bytes
    signature: bytes
    certificate: bytes = b""
    _digest: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def digest(self) -> bytes:
        """Made when it is first asked for, and kept."""
        if not self._digest:
            object.__setattr__(self, "_digest", digest_of(self.payload_type, self.payload))
        return self._digest


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed (DSSE v1, "PAE"): lengths in decimal octets, single spaces between."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def digest_of(payload_type: str, payload: bytes) -> bytes:
    """SHA-256 of the pre-authentication bytes (32 octets)."""
    return sha256(pre_authentication(payload_type, payload)).digest()


def seal(
    payload_type: PayloadType, payload: bytes, signer: Signer, key_id: bytes, certificate: bytes = b""
) -> Envelope:
    """Sign ``payload`` as ``payload_type`` with the message key that ``key_id`` names."""
    digest = digest_of(payload_type, payload)
    envelope = Envelope(payload_type, payload, key_id, signer.sign(digest), certificate)
    object.__setattr__(envelope, "_digest", digest)
    return envelope


def open_envelope(envelope: Envelope, expected: PayloadType, public_key: ec.EllipticCurvePublicKey) -> None:
    """Verify the signature, then the payload's type.

    The type is inside what is signed: once the signature holds, another type is a statement made for another purpose
    (method confusion; docs/threats.md, A06), and before it holds nothing can be said of it.

    Raises:
        Refused: BAD_SIGNATURE when the signature does not hold, METHOD when it holds over another payload type.
    """
    try:
        verify(public_key, envelope.signature, envelope.digest)
    except BadSignature as error:
        raise Refused(RefusalCode.BAD_SIGNATURE, "the signature does not hold") from error
    if envelope.payload_type != expected:
        raise Refused(RefusalCode.METHOD, "the payload type belongs to another message")
