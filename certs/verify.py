"""Path verification in numbered steps (spec 2.4). The path has one shape: an economy's own CA, then the leaf.

What these functions do not do: choose the CAs (the caller passes the current ones of the economy the leaf names,
from the directory of members), read the clock, fetch or check revocation lists (the caller passes what is revoked),
or compare a leaf with the statement it came with.

The library checks signatures and reads DER; the steps are ours because a path of fixed length needs no path
building, and building is where verifiers have differed and gone wrong.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from certs.certificates import require_readable
from certs.errors import (
    AuthorityExpired,
    AuthorityNotYetValid,
    CertificateRefused,
    Expired,
    KeyNotAllowed,
    LifetimeTooLong,
    NotYetValid,
    Revoked,
    SharedKey,
    UnknownIssuer,
    WeakCertificate,
    WrongAuthority,
    WrongFederation,
    WrongPurpose,
)
from certs.identity import CaName, NodeName, name_of
from certs.keys import admit, encode_public, fingerprint, public_key_id
from certs.profiles import KEY_USAGE_BITS, PROFILES, Role

_T = TypeVar("_T", bound=x509.ExtensionType)

# What the steps below look at; any other critical extension is one we do not understand (RFC 5280 4.2).
_UNDERSTOOD: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
_UNDERSTOOD_IN_CA: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.NAME_CONSTRAINTS,
}


@dataclass(frozen=True, slots=True)
class VerifiedLeaf:
    """A leaf that passed every step, and for how long that holds.

    `fingerprint` is SHA-256 of its DER, `spki` its public key in DER. `not_before` and `not_after` are those of leaf
    and CA together: a result kept past them would outlive the CA. `issuer` is the `keys.public_key_id` of the CA, and
    with `serial` what a revocation names.
    """

    name: NodeName
    role: Role
    public_key: ec.EllipticCurvePublicKey
    fingerprint: bytes
    not_before: datetime
    not_after: datetime
    spki: bytes
    issuer: bytes
    serial: int


def verify_leaf(
    leaf: x509.Certificate,
    cas: Sequence[x509.Certificate],
    role: Role,
    federation: str,
    now: datetime,
    revoked: Collection[tuple[bytes, int]] = (),
) -> VerifiedLeaf:
    """Verify that `leaf` is a current leaf of `role`, issued in `federation` by one of `cas`. Steps as in spec 2.4.

    `cas` are the current CAs of the economy the leaf names, in any order. `now` is aware, UTC. `revoked` holds
    (`keys.public_key_id` of the issuing CA, serial number): the CA's key and not its certificate, so that renewing
    the CA un-revokes nothing.

    Raises a CertificateRefused, one class per step; ValueError when `role` is no leaf role.
    """
    if role is Role.CA:
        raise ValueError("a CA is no leaf; call verify_ca")
    # 1-3 look at the leaf alone, so a stranger's certificate costs no signature before it has the right shape.
    require_readable(leaf)  # 1 one certificate, version 3, within the size limit
    public_key = _require_strength(leaf)  # 2 P-256 key, ecdsa-with-SHA256 signature
    _require_leaf_profile(leaf, role)  # 3 purpose: usage bits, extended usage, no CA, nothing critical unknown
    name = name_of(leaf)  # 4 one URI and one DNS name that agree
    if name.federation != federation:  # 5 this federation
        raise WrongFederation("the certificate belongs to another federation; issue one for this federation")
    _require_lifetime(leaf, role)  # 6 no longer than the profile allows
    if now < leaf.not_valid_before_utc:  # 7 its time has come
        raise NotYetValid(f"the certificate of {name} is not valid yet; compare the clocks of both nodes")
    if now > leaf.not_valid_after_utc:  # 8 its time is not over
        raise Expired(f"the certificate of {name} has expired; renew it")
    ca = _issuing_ca(leaf, cas, name.authority, now)  # 9-12 signed by a current CA of its economy
    _require_other_key(public_key, cas)  # 13 no CA key in a leaf
    issuer = public_key_id(admit(ca.public_key()))
    if (issuer, leaf.serial_number) in revoked:  # 14 not taken back
        raise Revoked(f"the certificate of {name} has been revoked; ask for a new one under a new key")
    return VerifiedLeaf(
        name=name,
        role=role,
        public_key=public_key,
        fingerprint=fingerprint(leaf),
        not_before=max(leaf.not_valid_before_utc, ca.not_valid_before_utc),
        not_after=min(leaf.not_valid_after_utc, ca.not_valid_after_utc),
        spki=encode_public(public_key),
        issuer=issuer,
        serial=leaf.serial_number,
    )


def verify_ca(ca: x509.Certificate, name: CaName, now: datetime) -> None:
    """Verify that `ca` is an issuing CA bound to `name` and current at `now` (steps 1, 2, 10-12 of spec 2.4).

    Whether `ca` is one to trust is the caller's knowledge: a self-signed certificate proves nothing but its own key.
    Raises MalformedCertificate, WeakCertificate, WrongAuthority, LifetimeTooLong, AuthorityNotYetValid or
    AuthorityExpired.
    """
    require_ca_profile(ca)
    _require_constraint(ca, name)
    try:
        # Self-signed, so that every TLS stack takes it as a root as it stands, without partial chains.
        ca.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature) as foreign:
        raise WrongAuthority(
            f"the CA of {name} is not self-signed; publish the issuing CA as its own root"
        ) from foreign
    _require_lifetime(ca, Role.CA)
    if now < ca.not_valid_before_utc:
        raise AuthorityNotYetValid(f"the CA of {name} is not valid yet; compare the clocks of both nodes")
    if now > ca.not_valid_after_utc:
        raise AuthorityExpired(f"the CA of {name} has expired; publish its successor")


def require_ca_profile(ca: x509.Certificate) -> None:
    """Verify that `ca` is of the CA profile: what may sign leaves and revocation lists, whoever it is, whenever.

    Raises MalformedCertificate, WeakCertificate or WrongAuthority.
    """
    require_readable(ca)
    _require_strength(ca)
    basic = _extension(ca, x509.BasicConstraints)
    if basic is None or not basic.critical or not basic.value.ca or basic.value.path_length != 0:
        raise WrongAuthority("the issuing certificate is not a CA with path length 0; make the CA again in its profile")
    if _usage_bits(ca) != PROFILES[Role.CA].key_usage or _extension(ca, x509.ExtendedKeyUsage) is not None:
        raise WrongAuthority(
            "the CA's key usage is not keyCertSign and cRLSign alone; make the CA again in its profile"
        )
    if any(extension.critical and extension.oid not in _UNDERSTOOD_IN_CA for extension in ca.extensions):
        raise WrongAuthority("the CA has a critical extension outside the profile; make the CA again in its profile")


def require_distinct_keys(leaves: Iterable[VerifiedLeaf]) -> None:
    """Raise SharedKey if two of `leaves` carry one public key: one key, one purpose."""
    seen: set[bytes] = set()
    for leaf in leaves:
        if leaf.spki in seen:
            raise SharedKey(f"{leaf.name} uses one key in two roles; make a key for each")
        seen.add(leaf.spki)


def _require_strength(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise WeakCertificate("the certificate is not signed with ecdsa-with-SHA256; issue it again with a P-256 CA")
    try:
        return admit(certificate.public_key())
    except KeyNotAllowed as weak:
        raise WeakCertificate("the certificate's key is not an ECDSA key on P-256; make a new key") from weak


def _require_leaf_profile(leaf: x509.Certificate, role: Role) -> None:
    basic = _extension(leaf, x509.BasicConstraints)
    if basic is not None and basic.value.ca:
        raise WrongPurpose("a CA certificate stands where a leaf must; present the leaf")
    usage = _extension(leaf, x509.ExtendedKeyUsage)
    listed = [] if usage is None else list(usage.value)
    expected = PROFILES[role].extended_key_usage
    # TLS itself takes a client leaf without any extended usage, so absence is refused here or nowhere.
    if set(listed) != expected or len(listed) != len(expected):
        raise WrongPurpose(
            f"the certificate's extended key usage is not that of a {role.value} leaf; issue it for its role"
        )
    if _usage_bits(leaf) != PROFILES[role].key_usage:
        raise WrongPurpose(f"the certificate's key usage is not that of a {role.value} leaf; issue it for its role")
    if any(extension.critical and extension.oid not in _UNDERSTOOD for extension in leaf.extensions):
        raise WrongPurpose("the certificate has a critical extension outside the profile; issue it without")


def _require_constraint(ca: x509.Certificate, name: CaName) -> None:
    constraints = _extension(ca, x509.NameConstraints)
    if (
        constraints is None
        or not constraints.critical
        or constraints.value.permitted_subtrees != [x509.DNSName(name.dns)]
        or constraints.value.excluded_subtrees
    ):
        # Exactly this one: a second subtree would let the CA speak for another economy, any other kind breaks verifiers.
        raise WrongAuthority(f"the CA is not bound to {name} by one critical DNS name constraint; make it again so")


def _require_lifetime(certificate: x509.Certificate, role: Role) -> None:
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if not lifetime <= PROFILES[role].longest or certificate.not_valid_after_utc < certificate.not_valid_before_utc:
        raise LifetimeTooLong(
            f"the certificate is valid for longer than {PROFILES[role].max_days} days or ends before it starts; issue it shorter"
        )


def _issuing_ca(
    leaf: x509.Certificate, cas: Sequence[x509.Certificate], name: CaName, now: datetime
) -> x509.Certificate:
    """The first of `cas` that signed `leaf` and passes verify_ca; whatever else is in `cas` must not matter."""
    refused: CertificateRefused = UnknownIssuer(
        f"none of the current CAs of {name} signed the certificate; have it issued by the CA in the directory"
    )
    for ca in cas:
        try:
            # By signature, never by subject or key identifier: those are anybody's to copy.
            leaf.verify_directly_issued_by(ca)
        except (ValueError, TypeError, InvalidSignature):
            continue
        try:
            verify_ca(ca, name, now)
        except CertificateRefused as reason:
            # Kept, not raised: an expired certificate of the same CA key must not hide a valid one behind it.
            refused = reason
            continue
        return ca
    raise refused


def _require_other_key(public_key: ec.EllipticCurvePublicKey, cas: Sequence[x509.Certificate]) -> None:
    if any(public_key == ca.public_key() for ca in cas):
        raise SharedKey("the leaf carries the key of a CA; make a key of its own for the leaf")


def _usage_bits(certificate: x509.Certificate) -> frozenset[str]:
    """The set bits of the key usage; empty when the extension is absent, which no profile is."""
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None:
        return frozenset()
    # encipherOnly and decipherOnly are undefined without keyAgreement, which no profile has, and raise when read.
    readable = KEY_USAGE_BITS if usage.value.key_agreement else KEY_USAGE_BITS[:-2]
    return frozenset(bit for bit in readable if getattr(usage.value, bit))


def _extension(certificate: x509.Certificate, kind: type[_T]) -> x509.Extension[_T] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
