"""Certificates that are right, and certificates that are wrong in exactly one respect.

`Economy` is a CA with leaves as the package makes them. `forge` builds a leaf of any shape and signs it with any key;
`resign` edits the signed part where the library refuses to build what an attacker can.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import create_ca, issue
from certs.csr import CertificateRequest
from certs.identity import CaName, NodeName
from certs.profiles import PROFILES, Role, alternative_name, subject

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NODE = NodeName("lab", "NZL", "node1")

# The order of the base point of P-256 (SEC 2 v2, 2.4.2).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# BIT STRING with no unused bits; INTEGER; SEQUENCE (X.690).
_BITS, _INTEGER, _SEQUENCE = 0x03, 0x02, 0x30


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Economy:
    """One economy's CA, made by the package, and leaves issued by it."""

    name: CaName = field(default_factory=lambda: CaName("lab", "NZL"))
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    now: datetime = NOW
    serial: int = 0x1000

    def __post_init__(self) -> None:
        self.ca = create_ca(self.name, self.key, self.next_serial(), self.now)

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def node(self, node: str = "node1") -> NodeName:
        return NodeName(self.name.federation, self.name.economy, node)

    def leaf(
        self, role: Role = Role.TLS, key: ec.EllipticCurvePrivateKey | None = None, node: str = "node1"
    ) -> x509.Certificate:
        public_key = (key or new_key()).public_key()
        request = CertificateRequest(self.node(node), role, public_key)
        return issue(self.ca, self.key, request, self.next_serial(), self.now)


def forge(
    signed_by: Any,
    issuer: x509.Name,
    *,
    role: Role = Role.TLS,
    name: NodeName = NODE,
    key: Any = None,
    serial: int = 7,
    start: datetime = NOW - timedelta(hours=1),
    end: datetime = NOW + timedelta(days=30),
    algorithm: Any = None,
    without: Sequence[type[x509.ExtensionType]] = (),
    instead: Sequence[x509.ExtensionType] = (),
    critical: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """A leaf as the package issues it but for what the keywords change.

    `without` drops extensions by class, `instead` puts one in the place of that class, `critical` adds one marked so.
    """
    public_key = (key or new_key()).public_key()
    extensions: dict[type[x509.ExtensionType], x509.ExtensionType] = {
        x509.BasicConstraints: x509.BasicConstraints(ca=False, path_length=None),
        x509.KeyUsage: PROFILES[role].key_usage_extension(),
        x509.ExtendedKeyUsage: PROFILES[role].extended_key_usage_extension(),
        x509.SubjectAlternativeName: alternative_name(name),
    }
    extensions.update({type(extension): extension for extension in instead})
    for kind in without:
        del extensions[kind]
    builder = _builder(subject(name), issuer, public_key, serial, start, end)
    for extension in extensions.values():
        builder = builder.add_extension(extension, critical=False)
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(signed_by, hashes.SHA256() if algorithm is None else algorithm)


def forge_ca(
    key: Any,
    *,
    name: CaName = NODE.authority,
    signed_by: Any = None,
    issuer: x509.Name | None = None,
    start: datetime = NOW - timedelta(hours=1),
    end: datetime = NOW + timedelta(days=365),
    basic: x509.BasicConstraints | None = x509.BasicConstraints(ca=True, path_length=0),  # noqa: B008 - immutable
    basic_critical: bool = True,
    permitted: Sequence[x509.GeneralName] | None = None,
    excluded: Sequence[x509.GeneralName] | None = None,
    constrained: bool = True,
    constraint_critical: bool = True,
    usage: x509.KeyUsage | None = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    """A CA as the package makes it but for what the keywords change."""
    builder = _builder(subject(name), issuer or subject(name), key.public_key(), 9, start, end)
    if basic is not None:
        builder = builder.add_extension(basic, critical=basic_critical)
    builder = builder.add_extension(usage or PROFILES[Role.CA].key_usage_extension(), critical=True)
    if constrained:
        subtrees = [x509.DNSName(name.dns)] if permitted is None else list(permitted)
        builder = builder.add_extension(x509.NameConstraints(subtrees or None, excluded), constraint_critical)
    for extension, is_critical in more:
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(signed_by or key, hashes.SHA256())


def _builder(
    subject_name: x509.Name, issuer: x509.Name, public_key: Any, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
    )


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def resign(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, edit: Callable[[list[bytes]], list[bytes]]
) -> bytes:
    """DER of `certificate` with the members of its TBSCertificate edited, signed again by `key` over SHA-256.

    Members in order (RFC 5280 4.1): version, serialNumber, signature, issuer, validity, subject, key, extensions.
    """
    [outer] = members_of(der(certificate))
    tbs, algorithm, _signature = members_of(content(outer))
    changed = tlv(_SEQUENCE, b"".join(edit(members_of(content(tbs)))))
    signature = key.sign(changed, ec.ECDSA(hashes.SHA256()))
    return tlv(_SEQUENCE, changed + algorithm + tlv(_BITS, b"\x00" + signature))


def with_serial(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    """The certificate with these content octets as its serial number."""
    return resign(certificate, key, lambda members: [members[0], tlv(_INTEGER, content), *members[2:]])


def with_algorithm(certificate: x509.Certificate, oid_content: bytes) -> bytes:
    """The certificate with another signature algorithm named inside and out; the signature itself stays."""
    [outer] = members_of(der(certificate))
    tbs, _algorithm, signature = members_of(content(outer))
    named = tlv(_SEQUENCE, tlv(0x06, oid_content))
    members = members_of(content(tbs))
    members[2] = named
    return tlv(_SEQUENCE, tlv(_SEQUENCE, b"".join(members)) + named + signature)


def with_other_signature(certificate: x509.Certificate) -> bytes:
    """The certificate with (r, n-s) for the CA's (r, s): anybody can make it, and it verifies as well."""
    [outer] = members_of(der(certificate))
    tbs, algorithm, _signature = members_of(content(outer))
    r, s = decode_dss_signature(certificate.signature)
    return tlv(_SEQUENCE, tbs + algorithm + tlv(_BITS, b"\x00" + encode_dss_signature(r, ORDER - s)))


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element with a definite length."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def content(element: bytes) -> bytes:
    return element[_header(element) :]


def members_of(data: bytes) -> list[bytes]:
    members = []
    while data:
        end = _header(data) + _length(data)
        members.append(data[:end])
        data = data[end:]
    return members


def _header(data: bytes) -> int:
    return 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)


def _length(data: bytes) -> int:
    return data[1] if data[1] < 0x80 else int.from_bytes(data[2 : _header(data)], "big")
