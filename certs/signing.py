"""Sign and verify digests: ECDSA on P-256 over SHA-256 (FIPS 186-5), 64 bytes r‖s big-endian (as RFC 7518 3.4).

Both take the 32 bytes of the digest: whoever signs or verifies here has made it already, for by it statements are named
and recorded.

`Signer` is the port: a key in a file today, an HSM tomorrow. For every signature (r, s) there is a second one,
(r, n-s), that anybody can compute: nothing may be named, counted or compared by its signature.
"""

from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from certs.errors import BadSignature
from certs.keys import admit

SIGNATURE_BYTES: Final = 64

# The order n of the base point of P-256 (SEC 2 v2, 2.4.2).
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF: Final = SIGNATURE_BYTES // 2

# Made once: building it costs a tenth of a verification, and every lookup makes two.
_ALGORITHM: Final = ec.ECDSA(Prehashed(SHA256()))


class Signer(Protocol):
    """Whatever holds a private key and signs with it. Safe to call from several threads."""

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half, on P-256."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """64 bytes r‖s over `digest`, a SHA-256 of 32 bytes; `verify` accepts them under `public_key`."""
        ...


class KeySigner:
    """A Signer over a private key in memory. Raises KeyNotAllowed for a key that is not on P-256."""

    __slots__ = ("_private_key", "_public_key")

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._public_key = admit(private_key.public_key())
        self._private_key = private_key

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public_key

    def sign(self, digest: bytes) -> bytes:
        """64 bytes r‖s. The nonce is drawn by OpenSSL, from its generator mixed with key and digest."""
        r, s = decode_dss_signature(self._private_key.sign(digest, _ALGORITHM))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def verify(public_key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> None:
    """Return if `signature` is `public_key`'s over `digest`, a SHA-256 of 32 bytes; raise BadSignature otherwise.

    `public_key` has passed `keys.admit`. Refused before any arithmetic: a length other than 64, r or s zero, r or s
    not below the group order (one value would have several encodings, and zero has broken verifiers before).
    """
    if len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"a signature has {SIGNATURE_BYTES} bytes")
    r = int.from_bytes(signature[:_HALF], "big")
    s = int.from_bytes(signature[_HALF:], "big")
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise BadSignature("a part of the signature is zero or not below the group order")
    try:
        public_key.verify(encode_dss_signature(r, s), digest, _ALGORITHM)
    except InvalidSignature:
        raise BadSignature("the signature does not verify under this key") from None
