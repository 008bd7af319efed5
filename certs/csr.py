"""Certificate signing requests (PKCS#10): build one, check one (spec 2.5).

A request is signed by the key it asks a certificate for, so the CA learns that the asker holds it. What the request
asks for is exactly a profile: one name, one role, nothing else.
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import SignatureAlgorithmOID

from certs.errors import KeyNotAllowed, MalformedRequest, NoPossession, WrongName
from certs.identity import NodeName, name_in
from certs.keys import admit
from certs.profiles import PROFILES, Role, alternative_name, subject

MAX_REQUEST_BYTES: Final = 8 * 1024

_ASKED_FOR: Final = {x509.SubjectAlternativeName.oid, x509.ExtendedKeyUsage.oid}


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A checked request: this name, in this role, for the holder of this P-256 key."""

    name: NodeName
    role: Role
    public_key: ec.EllipticCurvePublicKey


def build(name: NodeName, role: Role, private_key: ec.EllipticCurvePrivateKey) -> bytes:
    """One PEM request for `name` in `role`, signed by `private_key`.

    Raises KeyNotAllowed for another kind of key; ValueError for Role.CA, whose certificate signs itself.
    """
    if role is Role.CA:
        raise ValueError("a CA certificate signs itself; call authority.create_ca")
    admit(private_key.public_key())
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject(name))
        .add_extension(alternative_name(name), critical=False)
        .add_extension(PROFILES[role].extended_key_usage_extension(), critical=False)
        .sign(private_key, SHA256())
    )
    return request.public_bytes(Encoding.PEM)


def check(pem: bytes) -> CertificateRequest:
    """What the one request in `pem` asks for, if it may be asked and its signer holds the key.

    Raises MalformedRequest, or NoPossession when its signature does not verify. Whether this CA may issue for this
    name is `authority.issue`'s to say.
    """
    request = _decode(pem)
    # Possession before anything is read out of it: what is not signed by its key is nobody's word.
    if request.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256 or not request.is_signature_valid:
        raise NoPossession(
            "the request is not signed by its own key with ecdsa-with-SHA256; build it again with that key"
        )
    try:
        public_key = admit(request.public_key())
        extensions = request.extensions
        alternatives = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        usage = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        name = name_in(alternatives)
    except (KeyNotAllowed, WrongName) as wrong:
        raise MalformedRequest(f"the request cannot be used: {wrong}") from wrong
    except x509.ExtensionNotFound as missing:
        raise MalformedRequest("the request lacks a subject alternative name or an extended key usage") from missing
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as broken:
        raise MalformedRequest("the request's extensions cannot be read; build it again") from broken
    if {extension.oid for extension in extensions} != _ASKED_FOR:
        # A CA flag or a second usage that we dropped in silence would leave the asker with another certificate than asked.
        raise MalformedRequest("the request asks for more than a name and a role; build it for one name and one role")
    return CertificateRequest(name=name, role=_role(usage), public_key=public_key)


def _decode(pem: bytes) -> x509.CertificateSigningRequest:
    if len(pem) > MAX_REQUEST_BYTES or pem.count(b"-----BEGIN ") != 1:
        raise MalformedRequest("this is not one certificate request in PEM; give the request alone")
    try:
        request = x509.load_pem_x509_csr(pem)
        request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as broken:
        raise MalformedRequest("this is no certificate request in PEM; build it for one name and one role") from broken
    return request


def _role(usage: list[x509.ObjectIdentifier]) -> Role:
    for role in (Role.TLS, Role.MESSAGE):
        expected = PROFILES[role].extended_key_usage
        if set(usage) == expected and len(usage) == len(expected):
            return role
    raise MalformedRequest("the request's extended key usage is that of no role; build it for one name and one role")
