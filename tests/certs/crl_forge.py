"""Revocation lists that are right, and lists that are wrong in exactly one respect.

`forge_crl` builds a list of any shape the library will build and signs it with any key; `resign_crl` edits the signed
part where the library refuses to build what an attacker can.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import strategies as st

from certs.crl import Crl, build, read
from tests.certs.forge import NOW, content, members_of, tlv
from tests.certs.hostile import NZL

BITS, BOOLEAN, INTEGER, ENUMERATED, OCTETS, OID, SEQUENCE = 0x03, 0x01, 0x02, 0x0A, 0x04, 0x06, 0x30
EXTENSIONS = 0xA0

# id-ce 20 and 21 (RFC 5280 5.2.3, 5.3.1), and one of nobody.
NUMBER, REASON, UNKNOWN = bytes.fromhex("551d14"), bytes.fromhex("551d15"), bytes.fromhex("6901")

SERIALS = st.integers(1, (1 << 159) - 1)

Edit = Callable[[list[bytes]], list[bytes]]


def made(number: int = 1, revoked: dict[int, datetime] | None = None, now: datetime = NOW) -> Crl:
    """NZL's list as the package makes and reads it."""
    return read(build(NZL.ca, NZL.key, number, revoked or {}, now), [NZL.ca])


def forge_crl(
    signed_by: Any = NZL.key,
    issuer: x509.Name = NZL.ca.subject,
    *,
    number: int | None = 1,
    revoked: Mapping[int, datetime] | None = None,
    start: datetime = NOW,
    end: datetime = NOW + timedelta(days=10),
    algorithm: Any = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    entry_more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """NZL's list of one serial number (5) but for what the keywords change; `entry_more` goes into each entry."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer).last_update(start).next_update(end)
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    for serial, since in ({5: start} if revoked is None else revoked).items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        for extension, critical in entry_more:
            entry = entry.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signed_by, algorithm or hashes.SHA256()).public_bytes(Encoding.DER)


def resign_crl(edit: Edit, key: ec.EllipticCurvePrivateKey = NZL.key, der: bytes | None = None) -> bytes:
    """A list with the members of its TBSCertList edited, signed again by `key` over SHA-256.

    Members in order (RFC 5280 5.1): version, signature, issuer, thisUpdate, nextUpdate, entries, extensions.
    """
    [outer] = members_of(der or forge_crl())
    tbs, algorithm, _signature = members_of(content(outer))
    changed = tlv(SEQUENCE, b"".join(edit(members_of(content(tbs)))))
    signature = key.sign(changed, ec.ECDSA(hashes.SHA256()))
    return tlv(SEQUENCE, changed + algorithm + tlv(BITS, b"\x00" + signature))


def with_signature(der: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """The list with the content of its signature's BIT STRING edited."""
    [outer] = members_of(der)
    tbs, algorithm, signature = members_of(content(outer))
    return tlv(SEQUENCE, tbs + algorithm + tlv(BITS, edit(content(signature))))


def entry(serial: bytes, extensions: bytes = b"", time: bytes = b"261120120000Z") -> bytes:
    """One entry with these content octets as its serial number."""
    return tlv(SEQUENCE, tlv(INTEGER, serial) + tlv(0x17, time) + (tlv(SEQUENCE, extensions) if extensions else b""))


def extension(identifier: bytes, value: bytes, critical: bool = False) -> bytes:
    """One extension, by the content octets of its identifier and the DER of its value."""
    flag = tlv(BOOLEAN, b"\xff") if critical else b""
    return tlv(SEQUENCE, tlv(OID, identifier) + flag + tlv(OCTETS, value))


def with_entries(*entries: bytes) -> bytes:
    return resign_crl(lambda members: [*members[:5], tlv(SEQUENCE, b"".join(entries)), members[6]])


def with_extensions(*extensions: bytes) -> bytes:
    return resign_crl(lambda members: [*members[:6], tlv(EXTENSIONS, tlv(SEQUENCE, b"".join(extensions)))])
