"""Signatures: what we make verifies, what others publish as valid or invalid is judged so."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs.errors import BadSignature, KeyNotAllowed
from certs.keys import decode_public
from certs.signing import KeySigner, Signer, verify
from tests.certs.forge import ORDER, new_key

MESSAGE = sha256(b"message").digest()
VECTORS = Path(__file__).parent.parent / "vectors" / "wycheproof"


def cases(file: str) -> list[Any]:
    groups = json.loads((VECTORS / file).read_text())["testGroups"]
    return [
        pytest.param(decode_public(bytes.fromhex(group["publicKeyDer"])), case, id=f"tc{case['tcId']}")
        for group in groups
        for case in group["tests"]
    ]


def accepts(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        verify(key, signature, sha256(message).digest())
    except BadSignature:
        return False
    return True


def in_our_form(signature: bytes) -> bytes | None:
    """A DER signature as r‖s; None when it is not strict DER or its numbers have no such form."""
    try:
        numbers = decode_dss_signature(signature)
        return b"".join(number.to_bytes(32, "big") for number in numbers)
    except (ValueError, OverflowError):
        return None


@pytest.mark.parametrize(("key", "case"), cases("ecdsa_secp256r1_sha256_p1363_test.json"))
def test_wycheproof_p1363_is_judged_as_published(key: ec.EllipticCurvePublicKey, case: Any) -> None:
    """ATTACKS A13: 262 signatures in the wire's own form."""
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    assert accepts(key, signature, message) is (case["result"] == "valid"), case["comment"]


@pytest.mark.parametrize(("key", "case"), cases("ecdsa_secp256r1_sha256_test.json"))
def test_wycheproof_der_is_judged_as_published(key: ec.EllipticCurvePublicKey, case: Any) -> None:
    """ATTACKS A13: 484 signatures in DER; what has no form of ours could not be sent, which is a refusal."""
    message, signature = bytes.fromhex(case["msg"]), in_our_form(bytes.fromhex(case["sig"]))
    assert (signature is not None and accepts(key, signature, message)) is (case["result"] == "valid"), case["comment"]


def test_the_vectors_hold_both_kinds() -> None:
    for file, valid, invalid in (
        ("ecdsa_secp256r1_sha256_p1363_test.json", 173, 89),
        ("ecdsa_secp256r1_sha256_test.json", 174, 310),
    ):
        results = [case.values[1]["result"] for case in cases(file)]
        assert (results.count("valid"), results.count("invalid")) == (valid, invalid)


def test_a_signature_of_ours_has_64_bytes_and_verifies() -> None:
    signer: Signer = KeySigner(new_key())
    for number in range(64):  # small r or s, once in 128 signatures each, must be padded
        digest = sha256(b"message %d" % number).digest()
        signature = signer.sign(digest)
        assert len(signature) == 64
        verify(signer.public_key, signature, digest)


def test_every_flipped_bit_of_a_signature_is_refused() -> None:
    """ATTACKS A01, for the signature itself."""
    signer = KeySigner(new_key())
    signature = signer.sign(MESSAGE)
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadSignature):
            verify(signer.public_key, bytes(flipped), MESSAGE)


def test_another_message_or_another_key_is_refused() -> None:
    signer = KeySigner(new_key())
    signature = signer.sign(MESSAGE)
    with pytest.raises(BadSignature):
        verify(signer.public_key, signature, sha256(b"Message").digest())
    with pytest.raises(BadSignature):
        verify(new_key().public_key(), signature, MESSAGE)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 70, 71, 72, 128])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(BadSignature, match="64 bytes"):
        verify(new_key().public_key(), b"\x01" * length, MESSAGE)


@pytest.mark.parametrize("wrong", [0, ORDER, ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("place", [0, 1])
def test_a_number_out_of_range_is_refused_before_the_arithmetic(wrong: int, place: int) -> None:
    numbers = [1, 1]
    numbers[place] = wrong
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    with pytest.raises(BadSignature, match="group order"):
        verify(new_key().public_key(), signature, MESSAGE)


def test_a_key_on_another_curve_makes_no_signer() -> None:
    with pytest.raises(KeyNotAllowed):
        KeySigner(ec.generate_private_key(ec.SECP384R1()))
