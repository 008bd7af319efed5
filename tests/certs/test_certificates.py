"""Certificates as bytes: one, whole, small, or refused; whatever the bytes, never anything but our own error."""

from base64 import b64encode

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certs.certificates import MAX_CERTIFICATE_BYTES, decode_der, decode_pem, encode_der, encode_pem
from certs.errors import CertsError, MalformedCertificate
from certs.profiles import Role
from certs.verify import verify_leaf
from tests.certs.forge import NOW, Economy, content, members_of, resign, tlv

NZL = Economy()
LEAF = NZL.leaf()


def test_both_forms_give_back_the_same_certificate() -> None:
    assert decode_der(encode_der(LEAF)) == decode_pem(encode_pem(LEAF)) == LEAF


def test_a_certificate_too_large_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """ATTACKS C09: 1 MB costs a comparison, no memory and no parser."""

    def parse(_: bytes) -> x509.Certificate:
        pytest.fail("parsed")

    monkeypatch.setattr(x509, "load_der_x509_certificate", parse)
    monkeypatch.setattr(x509, "load_pem_x509_certificate", parse)
    with pytest.raises(MalformedCertificate):
        decode_der(bytes(MAX_CERTIFICATE_BYTES + 1))
    with pytest.raises(MalformedCertificate):
        decode_pem(b"-----BEGIN CERTIFICATE-----\n" + b"A" * 1_000_000)


def test_a_chain_in_pem_is_refused() -> None:
    """The first block of several must not stand for all of them."""
    with pytest.raises(MalformedCertificate, match="without a chain"):
        decode_pem(encode_pem(LEAF) + encode_pem(NZL.ca))


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"])
def test_garbage_is_no_certificate(data: bytes) -> None:
    for decode in (decode_der, decode_pem):
        with pytest.raises(MalformedCertificate):
            decode(data)


def test_bytes_after_the_certificate_are_refused() -> None:
    with pytest.raises(MalformedCertificate):
        decode_der(encode_der(LEAF) + b"\x00")


@pytest.mark.parametrize("version", [b"", *(bytes([0xA0, 3, 2, 1, number]) for number in (0, 1, 3, 255))])
def test_a_certificate_of_another_version_is_refused(version: bytes) -> None:
    """Version 1 has no extensions, so nothing says whose it is; of later ones nobody knows what they say."""
    with pytest.raises(MalformedCertificate):
        decode_der(resign(LEAF, NZL.key, lambda members: [version, *members[1:]]))


def test_an_extension_twice_is_refused() -> None:
    """Two values for one extension let two verifiers read two certificates."""

    doubled = resign(LEAF, NZL.key, double_first_extension)
    with pytest.raises(MalformedCertificate):
        decode_der(doubled)
    with pytest.raises(MalformedCertificate):
        decode_pem(b"-----BEGIN CERTIFICATE-----\n" + b64encode(doubled) + b"\n-----END CERTIFICATE-----\n")


def double_first_extension(members: list[bytes]) -> list[bytes]:
    [extensions] = members_of(content(members[7]))
    listed = members_of(content(extensions))
    return [*members[:7], tlv(0xA3, tlv(0x30, b"".join([*listed, listed[0]])))]


def even_signature() -> x509.Certificate:
    """A leaf whose signature ends in two zero bits: only those can be called unused."""
    return next(leaf for leaf in iter(NZL.leaf, None) if leaf.signature[-1] & 3 == 0)


def test_a_signature_with_unused_bits_is_refused() -> None:
    """The library accepts it, so the same certificate would have as many fingerprints as there are such bits."""
    leaf = even_signature()
    good = encode_der(leaf)
    place = len(good) - len(leaf.signature) - 1
    assert good[place] == 0
    x509.load_der_x509_certificate(good[:place] + b"\x01" + good[place + 1 :]).verify_directly_issued_by(NZL.ca)
    with pytest.raises(MalformedCertificate, match="whole octets"):
        decode_der(good[:place] + b"\x01" + good[place + 1 :])


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_our_error(data: bytes) -> None:
    with pytest.raises(MalformedCertificate):
        decode_der(data)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the library warns of oddities; what counts is that they are refused
def test_no_flipped_bit_of_a_leaf_is_accepted_or_raises_anything_but_our_error() -> None:
    """ATTACKS A01, for certificates: every bit of a leaf, one at a time.

    With a signature that ends in zero bits: then it matters that they cannot be called unused.
    """
    good = encode_der(even_signature())
    for bit in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CertsError):
            verify_leaf(decode_der(bytes(flipped)), [NZL.ca], Role.TLS, "lab", NOW)
