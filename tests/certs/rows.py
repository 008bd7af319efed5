"""The rows of both matrices: what is wrong, the certificate, and the step that must refuse it."""

from collections.abc import Callable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import errors
from certs.certificates import decode_der
from certs.identity import NodeName
from certs.profiles import MESSAGE_SIGNING
from tests.certs.forge import NOW, forge, forge_ca, new_key, resign, with_algorithm
from tests.certs.hostile import (
    AUS,
    HOST,
    NZL,
    OTHER_HOST,
    SECOND,
    URI,
    cross_signed,
    hostile,
    key_usage,
    names,
    usages,
)


def with_times_swapped() -> x509.Certificate:
    """The builder refuses to end before it starts, so the two times change places in the encoding."""

    def swap(members: list[bytes]) -> list[bytes]:
        validity = members[4]
        start, end = validity[2:17], validity[17:32]
        return [*members[:4], validity[:2] + end + start, *members[5:]]

    return decode_der(resign(hostile(), NZL.key, swap))


def named_as(oid: str) -> x509.Certificate:
    return decode_der(with_algorithm(hostile(), bytes.fromhex(oid)))


def signed_by_rsa() -> x509.Certificate:
    return forge(rsa.generate_private_key(65537, 2048), NZL.ca.subject)


def chain(length: int) -> x509.Certificate:
    """A leaf below `length` intermediate certificates, the first of which NZL's CA signed as a leaf."""
    key = new_key()
    last = hostile(key=key)
    for _ in range(length):
        following = new_key()
        last = forge(key, last.subject, key=following)
        key = following
    return last


