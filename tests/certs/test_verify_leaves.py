"""The matrix of hostile leaves: each is wrong in one respect and refused by the step that names it."""

from collections.abc import Callable

import pytest
from cryptography import x509

from certs import errors
from certs.certificates import decode_der
from tests.certs.forge import with_serial
from tests.certs.hostile import (
    NZL,
    hostile,
    verify,
)
from tests.certs.rows import LEAVES


@pytest.mark.parametrize(("make", "error"), [row[2:] for row in LEAVES], ids=[f"{row[0]} {row[1]}" for row in LEAVES])
def test_a_hostile_leaf_is_refused_by_its_step(
    make: Callable[[], x509.Certificate], error: type[errors.CertificateRefused]
) -> None:
    """ATTACKS C02 C03 C04 C05 C06 C07 C08 C09 A08 A10, for each certificate apart from any network."""
    with pytest.raises(error) as refused:
        verify(make())
    assert type(refused.value) is error


@pytest.mark.parametrize("content", [b"\x00", b"\xff", b"\x80" + bytes(19), b"\x7f" * 21, b"\x00\x80" + bytes(19)])
@pytest.mark.filterwarnings("ignore:.*serial number")  # the library warns where we refuse
def test_a_serial_number_outside_1_to_159_bits_is_refused(content: bytes) -> None:
    """ATTACKS C08: serial 0, negative, longer than revocation can name."""
    with pytest.raises(errors.MalformedCertificate):
        decode_der(with_serial(hostile(), NZL.key, content))
