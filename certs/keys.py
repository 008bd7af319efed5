"""Which keys are allowed, and their encodings.

Allowed are ECDSA keys on P-256, for all three roles. P-384 would double the cost of a lookup for no gain against any
attacker P-256 does not stop; Ed25519 leaves fail TLS handshakes in the stacks peers use.
"""

import hashlib
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from certs.errors import KeyNotAllowed

# A PKCS#8 P-256 key in PEM is 241 bytes; comments above it are common, whole bundles are a mistake.
MAX_KEY_BYTES: Final = 4096


def admit(public_key: object) -> ec.EllipticCurvePublicKey:
    """`public_key` itself if it is one we use: ECDSA on P-256. Raises KeyNotAllowed for anything else."""
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise KeyNotAllowed("the key is not an ECDSA key on P-256; make a new one on P-256")
    return public_key


def encode_private(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS#8 in PEM, unencrypted: what protects it is the file mode and the volume (docs/cryptography.md)."""
    admit(key.public_key())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def decode_private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key in one unencrypted PEM block. Raises KeyNotAllowed; the text never quotes the input."""
    if len(pem) > MAX_KEY_BYTES:
        raise KeyNotAllowed(f"a private key file has at most {MAX_KEY_BYTES} bytes; give the key alone")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without "from": the library's text may describe the key's insides.
        raise KeyNotAllowed(
            "this is no unencrypted private key in PEM; export it as PKCS#8 without a password"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyNotAllowed("the private key is not an ECDSA key on P-256; make a new one on P-256")
    admit(key.public_key())
    return key


def encode_public(key: ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo in DER, uncompressed point: 91 bytes, one encoding per key, so equal keys compare equal."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def decode_public(der: bytes) -> ec.EllipticCurvePublicKey:
    """The key of exactly these bytes: `encode_public(decode_public(der)) == der`. Raises KeyNotAllowed."""
    try:
        key = admit(load_der_public_key(der))
    except (ValueError, UnsupportedAlgorithm) as broken:
        raise KeyNotAllowed("these bytes are no public key in DER (SubjectPublicKeyInfo)") from broken
    if encode_public(key) != der:
        # A second spelling of a key (compressed point, explicit curve) could pass a test for duplicates.
        raise KeyNotAllowed(
            "the public key is not in its one encoding; write it with an uncompressed point and named curve"
        )
    return key


def public_key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo, 32 bytes: names a key through renewals of its certificate."""
    return hashlib.sha256(encode_public(key)).digest()


def fingerprint(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate's DER, 32 bytes; for a message leaf this is the `key_id` of an envelope.

    Good for finding or admitting exactly these bytes. Never exclude by it: ECDSA lets anybody turn the CA's signature
    (r, s) into (r, n-s), which is the same certificate with another fingerprint. Revocation goes by serial number.
    """
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
