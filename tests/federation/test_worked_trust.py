"""The worked documents of docs/spec/9-trust.md are what the program reads, verifies, signs and writes.

The script that makes them shares no code with the program, so wherever the two agree, the page was enough to write
another node.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs.keys import decode_public
from docs.spec.worked import make_trust
from federation.envelope import pre_authentication
from federation.signed import RootSignature, SignedDocument, root_key_id, sign, signers
from tests.federation.test_worked_bytes import DeterministicSigner

WORKED = Path(make_trust.__file__).parent
ROOT_KEYS: dict[str, Any] = json.loads((WORKED / "root-keys.json").read_bytes())
TRUST: dict[str, Any] = json.loads((WORKED / "trust.json").read_bytes())
ROOT_SIGNED = ("charter-1", "charter-2", "entry", "suspension", "withdrawal")
EVERY_KEY = [key for keys in list(ROOT_KEYS.values())[1:] for key in keys]


def _signed(name: str) -> SignedDocument:
    shown = TRUST[name]
    signatures = tuple(
        RootSignature(bytes.fromhex(one["key_id"]), bytes.fromhex(one["signature"])) for one in shown["signatures"]
    )
    return SignedDocument(shown["payload_type"], bytes.fromhex(shown["payload"]), signatures)


def _public_keys() -> dict[bytes, ec.EllipticCurvePublicKey]:
    return {bytes.fromhex(key["key_id"]): decode_public(bytes.fromhex(key["public_key"])) for key in EVERY_KEY}


def test_a_root_key_is_named_by_the_digest_of_its_public_half() -> None:
    for key in EVERY_KEY:
        assert root_key_id(bytes.fromhex(key["public_key"])).hex() == key["key_id"]


@pytest.mark.parametrize("name", ROOT_SIGNED)
class TestSigned:
    def test_every_step_of_signing_is_the_program_s(self, name: str) -> None:
        shown, document = TRUST[name], _signed(name)
        signed = pre_authentication(document.payload_type, document.payload)
        assert signed.hex() == shown["pre_authentication"]
        assert document.digest.hex() == shown["digest"] == sha256(signed).hexdigest()

    def test_every_signature_holds(self, name: str) -> None:
        document = _signed(name)
        assert signers(document, _public_keys()) == {one.key_id for one in document.signatures}

    def test_the_program_signs_to_these_very_octets(self, name: str) -> None:
        document = _signed(name)
        again = SignedDocument(document.payload_type, document.payload)
        for key in EVERY_KEY:
            if bytes.fromhex(key["key_id"]) in {one.key_id for one in document.signatures}:
                again = sign(again, DeterministicSigner(key["private_key"]))
        assert again == document
