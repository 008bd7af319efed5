"""The matrix of CAs out of profile: each is refused itself, and so is what it signed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import errors
from certs.identity import CaName
from certs.verify import verify_ca
from tests.certs.forge import NODE, NOW, forge, forge_ca
from tests.certs.hostile import (
    AUS,
    NZL,
    SECOND,
    cross_signed,
    hostile,
    key_usage,
    verify,
)

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
    ("expired", lambda: forge_ca(NZL.key, end=NOW - SECOND), errors.AuthorityExpired),
    ("not yet valid", lambda: forge_ca(NZL.key, start=NOW + SECOND), errors.AuthorityNotYetValid),
    ("eleven years", lambda: forge_ca(NZL.key, end=NOW + timedelta(days=11 * 366)), errors.LifetimeTooLong),
]


@pytest.mark.parametrize(("make", "error"), [row[1:] for row in CAS], ids=[row[0] for row in CAS])
def test_a_ca_out_of_its_profile_is_refused_and_so_is_what_it_signed(
    make: Callable[[], x509.Certificate], error: type[errors.CertificateRefused]
) -> None:
    """ATTACKS C08: a wrong name constraint and all else that makes a CA more than the CA of one economy."""
    ca = make()
    with pytest.raises(error) as refused:
        verify_ca(ca, NODE.authority, NOW)
    assert type(refused.value) is error
    with pytest.raises(error):
        verify(hostile(), ca)


@pytest.mark.parametrize("key", [ec.SECP384R1(), ec.SECP256K1()], ids=lambda curve: curve.name)
def test_a_ca_on_another_curve_is_refused(key: ec.EllipticCurve) -> None:
    """ATTACKS C08."""
    private_key = ec.generate_private_key(key)
    ca = forge_ca(private_key)
    with pytest.raises(errors.WeakCertificate):
        verify_ca(ca, NODE.authority, NOW)
    with pytest.raises(errors.WeakCertificate):
        verify(forge(private_key, ca.subject), ca)


def test_a_right_ca_verifies_under_its_own_name_alone() -> None:
    verify_ca(NZL.ca, CaName("lab", "NZL"), NOW)
    for name in (CaName("lab", "AUS"), CaName("else", "NZL")):
        with pytest.raises(errors.WrongAuthority):
            verify_ca(NZL.ca, name, NOW)