# ATTACKS row, what is wrong, the leaf, the step that must refuse it.
LEAVES: list[tuple[str, str, Callable[[], x509.Certificate], type[errors.CertificateRefused]]] = [
    ("C02", "another CA", lambda: forge(new_key(), AUS.ca.subject), errors.UnknownIssuer),
    ("C02", "the CA of another economy", lambda: forge(AUS.key, AUS.ca.subject), errors.UnknownIssuer),
    ("C03", "a CA of the same name", lambda: forge(new_key(), NZL.ca.subject), errors.UnknownIssuer),
    ("C03", "the CA's key under another name", lambda: forge(NZL.key, AUS.ca.subject), errors.UnknownIssuer),
    ("C04", "expired", lambda: hostile(end=NOW - SECOND), errors.Expired),
    ("C05", "not yet valid", lambda: hostile(start=NOW + SECOND), errors.NotYetValid),
    ("C05", "ends before it starts", with_times_swapped, errors.LifetimeTooLong),
    ("C06", "the CA itself as a leaf", lambda: NZL.ca, errors.WrongPurpose),
    ("C06", "a leaf marked as CA", lambda: hostile(instead=[x509.BasicConstraints(True, None)]), errors.WrongPurpose),
    ("C06", "signed by a leaf", lambda: chain(1), errors.UnknownIssuer),
    ("C07", "no names", lambda: hostile(without=[x509.SubjectAlternativeName]), errors.WrongName),
    ("C07", "the host name alone", lambda: names(HOST), errors.WrongName),
    ("C07", "the URI alone", lambda: names(URI), errors.WrongName),
    ("C07", "two URIs", lambda: names(URI, URI, HOST), errors.WrongName),
    (
        "C07",
        "a second URI of another node",
        lambda: names(URI, x509.UniformResourceIdentifier("rmas://lab/NZL/b"), HOST),
        errors.WrongName,
    ),
    ("C07", "two host names", lambda: names(URI, HOST, OTHER_HOST), errors.WrongName),
    ("C07", "URI and host name disagree", lambda: names(URI, OTHER_HOST), errors.WrongName),
    ("C07", "a mail address besides", lambda: names(URI, HOST, x509.RFC822Name("a@nzl.lab")), errors.WrongName),
    ("C07", "a mail address instead of the URI", lambda: names(x509.RFC822Name("a@nzl.lab"), HOST), errors.WrongName),
    (
        "C07",
        "a mail address instead of the host name",
        lambda: names(URI, x509.RFC822Name("a@nzl.lab")),
        errors.WrongName,
    ),
    (
        "C07",
        "a foreign URI",
        lambda: names(x509.UniformResourceIdentifier("spiffe://lab/NZL/node1"), HOST),
        errors.WrongName,
    ),
    (
        "C07",
        "a name under another economy",
        lambda: hostile(name=NodeName("lab", "AUS", "node1")),
        errors.WrongAuthority,
    ),
    ("C07", "another federation", lambda: hostile(name=NodeName("else", "NZL", "node1")), errors.WrongFederation),
    ("C08", "no extended key usage", lambda: hostile(without=[x509.ExtendedKeyUsage]), errors.WrongPurpose),
    ("C08", "server usage alone", lambda: usages(ExtendedKeyUsageOID.SERVER_AUTH), errors.WrongPurpose),
    ("C08", "client usage alone", lambda: usages(ExtendedKeyUsageOID.CLIENT_AUTH), errors.WrongPurpose),
    (
        "C08",
        "message usage besides",
        lambda: usages(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, MESSAGE_SIGNING),
        errors.WrongPurpose,
    ),
    (
        "C08",
        "a usage twice",
        lambda: usages(
            ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
        ),
        errors.WrongPurpose,
    ),
    (
        "C08",
        "server usage and code signing",
        lambda: usages(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING),
        errors.WrongPurpose,
    ),
    ("C08", "any usage", lambda: usages(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), errors.WrongPurpose),
    ("C08", "no key usage", lambda: hostile(without=[x509.KeyUsage]), errors.WrongPurpose),
    (
        "C08",
        "may sign certificates",
        lambda: hostile(instead=[key_usage(digital_signature=True, key_cert_sign=True)]),
        errors.WrongPurpose,
    ),
    (
        "C08",
        "key agreement with encipherOnly",
        lambda: hostile(instead=[key_usage(digital_signature=True, key_agreement=True, encipher_only=True)]),
        errors.WrongPurpose,
    ),
    (
        "C08",
        "an unknown critical extension",
        lambda: hostile(critical=[x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")]),
        errors.WrongPurpose,
    ),
    ("C08", "RSA-1024", lambda: hostile(key=rsa.generate_private_key(65537, 1024)), errors.WeakCertificate),
    ("C08", "RSA-3072", lambda: hostile(key=rsa.generate_private_key(65537, 3072)), errors.WeakCertificate),
    ("C08", "P-192", lambda: hostile(key=ec.generate_private_key(ec.SECP192R1())), errors.WeakCertificate),
    ("C08", "P-384", lambda: hostile(key=ec.generate_private_key(ec.SECP384R1())), errors.WeakCertificate),
    ("C08", "secp256k1", lambda: hostile(key=ec.generate_private_key(ec.SECP256K1())), errors.WeakCertificate),
    (
        "C08",
        "brainpoolP256r1",
        lambda: hostile(key=ec.generate_private_key(ec.BrainpoolP256R1())),
        errors.WeakCertificate,
    ),
    ("C08", "Ed25519", lambda: hostile(key=ed25519.Ed25519PrivateKey.generate()), errors.WeakCertificate),
    ("C08", "a SHA-384 signature", lambda: hostile(algorithm=hashes.SHA384()), errors.WeakCertificate),
    ("C08", "a SHA-1 signature", lambda: named_as("2a8648ce3d0401"), errors.WeakCertificate),
    ("C08", "an MD5 with RSA signature", lambda: named_as("2a864886f70d010104"), errors.WeakCertificate),
    ("C08", "signed by an RSA CA", signed_by_rsa, errors.WeakCertificate),
    ("C08", "a chain of ten", lambda: chain(9), errors.UnknownIssuer),
    ("C08", "91 days", lambda: hostile(end=NOW + timedelta(days=91)), errors.LifetimeTooLong),
    (
        "C09",
        "a NUL in the host name",
        lambda: names(URI, x509.DNSName("node1.nzl.lab\x00.evil.example")),
        errors.WrongName,
    ),
    (
        "C09",
        "a NUL in the URI",
        lambda: names(x509.UniformResourceIdentifier("rmas://lab/NZL/node1\x00"), HOST),
        errors.WrongName,
    ),
    ("C09", "a wildcard host name", lambda: names(URI, x509.DNSName("*.nzl.lab")), errors.WrongName),
    (
        "C09",
        "a wildcard node",
        lambda: names(x509.UniformResourceIdentifier("rmas://lab/NZL/*"), x509.DNSName("*.nzl.lab")),
        errors.WrongName,
    ),
    (
        "C09",
        "an encoded homoglyph",
        lambda: names(
            x509.UniformResourceIdentifier("rmas://lab/NZL/xn--nde1-5cd"), x509.DNSName("xn--nde1-5cd.nzl.lab")
        ),
        errors.WrongName,
    ),
    (
        "C09",
        "a thousand host names",
        lambda: names(URI, *(x509.DNSName(f"n{number}.nzl.lab") for number in range(1000))),
        errors.MalformedCertificate,
    ),
    (
        "C09",
        "more than 64 KiB",
        lambda: hostile(instead=[x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), bytes(70_000))]),
        errors.MalformedCertificate,
    ),
    ("A10", "a CA key in a leaf", lambda: hostile(key=NZL.key), errors.SharedKey),
]


