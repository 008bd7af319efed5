"""Certificates as bytes and back: strict about size and shape, so that later steps meet only whole certificates."""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import MalformedCertificate

# Ours have about 700 bytes. The cap comes before any parsing: what a stranger sends must cost us nothing by its size.
MAX_CERTIFICATE_BYTES: Final = 8 * 1024

# Base64 adds a third, line ends and the two label lines a little more.
MAX_PEM_BYTES: Final = 2 * MAX_CERTIFICATE_BYTES

_PEM_BEGIN: Final = b"-----BEGIN "


def decode_der(der: bytes) -> x509.Certificate:
    """The certificate of exactly these bytes, every part of it readable. Raises MalformedCertificate."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise MalformedCertificate(
            f"a certificate has at most {MAX_CERTIFICATE_BYTES} bytes; issue it with one name only"
        )
    try:
        certificate = x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as broken:
        raise MalformedCertificate("these bytes are no DER certificate of version 3") from broken
    require_readable(certificate)
    return certificate


def decode_pem(pem: bytes) -> x509.Certificate:
    """The certificate in exactly one PEM block, as gRPC hands over a peer's. Raises MalformedCertificate."""
    if len(pem) > MAX_PEM_BYTES or pem.count(_PEM_BEGIN) != 1:
        raise MalformedCertificate("this is not one certificate in PEM; give the certificate alone, without a chain")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, x509.InvalidVersion) as broken:
        raise MalformedCertificate("this is no PEM certificate of version 3") from broken
    require_readable(certificate)
    return certificate


def encode_der(certificate: x509.Certificate) -> bytes:
    """The DER bytes, as they were received."""
    return certificate.public_bytes(Encoding.DER)


def encode_pem(certificate: x509.Certificate) -> bytes:
    """One PEM block."""
    return certificate.public_bytes(Encoding.PEM)


def require_readable(certificate: x509.Certificate) -> None:
    """Raise MalformedCertificate unless size, version, serial number, extensions and key can all be read.

    The library parses these parts when they are first touched; touching them here keeps its exceptions out of the
    steps that follow.
    """
    if len(encode_der(certificate)) > MAX_CERTIFICATE_BYTES:
        raise MalformedCertificate(
            f"a certificate has at most {MAX_CERTIFICATE_BYTES} bytes; issue it with one name only"
        )
    try:
        list(certificate.extensions)
        certificate.public_key()
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as broken:
        raise MalformedCertificate("a part of the certificate cannot be read; issue it again") from broken
    # The library ignores how many trailing bits of the signature are said to be unused; said otherwise than "none", the
    # same certificate would have more fingerprints.
    if not encode_der(certificate).endswith(b"\x00" + certificate.signature):
        raise MalformedCertificate("the certificate's signature is not of whole octets; issue it again")
    # RFC 5280 4.1.2.2: positive, at most 20 octets. Revocation names a certificate by its serial number.
    if certificate.version is not x509.Version.v3 or not 0 < certificate.serial_number < 1 << 159:
        raise MalformedCertificate("the certificate's version is not 3 or its serial number not of 1 to 20 octets")
