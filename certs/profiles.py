"""Certificate profiles as data: what stands in a certificate of each role, for issuing and verifying alike (spec 2.3).

One table serves both sides, so what we refuse from others is what we never issue ourselves.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.identity import CaName, NodeName

# Of our own, under the UUID arc (X.667), which needs no registry. It stands in message leaves alone, so that no TLS
# stack takes one for a server or client, and no TLS leaf opens an envelope.
MESSAGE_SIGNING: Final = x509.ObjectIdentifier("2.25.243196210877377337128896943032101618685")

# Certificates start this long before they are made, so that a peer whose clock is slow does not refuse a fresh one:
# a wrong clock is then reported as a clock by the times in the statement, not as a broken certificate.
BACKDATE: Final = timedelta(hours=1)


class Role(Enum):
    """What a key is for. One key, one role."""

    TLS = "tls"
    MESSAGE = "message"
    CA = "ca"


@dataclass(frozen=True, slots=True)
class Profile:
    """One role's certificate. `key_usage` names KeyUsage bits; both usage sets are exact, neither more nor less.

    `default_days` is what the commands issue, `max_days` what a CA may issue and a verifier accepts.
    """

    role: Role
    key_usage: frozenset[str]
    extended_key_usage: frozenset[x509.ObjectIdentifier]
    default_days: int
    max_days: int

    @property
    def longest(self) -> timedelta:
        """The longest validity period a verifier accepts."""
        return timedelta(days=self.max_days) + BACKDATE

    def key_usage_extension(self) -> x509.KeyUsage:
        """The key usage extension of this role."""
        return x509.KeyUsage(**{bit: bit in self.key_usage for bit in KEY_USAGE_BITS})

    def extended_key_usage_extension(self) -> x509.ExtendedKeyUsage:
        """The extended key usage extension of this role, in one fixed order. Not for the CA, which has none."""
        return x509.ExtendedKeyUsage(sorted(self.extended_key_usage, key=lambda identifier: identifier.dotted_string))


KEY_USAGE_BITS: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

PROFILES: Final = {
    Role.TLS: Profile(
        role=Role.TLS,
        key_usage=frozenset({"digital_signature"}),
        # Both: a node answers and asks under one name, and a channel has a server and a client end.
        extended_key_usage=frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}),
        default_days=30,
        max_days=90,
    ),
    Role.MESSAGE: Profile(
        role=Role.MESSAGE,
        key_usage=frozenset({"digital_signature"}),
        extended_key_usage=frozenset({MESSAGE_SIGNING}),
        default_days=30,
        max_days=90,
    ),
    Role.CA: Profile(
        role=Role.CA,
        key_usage=frozenset({"key_cert_sign", "crl_sign"}),
        extended_key_usage=frozenset(),
        default_days=5 * 365,
        max_days=10 * 366,
    ),
}


def alternative_name(name: NodeName) -> x509.SubjectAlternativeName:
    """The subject alternative name of a leaf: the URI and the DNS name, nothing else."""
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name.uri), x509.DNSName(name.dns)])


def subject(name: NodeName | CaName) -> x509.Name:
    """The distinguished name, for people and for X.509's chaining; no step of verification reads it.

    Not the DNS name of a node: it may have 69 characters and a common name at most 64.
    """
    common_name = name.node if isinstance(name, NodeName) else f"{name.economy} issuing CA"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name.federation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, name.economy),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
