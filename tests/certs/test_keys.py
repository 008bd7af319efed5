"""Allowed keys and their one encoding."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from certs.errors import KeyNotAllowed
from certs.keys import (
    MAX_KEY_BYTES,
    admit,
    decode_private,
    decode_public,
    encode_private,
    encode_public,
    fingerprint,
    public_key_id,
)
from tests.certs.forge import Economy, new_key, tlv

OTHERS = [
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
    ec.generate_private_key(ec.SECP192R1()),
    ec.generate_private_key(ec.SECP224R1()),
    ec.generate_private_key(ec.SECP256K1()),
    ec.generate_private_key(ec.BrainpoolP256R1()),
    ed25519.Ed25519PrivateKey.generate(),
    rsa.generate_private_key(65537, 1024),
    rsa.generate_private_key(65537, 2048),
]


@pytest.mark.parametrize("key", OTHERS, ids=lambda key: getattr(getattr(key, "curve", key), "name", type(key).__name__))
def test_other_kinds_of_key_are_refused_in_every_form(key: rsa.RSAPrivateKey) -> None:
    """ATTACKS A08: RSA, P-192, brainpool, Ed25519 and the rest."""
    with pytest.raises(KeyNotAllowed):
        admit(key.public_key())
    with pytest.raises(KeyNotAllowed):
        decode_public(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(KeyNotAllowed):
        decode_private(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_a_private_key_comes_back_from_its_encoding() -> None:
    key = new_key()
    assert decode_private(encode_private(key)).private_numbers() == key.private_numbers()


def test_a_public_key_has_one_encoding_of_91_bytes() -> None:
    key = new_key().public_key()
    assert len(encode_public(key)) == 91
    assert encode_public(decode_public(encode_public(key))) == encode_public(key)


def test_a_compressed_point_is_refused_though_it_is_the_same_key() -> None:
    """A second spelling of one key would pass for a second key where duplicates are looked for."""
    key = new_key().public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    with pytest.raises(KeyNotAllowed, match="one encoding"):
        decode_public(tlv(0x30, algorithm + tlv(0x03, b"\x00" + point)))


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", b"x" * 5000])
def test_garbage_is_no_private_key(data: bytes) -> None:
    with pytest.raises(KeyNotAllowed):
        decode_private(data)


def test_a_key_file_too_large_is_refused_though_it_is_right() -> None:
    with pytest.raises(KeyNotAllowed, match="the key alone"):
        decode_private(b"# " + b"x" * MAX_KEY_BYTES + b"\n" + encode_private(new_key()))


def test_a_key_on_another_curve_is_not_written_either() -> None:
    with pytest.raises(KeyNotAllowed):
        encode_private(ec.generate_private_key(ec.SECP384R1()))


def test_an_encrypted_private_key_is_refused_with_the_remedy() -> None:
    pem = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    with pytest.raises(KeyNotAllowed, match="without a password"):
        decode_private(pem)


def test_what_a_key_file_holds_stays_out_of_the_error() -> None:
    pem = encode_private(new_key())
    with pytest.raises(KeyNotAllowed) as refused:
        decode_private(pem.replace(b"MIG", b"MIH"))
    assert refused.value.__cause__ is None
    assert pem.splitlines()[1].decode()[8:24] not in str(refused.value)


def test_identifiers_name_the_key_through_a_renewal_and_each_certificate_apart() -> None:
    economy, key = Economy(), new_key()
    first, second = economy.leaf(key=key), economy.leaf(key=key)
    assert fingerprint(first) != fingerprint(second)
    assert len(fingerprint(first)) == len(public_key_id(key.public_key())) == 32
