"""The matrix of CAs out of profile: each is refused itself, and so is what it signed."""

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs import errors
from certs.identity import CaName
from certs.verify import verify_ca
from tests.certs.forge import NODE, NOW, forge, forge_ca
from tests.certs.hostile import (
    NZL,
    hostile,
    verify,
)
from tests.certs.rows import CAS


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
