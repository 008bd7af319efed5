"""An economy's issuing CA: make it, and issue leaves from checked requests (spec 2.3, 2.5).

Serial numbers and times are arguments; `serial_number` makes one from the caller's random bytes.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from certs.csr import CertificateRequest
from certs.errors import CertificateRefused, IssueRefused, KeyNotAllowed
from certs.identity import CaName
from certs.keys import admit, public_key_id
from certs.profiles import BACKDATE, PROFILES, Profile, Role, alternative_name, subject
from certs.verify import verify_leaf

SERIAL_RANDOM_BYTES: Final = 16


def serial_number(random: bytes) -> int:
    """A serial number of 129 bits from 16 random bytes: positive whatever they are, and never twice by chance."""
    if len(random) != SERIAL_RANDOM_BYTES:
        raise ValueError(f"a serial number is made from {SERIAL_RANDOM_BYTES} random bytes")
    return 1 << 8 * SERIAL_RANDOM_BYTES | int.from_bytes(random, "big")


def create_ca(
    name: CaName,
    private_key: ec.EllipticCurvePrivateKey,
    serial: int,
    now: datetime,
    days: int = PROFILES[Role.CA].default_days,
) -> x509.Certificate:
    """The self-signed certificate of an issuing CA for `name`, valid from an hour before `now` to `days` after it.

    Path length 0 and one critical DNS name constraint, `name.dns`: TLS stacks then refuse by themselves a leaf this
    CA issues for another economy. Raises IssueRefused for a key, serial or number of days outside the profile.
    """
    profile = PROFILES[Role.CA]
    public_key = _admitted(private_key.public_key())
    return (
        _builder(profile, subject(name), public_key, serial, now, days)
        .issuer_name(subject(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(name.dns)], excluded_subtrees=None), critical=True)
        .sign(private_key, SHA256())
    )


def issue(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    request: CertificateRequest,
    serial: int,
    now: datetime,
    days: int | None = None,
) -> x509.Certificate:
    """A leaf for a checked request, valid from an hour before `now` to `days` after it (default: the profile's).

    Raises IssueRefused when the request names another economy or federation than `ca` is bound to, `ca` is not
    current, `ca_key` is not its key, the leaf would outlive `ca`, or serial or days are outside the profile.
    """
    profile = PROFILES[request.role]
    if ca_key.public_key() != ca.public_key():
        raise IssueRefused("the CA key is not the key of the CA certificate; take the pair made together")
    builder = _builder(
        profile, subject(request.name), request.public_key, serial, now, profile.default_days if days is None else days
    )
    certificate = (
        builder.issuer_name(ca.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(profile.extended_key_usage_extension(), critical=False)
        .add_extension(alternative_name(request.name), critical=False)
        .add_extension(authority_key_identifier(ca), critical=False)
        .sign(ca_key, SHA256())
    )
    try:
        # What peers would refuse never leaves this CA: the same steps they run, CA included, before anyone sees the leaf.
        verify_leaf(certificate, [ca], request.role, request.name.federation, now)
    except CertificateRefused as refused:
        raise IssueRefused(f"this CA cannot issue for {request.name}: {refused}") from refused
    if certificate.not_valid_after_utc > ca.not_valid_after_utc:
        raise IssueRefused("the leaf would outlive its CA; issue it for fewer days, and roll the CA over")
    return certificate


def _builder(
    profile: Profile,
    subject_name: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    serial: int,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    """What both kinds of certificate share. Raises IssueRefused."""
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime in UTC")
    if not 1 <= days <= profile.max_days:
        raise IssueRefused(f"a {profile.role.value} certificate is issued for 1 to {profile.max_days} days")
    if not 0 < serial < 1 << 159:
        raise IssueRefused("a serial number is positive and below 2^159; make it with serial_number")
    return (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(profile.key_usage_extension(), critical=True)
        # RFC 7093 2 (4); the library's own identifier is SHA-1, which no accreditor wants to meet even as a label.
        .add_extension(x509.SubjectKeyIdentifier(public_key_id(public_key)), critical=False)
    )


def authority_key_identifier(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """What the CA calls its own key: TLS stacks find the CA among several of one name by it."""
    try:
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        identifier = public_key_id(_admitted(ca.public_key()))
    return x509.AuthorityKeyIdentifier(identifier, authority_cert_issuer=None, authority_cert_serial_number=None)


def _admitted(public_key: object) -> ec.EllipticCurvePublicKey:
    try:
        return admit(public_key)
    except KeyNotAllowed as refused:
        raise IssueRefused(str(refused)) from refused
