"""What a TLS stack is given to trust: current CAs, one certificate a key, never nothing."""

from datetime import timedelta
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import UnknownIssuer
from certs.roots import bundle
from tests.certs.forge import NOW, forge_ca
from tests.certs.hostile import AUS, NZL, SECOND

EXPIRED = forge_ca(NZL.key, end=NOW - SECOND)
AHEAD = forge_ca(NZL.key, start=NOW + SECOND, end=NOW + timedelta(days=9999))
SHORTER = forge_ca(NZL.key, end=NOW + timedelta(days=1))
OTHER_CURVE = forge_ca(ec.generate_private_key(ec.SECP384R1()))


def test_only_the_longest_current_certificate_of_each_ca_key_is_trusted_in_any_order() -> None:
    """ATTACKS C11: an expired, a future and a shorter certificate of one CA key never stand before the right one."""
    given = [EXPIRED, AHEAD, SHORTER, NZL.ca, AUS.ca, OTHER_CURVE]
    bundles = {bundle(cas, NOW) for cas in permutations(given)}
    assert len(bundles) == 1
    assert set(x509.load_pem_x509_certificates(bundles.pop())) == {NZL.ca, AUS.ca}


def test_a_ca_is_trusted_from_its_first_to_its_last_second() -> None:
    start, end = SHORTER.not_valid_before_utc, SHORTER.not_valid_after_utc
    assert bundle([SHORTER], start) == bundle([SHORTER], end)
    for now in (start - SECOND, end + SECOND):
        with pytest.raises(UnknownIssuer):
            bundle([SHORTER], now)


@pytest.mark.parametrize("cas", [[], [EXPIRED, AHEAD], [OTHER_CURVE]])
def test_nothing_to_trust_is_an_error_and_no_empty_bundle(cas: list[x509.Certificate]) -> None:
    """An empty bundle could be read as the system's own roots, which is the whole Web."""
    with pytest.raises(UnknownIssuer):
        bundle(cas, NOW)
