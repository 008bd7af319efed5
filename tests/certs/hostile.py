"""Two economies and what an enemy who holds one of their CA keys could sign with it."""

from datetime import datetime, timedelta

from cryptography import x509

from certs.identity import CaName
from certs.profiles import Role
from certs.verify import VerifiedLeaf, verify_leaf
from tests.certs.forge import NODE, NOW, Economy, forge, forge_ca

NZL = Economy()
AUS = Economy(CaName("lab", "AUS"))
SECOND = timedelta(seconds=1)


def verify(leaf: x509.Certificate, *cas: x509.Certificate, role: Role = Role.TLS, now: datetime = NOW) -> VerifiedLeaf:
    return verify_leaf(leaf, cas or (NZL.ca,), role, "lab", now)


def hostile(**changes: object) -> x509.Certificate:
    """A leaf of NZL, signed by its CA, wrong in what `changes` says."""
    return forge(NZL.key, NZL.ca.subject, **changes)  # type: ignore[arg-type]


def names(*entries: x509.GeneralName) -> x509.Certificate:
    return hostile(instead=[x509.SubjectAlternativeName(entries)])


def usages(*identifiers: x509.ObjectIdentifier) -> x509.Certificate:
    return hostile(instead=[x509.ExtendedKeyUsage(identifiers)])


def key_usage(**bits: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**{**every, **bits})


URI, HOST = x509.UniformResourceIdentifier(NODE.uri), x509.DNSName(NODE.dns)
OTHER_HOST = x509.DNSName("node2.nzl.lab")


def cross_signed(end: datetime = NOW + timedelta(days=30)) -> x509.Certificate:
    return forge_ca(NZL.key, signed_by=AUS.key, issuer=AUS.ca.subject, end=end)
