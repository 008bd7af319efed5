"""Who comes to a peer port and should not be served: TLS certificates that are wrong in one respect each.

Most are made with the CA key of a lab's NZL, so that TLS itself finds as little as possible to refuse.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.identity import CaName, NodeName
from certs.profiles import MESSAGE_SIGNING, Role
from federation.status import RefusalCode
from tests.certs.forge import Economy, forge, new_key, with_serial
from tests.foreign_node import ANY_TLS, TLS_1_2, Credentials, ForeignNode

# TLS stacks read the machine's clock, so these certificates are of today.
NOW = datetime.now(UTC).replace(microsecond=0)
START, END = NOW - timedelta(hours=1), NOW + timedelta(days=1)
NZL = NodeName("lab", "NZL", "node1")
URI, HOST = x509.UniformResourceIdentifier(NZL.uri), x509.DNSName(NZL.dns)


class Cas:
    """The keys to make them with: the CAs of NZL and PHL, and a stranger's."""

    def __init__(self, nzl: ForeignNode, phl: ForeignNode) -> None:
        self.node = nzl
        self.nzl, self.phl = nzl.credentials("ca"), phl.credentials("ca")

    def leaf(self, key: Any = None, ca: Credentials | None = None, **changes: Any) -> Credentials:
        """A leaf under NZL's CA or another, wrong in what ``changes`` says (tests.certs.forge.forge)."""
        key, ca = key or new_key(), ca or self.nzl
        leaf = forge(ca.key, ca.chain[0].subject, **{"key": key, "start": START, "end": END, **changes})
        return Credentials(key, (leaf,))

    def named(self, *entries: x509.GeneralName, ca: Credentials | None = None) -> Credentials:
        """A leaf with these names and no others."""
        return self.leaf(ca=ca, instead=[x509.SubjectAlternativeName(entries)])

    def used_for(self, *usages: x509.ObjectIdentifier) -> Credentials:
        """A leaf with these extended usages and no others."""
        return self.leaf(instead=[x509.ExtendedKeyUsage(usages)])


def _below_a_leaf(cas: Cas, length: int) -> Credentials:
    """A chain that a leaf, and each leaf below it, continues as if it were a CA."""
    chain: tuple[x509.Certificate, ...] = cas.node.credentials().chain
    key = cas.node.credentials().key
    for _ in range(length):
        following = new_key()
        chain = (forge(key, chain[0].subject, key=following, start=START, end=END), *chain)
        key = following
    return Credentials(key, chain)


def _of_same_name(cas: Cas) -> Credentials:
    stranger = Economy(CaName("lab", "NZL"), now=NOW)
    key = new_key()
    return Credentials(key, (stranger.leaf(Role.TLS, key),))


def _of_another(cas: Cas) -> Credentials:
    stranger = Economy(CaName("lab", "FJI"), now=NOW)
    key = new_key()
    return Credentials(key, (stranger.leaf(Role.TLS, key),))


def _without_serial(cas: Cas) -> Credentials:
    made = cas.leaf()
    encoded = with_serial(made.chain[0], cas.nzl.key, b"\x00")
    with warnings.catch_warnings(action="ignore"):  # the library says that it will refuse it one day
        return Credentials(made.key, (x509.load_der_x509_certificate(encoded),))


def _of_many_names(cas: Cas, number: int) -> Credentials:
    return cas.named(URI, *(x509.DNSName(f"n{place}.nzl.lab") for place in range(number)))


def _padded(cas: Cas, octets: int) -> Credentials:
    return cas.leaf(instead=[x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), bytes(octets))])


@dataclass(frozen=True, slots=True)
class Hostile:
    """One row: the attack, what is wrong, what is shown, and the refusal; None where TLS or gRPC ends it unsigned."""

    attack: str
    what: str
    show: Callable[[Cas], Credentials | None]
    refusal: RefusalCode | None
    versions: Any = ANY_TLS
    protocols: Sequence[str] = ("h2",)

    def __str__(self) -> str:
        return f"{self.attack} {self.what}"


_NOT_MEMBER = RefusalCode.NOT_MEMBER
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

