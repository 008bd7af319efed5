"""Certificates from the economy's own CA, on the machine that has its key.

Every leaf comes through a request, as it would for a key on another machine: the CA has one door, which checks that
whoever asks has the key, and verifies what it made before anybody uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs import authority, csr
from certs.identity import CaName, NodeName
from certs.keystore import KeyStore, load_certificate, save_certificate
from certs.profiles import Role
from node import revoking
from node.clock import Clock
from node.errors import OperatorError
from node.layout import Layout

LEAVES = (Role.TLS, Role.MESSAGE)


def found(layout: Layout, name: NodeName, clock: Clock) -> tuple[x509.Certificate, datetime]:
    """Three keys, the economy's CA, and one leaf each for TLS and messages; the CA and the day the leaves end."""
    keys = KeyStore.create(layout.keys)
    ca_key = keys.generate(Role.CA.value)
    ca = authority.create_ca(CaName(name.federation, name.economy), ca_key, _serial(clock), clock.now())
    save_certificate(layout.certs / "ca.pem", ca)
    for role in LEAVES:
        keys.generate(role.value)
    return ca, renew(layout, name, clock)


def renew(layout: Layout, name: NodeName, clock: Clock) -> datetime:
    """New leaves for the keys the node has; the moment at which the first of them ends.

    Peers need not be told: they know the CA. A node that runs takes them when it is started again. Each file is replaced
    whole, so a crash in between leaves one old and one new leaf, which go together.

    Raises CertsError: a key or the CA is missing, damaged, or readable by others; OperatorError KEY_REVOKED, CRL_DAMAGED.
    """
    keys = KeyStore(layout.keys)
    ca, ca_key = load_certificate(layout.certs / "ca.pem"), keys.load(Role.CA.value)
    held = revoking.newest(layout, ca)
    if held is not None:
        for role in LEAVES:
            _refuse_revoked(layout, role, keys.load(role.value), held.revoked)
    # Both are issued before either is written: what fails for one must not leave the node with leaves of two times.
    issued = {role: _issue(name, role, keys.load(role.value), (ca, ca_key), clock) for role in LEAVES}
    for role, leaf in issued.items():
        save_certificate(layout.certs / f"{role.value}.pem", leaf)
    return min(leaf.not_valid_after_utc for leaf in issued.values())


def _issue(
    name: NodeName,
    role: Role,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    clock: Clock,
) -> x509.Certificate:
    return authority.issue(*issuer, csr.check(csr.build(name, role, key)), _serial(clock), clock.now())


def _serial(clock: Clock) -> int:
    return authority.serial_number(clock.random(authority.SERIAL_RANDOM_BYTES))


def _refuse_revoked(
    layout: Layout, role: Role, key: ec.EllipticCurvePrivateKey, revoked: Mapping[int, datetime]
) -> None:
    """A key whose certificate was taken back may be in other hands: no new certificate for that one.

    Raises OperatorError KEY_REVOKED.
    """
    path = layout.certs / f"{role.value}.pem"
    if not path.exists():
        return
    leaf = load_certificate(path)
    if leaf.serial_number in revoked and leaf.public_key() == key.public_key():
        message = (
            f"The certificate of keys/{role.value}.pem was revoked, so its key gets no other; make it a new key first"
            " (docs/operations/compromise.md)."
        )
        raise OperatorError("KEY_REVOKED", message)