# BasicConstraints with pathLenConstraint 0 and cA left at its default, which the library refuses to build.
PATH_LENGTH_ALONE = x509.UnrecognizedExtension(x509.BasicConstraints.oid, bytes.fromhex("3003020100"))

CAS: list[tuple[str, Callable[[], x509.Certificate], type[errors.CertificateRefused]]] = [
    ("no name constraint", lambda: forge_ca(NZL.key, constrained=False), errors.WrongAuthority),
    ("another economy", lambda: forge_ca(NZL.key, permitted=[x509.DNSName("aus.lab")]), errors.WrongAuthority),
    ("the whole federation", lambda: forge_ca(NZL.key, permitted=[x509.DNSName("lab")]), errors.WrongAuthority),
    (
        "a second economy besides",
        lambda: forge_ca(NZL.key, permitted=[x509.DNSName("nzl.lab"), x509.DNSName("aus.lab")]),
        errors.WrongAuthority,
    ),
    (
        "a URI constraint besides",
        lambda: forge_ca(NZL.key, permitted=[x509.DNSName("nzl.lab"), x509.UniformResourceIdentifier("lab")]),
        errors.WrongAuthority,
    ),
    ("a leading dot", lambda: forge_ca(NZL.key, permitted=[x509.DNSName(".nzl.lab")]), errors.WrongAuthority),
    ("an excluded subtree", lambda: forge_ca(NZL.key, excluded=[x509.DNSName("x.nzl.lab")]), errors.WrongAuthority),
    (
        "excluded subtrees alone",
        lambda: forge_ca(NZL.key, permitted=[], excluded=[x509.DNSName("aus.lab")]),
        errors.WrongAuthority,
    ),
    ("a constraint not critical", lambda: forge_ca(NZL.key, constraint_critical=False), errors.WrongAuthority),
    ("path length 1", lambda: forge_ca(NZL.key, basic=x509.BasicConstraints(True, 1)), errors.WrongAuthority),
    ("no path length", lambda: forge_ca(NZL.key, basic=x509.BasicConstraints(True, None)), errors.WrongAuthority),
    ("no basic constraints", lambda: forge_ca(NZL.key, basic=None), errors.WrongAuthority),
    ("basic constraints not critical", lambda: forge_ca(NZL.key, basic_critical=False), errors.WrongAuthority),
    ("no CA at all", lambda: forge_ca(NZL.key, basic=x509.BasicConstraints(False, None)), errors.WrongAuthority),
    (
        "a path length without being a CA",
        lambda: forge_ca(NZL.key, basic=None, more=[(PATH_LENGTH_ALONE, True)]),
        errors.MalformedCertificate,
    ),
    ("a leaf's key usage", lambda: forge_ca(NZL.key, usage=key_usage(digital_signature=True)), errors.WrongAuthority),
    (
        "an extended key usage",
        lambda: forge_ca(NZL.key, more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]),
        errors.WrongAuthority,
    ),
    (
        "an unknown critical extension",
        lambda: forge_ca(
            NZL.key, more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00"), True)]
        ),
        errors.WrongAuthority,
    ),
    ("cross-signed by another CA", cross_signed, errors.WrongAuthority),
    ("self-issued, signed by another key", lambda: forge_ca(NZL.key, signed_by=AUS.key), errors.WrongAuthority),
    (
        "more than 8 KiB",
        lambda: forge_ca(
            NZL.key, more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), bytes(9000)), False)]
        ),
        errors.MalformedCertificate,
    ),
    ("expired", lambda: forge_ca(NZL.key, end=NOW - SECOND), errors.AuthorityExpired),
    ("not yet valid", lambda: forge_ca(NZL.key, start=NOW + SECOND), errors.AuthorityNotYetValid),
    ("eleven years", lambda: forge_ca(NZL.key, end=NOW + timedelta(days=11 * 366)), errors.LifetimeTooLong),
]
