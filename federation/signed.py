"""Documents that root keys sign: a payload, and one signature a key (docs/spec/9-trust.md, 9.1).

A document is named by the digest of what is signed, so a signature more or less makes no other document of it, and
nobody can hide one behind a second set of signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec

from certs.errors import BadSignature
from certs.keys import encode_public
from certs.signing import Signer, verify
from federation.envelope import PayloadType, digest_of
from federation.errors import BadDocument
from federation.status import DocumentCode


@dataclass(frozen=True, slots=True)
class RootSignature:
    """``key_id`` (32 octets) names a root key, ``signature`` (64 octets) is its own over the document's digest."""

    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A statement and the signatures of root keys, ascending by key id."""

    payload_type: str
    payload: bytes
    signatures: tuple[RootSignature, ...] = ()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the pre-authentication bytes (32 octets): what is signed, and what names the document."""
        return digest_of(self.payload_type, self.payload)


def root_key_id(spki: bytes) -> bytes:
    """SHA-256 of a root key's SubjectPublicKeyInfo DER (32 octets)."""
    return sha256(spki).digest()


def sign(document: SignedDocument, signer: Signer) -> SignedDocument:
    """The document with this key's signature added, in place of an earlier one of the same key."""
    key_id = root_key_id(encode_public(signer.public_key))
    others = [one for one in document.signatures if one.key_id != key_id]
    return _with(document, [*others, RootSignature(key_id, signer.sign(document.digest))])


def merge(one: SignedDocument, other: SignedDocument) -> SignedDocument:
    """One document with the signatures of both copies.

    Raises BadDocument CONFLICT when they are two documents.
    """
    if one.digest != other.digest:
        raise BadDocument(DocumentCode.CONFLICT, "These are two documents; join the signatures of copies of one.")
    joined = {signature.key_id: signature for signature in (*other.signatures, *one.signatures)}
    return _with(one, list(joined.values()))


def _with(document: SignedDocument, signatures: list[RootSignature]) -> SignedDocument:
    return replace(document, signatures=tuple(sorted(signatures, key=lambda one: one.key_id)))


def require_type(document: SignedDocument, expected: PayloadType) -> None:
    """Raises BadDocument MALFORMED when the document is of another kind: a signature for one never serves another."""
    if document.payload_type != expected.value:
        raise BadDocument(DocumentCode.MALFORMED, f"This is no {expected.name.lower()}; give the file of one.")


def signers(document: SignedDocument, keys: Mapping[bytes, ec.EllipticCurvePublicKey]) -> frozenset[bytes]:
    """The ids among ``keys`` (id to public key) that signed the document. Signatures of other keys count for nothing.

    Raises BadDocument BAD_SIGNATURE when one of ``keys`` stands there with a signature that does not hold.
    """
    found = set()
    digest = document.digest
    for one in document.signatures:
        key = keys.get(one.key_id)
        if key is None:
            continue
        try:
            verify(key, one.signature, digest)
        except BadSignature as error:
            message = f"The signature of root key {one.key_id.hex()[:16]} does not hold; sign the document anew."
            raise BadDocument(DocumentCode.BAD_SIGNATURE, message) from error
        found.add(one.key_id)
    return frozenset(found)
