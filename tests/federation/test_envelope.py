"""One signature format: what it covers, what opens, what does not."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs.signing import KeySigner
from federation.envelope import Envelope, PayloadType, open_envelope, pre_authentication, seal
from federation.status import BadAnswerCode, RefusalCode
from tests.codes import code_of
from tests.faults import flip_bit
from tests.world import drawn_key

SIGNER = KeySigner(drawn_key("envelope"))
OTHER = KeySigner(drawn_key("another envelope"))
KEY_ID = sha256(b"leaf").digest()
EXPECTED = PayloadType.LOOKUP_REQUEST


def sealed(payload: bytes = b"payload", payload_type: PayloadType = EXPECTED) -> Envelope:
    return seal(payload_type, payload, SIGNER, KEY_ID)


def opened(envelope: Envelope, signer: KeySigner = SIGNER) -> RefusalCode | BadAnswerCode | None:
    return code_of(lambda: open_envelope(envelope, EXPECTED, signer.public_key))


def test_the_pre_authentication_bytes_are_those_of_dsse() -> None:
    """The example of the DSSE specification (protocol.md, "PAE")."""
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_count_octets_not_characters() -> None:
    assert pre_authentication("typ\u00e9", b"") == "DSSEv1 5 typ\u00e9 0 ".encode()


@given(st.text(max_size=20), st.binary(max_size=20), st.text(max_size=20), st.binary(max_size=20))
def test_two_statements_never_share_their_signed_bytes(one: str, first: bytes, other: str, second: bytes) -> None:
    same = pre_authentication(one, first) == pre_authentication(other, second)
    assert same == ((one, first) == (other, second))


def test_what_was_sealed_opens_and_has_the_digest_both_sides_log() -> None:
    envelope = sealed()
    open_envelope(envelope, EXPECTED, SIGNER.public_key)
    assert envelope.digest == sha256(pre_authentication(EXPECTED, b"payload")).digest()


def test_the_digest_does_not_depend_on_the_signature() -> None:
    """Anybody can compute a second signature for each: nothing may be named by one."""
    envelope = sealed()
    assert replace(envelope, signature=bytes(64), key_id=bytes(32)).digest == envelope.digest


def test_no_flipped_bit_opens() -> None:
    """A01 at the envelope: every bit of payload and signature counts."""
    whole = sealed()
    for position in range(len(whole.payload) * 8):
        flipped = replace(whole, payload=flip_bit(whole.payload, position))
        assert opened(flipped) is RefusalCode.BAD_SIGNATURE
    for position in range(len(whole.signature) * 8):
        flipped = replace(whole, signature=flip_bit(whole.signature, position))
        assert opened(flipped) is RefusalCode.BAD_SIGNATURE


def test_a_changed_payload_type_breaks_the_signature() -> None:
    """The type is inside what is signed, so another one is no question of method but a forgery (A01)."""
    assert opened(replace(sealed(), payload_type=f"{EXPECTED}x")) is RefusalCode.BAD_SIGNATURE


def test_a_changed_payload_type_that_is_expected_breaks_the_signature_too() -> None:
    made_for_another = sealed(payload_type=PayloadType.OPEN_SESSION_REQUEST)
    assert opened(replace(made_for_another, payload_type=EXPECTED.value)) is RefusalCode.BAD_SIGNATURE


@pytest.mark.parametrize("other", [one for one in PayloadType if one is not EXPECTED])
def test_a_statement_signed_for_another_message_is_refused(other: PayloadType) -> None:
    """A06: the signature holds, and was made for something else."""
    assert opened(sealed(payload_type=other)) is RefusalCode.METHOD


def test_another_key_does_not_open() -> None:
    assert opened(sealed(), OTHER) is RefusalCode.BAD_SIGNATURE


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), b"\xff" * 64, bytes(65)])
def test_what_is_no_signature_at_all_is_refused(signature: bytes) -> None:
    assert opened(replace(sealed(), signature=signature)) is RefusalCode.BAD_SIGNATURE
