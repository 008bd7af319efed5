"""Keys, certificates, and the trust documents they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from cryptography import x509

from certs.certificates import encode_der
from certs.crl import Crl, is_overdue
from certs.errors import CertsError, KeyMissing
from certs.identity import CaName
from certs.keys import admit, encode_public
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from certs.verify import verify_ca, verify_leaf
from federation.directory import Directory
from federation.membership import assemble
from node import grants_file
from node.config import Settings
from node.doctor import standing
from node.doctor.finding import Finding, fault, fine, raised, warn
from node.errors import OperatorError
from node.layout import Layout
from node.trusted import require_member
from node.trusting import open_store

LEAF_NOTICE = timedelta(days=10)
CA_NOTICE = timedelta(days=180)


def check(layout: Layout, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The three pairs of key and certificate, then the documents and this node's place in them."""
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
    yield from _trusted(layout, settings, cas, now)


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


def _trusted(layout: Layout, settings: Settings, cas: list[x509.Certificate], now: datetime) -> Iterator[Finding]:
    clock_ms = round(now.timestamp() * 1000)
    try:
        store = open_store(layout)
        held = store.survey(clock_ms)
        policy = grants_file.read(layout).as_of(clock_ms)
        directory = assemble(held.documents, settings.economy, policy, clock_ms)
        require_member(directory, settings.economy)
    except OperatorError as error:
        yield raised(error, "TRUST")
        return
    for alarm in held.alarms:
        yield warn(alarm.code, alarm.message, "See docs/operations/charter.md.")
    digest = directory.digest.hex()
    yield fine(
        "CHARTER", f"Charter {directory.charter_version} names {len(directory.members)} members; digest {digest}."
    )
    yield from _own_revoked(layout, directory, settings.economy)
    yield from _lists(directory, held.documents.crls, settings.economy, now)
    if cas and encode_der(cas[0]) not in {encode_der(one) for one in directory.members[settings.economy].cas}:
        remedy = "Take in an entry that lists this CA: `rmas entry make`, `rmas entry sign`, `rmas trust take`."
        yield fault("CA_NOT_IN_ENTRY", "The entry of this economy does not list the CA in certs/ca.pem.", remedy)
    if settings.name not in {node.name for node in directory.members[settings.economy].nodes}:
        remedy = "Make one and take it in: `rmas notice make`, `rmas trust take`."
        yield fault("NO_NOTICE", f"No notice says where {settings.name} is reached.", remedy)
    yield from standing.check(directory, settings.economy, now)


def _lists(directory: Directory, crls: Mapping[bytes, Crl], economy: str, now: datetime) -> Iterator[Finding]:
    """A finding for each CA whose revocation list is missing, over, or not made every day."""
    for member in directory.members.values():
        for key in sorted(member.ca_keys):
            crl, own = crls.get(key), member.economy == economy
            remedy = "Make one, every day from now on: `rmas ca crl`." if own else f"Call the desk of {member.economy}."
            if crl is None or crl.next_update < now:
                ended = "is not held here" if crl is None else f"ended on {crl.next_update:%Y-%m-%d}"
                sentence = (
                    f"The revocation list of {member.economy}'s CA {key.hex()[:16]} {ended}; no lookups without it."
                )
                yield fault("CRL_ENDED", sentence, remedy) if own else warn("PEER_CRL_ENDED", sentence, remedy)
            elif is_overdue(crl, now):
                sentence = f"The revocation list of {member.economy} ends on {crl.next_update:%Y-%m-%d}: none came for two days."
                yield warn("CRL_OLD", sentence, remedy)


def _own_revoked(layout: Layout, directory: Directory, economy: str) -> Iterator[Finding]:
    """A fault for each leaf of this node that its own CA has taken back: nothing it signs counts."""
    for role in (Role.TLS, Role.MESSAGE):
        try:
            leaf = load_certificate(layout.certs / f"{role.value}.pem")
        except CertsError:
            continue
        if any(serial == leaf.serial_number for _, serial in directory.standings[economy].revoked):
            sentence = f"The {role.value} certificate of this node was revoked: peers take nothing from it."
            remedy = "Make a new key and certificate, then a notice: docs/operations/compromise.md."
            yield fault("CERT_REVOKED", sentence, remedy)
