"""Keys, certificates and the directory they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509

from certs.errors import CertsError, KeyMissing
from certs.identity import CaName
from certs.keys import admit, encode_public
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from certs.verify import verify_ca, verify_leaf
from federation.errors import InvalidDirectory
from node import installing
from node.config import Settings
from node.doctor import standing
from node.doctor.finding import Finding, fault, fine, raised, warn
from node.errors import OperatorError
from node.layout import Layout

LEAF_NOTICE = timedelta(days=10)
CA_NOTICE = timedelta(days=180)


def check(layout: Layout, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The three pairs of key and certificate, then the directory and this node's place in it."""
    cas: list[x509.Certificate] = []
    try:
        cas = [load_certificate(layout.certs / "ca.pem")]
        verify_ca(cas[0], CaName(settings.federation, settings.economy), now)
        yield _dated("CA_CERTIFICATE", "The issuing CA's certificate", cas[0].not_valid_after_utc, now, CA_NOTICE)
    except CertsError as error:
        yield raised(error, "CA_CERTIFICATE")
    for role in (Role.TLS, Role.MESSAGE):
        yield from _pair(layout, settings, role, cas, now)
    yield _ca_key(layout, cas)
    yield from _directory(layout, settings, cas, now)


def _pair(
    layout: Layout, settings: Settings, role: Role, cas: list[x509.Certificate], now: datetime
) -> Iterator[Finding]:
    code = f"{role.name}_CERTIFICATE"
    try:
        key = KeyStore(layout.keys).load(role.value)
        leaf = load_certificate(layout.certs / f"{role.value}.pem")
        verified = verify_leaf(leaf, cas, role, settings.federation, now)
    except CertsError as error:
        yield raised(error, code)
        return
    if encode_public(key.public_key()) != verified.spki:
        remedy = "Put the pair that was made together in place, or issue a certificate for this key."
        yield fault("KEY_MISMATCH", f"keys/{role.value}.pem is not the key of certs/{role.value}.pem.", remedy)
    elif verified.name != settings.name:
        remedy = "Correct the names in rmas.toml, or issue certificates for this name."
        yield fault("CERT_OTHER_NAME", f"certs/{role.value}.pem is for {verified.name}, not {settings.name}.", remedy)
    else:
        yield _dated(code, f"The {role.value} certificate, with its key,", leaf.not_valid_after_utc, now, LEAF_NOTICE)


def _dated(code: str, what: str, end: datetime, now: datetime, notice: timedelta) -> Finding:
    left = end - now
    if left < notice:
        sentence = f"{what} is good until {end:%Y-%m-%d}, {left.days} days from now."
        return warn(f"{code}_ENDS", sentence, "Issue a new one before that day; nothing is answered after it.")
    return fine(code, f"{what} is good until {end:%Y-%m-%d}.")


def _ca_key(layout: Layout, cas: list[x509.Certificate]) -> Finding:
    try:
        key = KeyStore(layout.keys).load(Role.CA.value)
    except KeyMissing:
        return fine("CA_KEY", "The CA key is kept elsewhere, where no open port can reach it.")
    except CertsError as error:
        return raised(error, "CA_KEY")
    if cas and encode_public(key.public_key()) != encode_public(admit(cas[0].public_key())):
        remedy = "Put the pair that was made together in place."
        return fault("KEY_MISMATCH", "keys/ca.pem is not the key of certs/ca.pem.", remedy)
    return fine(
        "CA_KEY", "The CA key fits its certificate; a running node never reads it, so it may be kept elsewhere."
    )


def _directory(layout: Layout, settings: Settings, cas: list[x509.Certificate], now: datetime) -> Iterator[Finding]:
    try:
        directory = installing.pinned(layout, settings.directory.sha256)
        if cas:
            installing.require_own_place(directory, cas[0], settings.name)
    except (OperatorError, InvalidDirectory) as error:
        yield raised(error, "INVALID_DIRECTORY")
        return
    yield fine("DIRECTORY", f"The directory names {len(directory.members)} members; SHA-256 {directory.digest.hex()}.")
    yield from standing.check(directory, settings.economy, now)