HOSTILE = [
    Hostile("C01", "no certificate", lambda cas: None, None),
    Hostile("C02", "a CA that nobody lists", _of_another, None),
    Hostile("C03", "a CA of the same name", _of_same_name, None),
    Hostile("C04", "expired", lambda cas: cas.leaf(start=START, end=NOW - timedelta(minutes=1)), None),
    Hostile("C05", "not yet valid", lambda cas: cas.leaf(start=NOW + timedelta(hours=1)), None),
    Hostile("C06", "signed by a leaf", lambda cas: _below_a_leaf(cas, 1), None),
    Hostile(
        "C06", "a leaf marked as CA", lambda cas: cas.leaf(instead=[x509.BasicConstraints(True, None)]), _NOT_MEMBER
    ),
    Hostile("C06", "the CA itself", lambda cas: cas.nzl, None),
    Hostile("C07", "another economy's name", lambda cas: cas.leaf(name=NodeName("lab", "AUS", "node1")), None),
    Hostile("C07", "another federation", lambda cas: cas.leaf(name=NodeName("else", "NZL", "node1")), None),
    Hostile("C07", "this name by another member's CA", lambda cas: cas.leaf(ca=cas.phl, name=NZL), None),
    Hostile(
        "C07",
        "this URI by another member's CA",
        lambda cas: cas.named(URI, x509.DNSName("node1.phl.lab"), ca=cas.phl),
        _NOT_MEMBER,
    ),
    Hostile("C07", "this URI alone, by another CA", lambda cas: cas.named(URI, ca=cas.phl), _NOT_MEMBER),
    Hostile("C07", "no names", lambda cas: cas.leaf(without=[x509.SubjectAlternativeName]), None),
    Hostile("C07", "two URIs", lambda cas: cas.named(URI, URI, HOST), _NOT_MEMBER),
    Hostile(
        "C07",
        "another node's host name",
        lambda cas: cas.named(URI, x509.DNSName("node2.nzl.lab")),
        _NOT_MEMBER,
    ),
    Hostile("C08", "no extended usage", lambda cas: cas.leaf(without=[x509.ExtendedKeyUsage]), _NOT_MEMBER),
    Hostile("C08", "client usage alone", lambda cas: cas.used_for(_CLIENT), _NOT_MEMBER),
    Hostile("C08", "server usage alone", lambda cas: cas.used_for(_SERVER), None),
    Hostile("C08", "91 days", lambda cas: cas.leaf(end=NOW + timedelta(days=91)), _NOT_MEMBER),
    Hostile("C08", "serial number 0", _without_serial, _NOT_MEMBER),
    Hostile("C08", "a chain of ten", lambda cas: _below_a_leaf(cas, 9), None),
    Hostile("A08", "RSA-3072", lambda cas: cas.leaf(rsa.generate_private_key(65537, 3072)), _NOT_MEMBER),
    Hostile("A08", "RSA-1024", lambda cas: cas.leaf(rsa.generate_private_key(65537, 1024)), _NOT_MEMBER),
    Hostile("A08", "P-384", lambda cas: cas.leaf(ec.generate_private_key(ec.SECP384R1())), _NOT_MEMBER),
    Hostile("A08", "P-521", lambda cas: cas.leaf(ec.generate_private_key(ec.SECP521R1())), None),
    Hostile("C09", "a NUL in the host name", lambda cas: cas.named(URI, x509.DNSName("node1.nzl.lab\x00.x")), None),
    Hostile("C09", "a wildcard", lambda cas: cas.named(URI, x509.DNSName("*.nzl.lab")), _NOT_MEMBER),
    Hostile("C09", "five hundred host names", lambda cas: _of_many_names(cas, 500), _NOT_MEMBER),
    Hostile("C09", "a thousand host names", lambda cas: _of_many_names(cas, 1000), None),
    Hostile("C09", "a certificate of 60 KB", lambda cas: _padded(cas, 60_000), None),
    Hostile("C09", "a certificate of 1 MB", lambda cas: _padded(cas, 1_000_000), None),
    Hostile("A10", "the message leaf", lambda cas: cas.node.credentials("message"), None),
    Hostile(
        "A10",
        "message usage besides",
        lambda cas: cas.used_for(_SERVER, _CLIENT, MESSAGE_SIGNING),
        _NOT_MEMBER,
    ),
    Hostile("A09", "TLS 1.2", lambda cas: cas.node.credentials(), RefusalCode.VERSION, versions=TLS_1_2),
    Hostile("C12", "no ALPN", lambda cas: cas.node.credentials(), None, protocols=()),
    Hostile("C12", "ALPN of HTTP/1", lambda cas: cas.node.credentials(), None, protocols=("http/1.1",)),
]
