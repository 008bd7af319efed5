"""Fetching the trust documents of a peer, piece by piece (docs/spec/8-transport.md, 8.7): both sides, without a network.

Nothing here is signed or believed. What comes is bounded, and is the bundle that its sender named by digest; each
document in it proves itself to whoever takes it in (9.11). A member may be suspended, or its revocation list too old,
and still be served: otherwise the document that mends it could not reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from certs.profiles import Role
from federation.admission import OPENING_COST, TLS_REQUIRED, Call, Door, Instant
from federation.errors import Malformed, Refused
from federation.fetch_codec import (
    CHUNK_OCTETS,
    FetchRequest,
    FetchResponse,
    decode_fetch_request,
    decode_fetch_response,
    encode_fetch_request,
    encode_fetch_response,
)
from federation.lookup import Versions
from federation.status import RefusalCode

FETCH_TRUST_METHOD: Final = "/federation.v1.PeerService/FetchTrust"
FETCH_COST: Final = OPENING_COST
CALL_SECONDS: Final = 5.0
FETCH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What a responder hands out: its documents as ``data``, the bundle's ``digest``, and the two digests of what it holds."""

    charter: bytes
    others: bytes
    data: bytes
    digest: bytes


def offer_of(versions: Versions, data: bytes) -> Offer:
    """The bundle ``data`` of a node that holds ``versions``."""
    return Offer(versions.charter_digest, versions.others_digest, data, sha256(data).digest())


def admit_caller(door: Door, call: Call, at: Instant) -> str:
    """The economy that calls: a member with a current TLS leaf, whatever else stops its lookups.

    Raises:
        Refused: NOT_MEMBER or KEY_PURPOSE (as Distrusted for a revoked leaf), VERSION below TLS 1.3, RATE.
    """
    leaf = door.trust.identify(call.tls_leaf, Role.TLS, at.now)
    if call.tls_version != TLS_REQUIRED:
        raise Refused(RefusalCode.VERSION, "the connection is older than TLS 1.3")
    door.take_rate(leaf.name.economy, FETCH_COST, at)
    return leaf.name.economy


def read_request(data: bytes) -> FetchRequest:
    """What the caller holds and wants. Raises Refused MALFORMED."""
    try:
        return decode_fetch_request(data)
    except Malformed as error:
        raise Refused(RefusalCode.MALFORMED, str(error)) from error


def answer_fetch(request: FetchRequest, offer: Offer) -> bytes:
    """The bytes of the piece asked for, or of an empty one for who holds the same. Raises Refused MALFORMED."""
    if (request.charter, request.others) == (offer.charter, offer.others):
        return encode_fetch_response(FetchResponse())
    # A bundle that is not there any more cannot be gone on with; the first piece of the present one says so.
    offset = request.offset if request.bundle == offer.digest else 0
    if offset > len(offer.data):
        raise Refused(RefusalCode.MALFORMED, "offset lies past the end of the bundle")
    chunk = offer.data[offset : offset + CHUNK_OCTETS]
    return encode_fetch_response(FetchResponse(offer.digest, len(offer.data), chunk))


@dataclass(frozen=True, slots=True)
class Seen:
    """A bundle that was fetched before, by digest and length: as long as it is the peer's, it need not come again."""

    digest: bytes
    total: int


class Download:
    """What comes of one peer's documents, while it comes. Never more than one bundle's 16 MiB, and never to no end:
    pieces are of full length, and a bundle that changes meanwhile starts over once.
    """

    def __init__(self, held: Versions, seen: Seen | None = None) -> None:
        """``held`` is what this node holds; nothing comes when the peer says the same, or offers what was ``seen``."""
        self._held = held
        self._seen = seen
        self._bundle = seen
        self._got = bytearray()
        self._restarts = 0
        self.complete = False

    @property
    def bundle(self) -> Seen | None:
        """The bundle that is the peer's, by digest and length; None when it holds what this node holds."""
        return self._bundle

    @property
    def data(self) -> bytes:
        """The octets fetched, once complete: a bundle still to be verified, or empty when there was nothing to fetch."""
        return bytes(self._got) if self.complete else b""

    def request(self) -> bytes:
        """The bytes that ask for the next piece."""
        held, bundle = self._held, self._bundle
        digest = bundle.digest if bundle is not None else b""
        return encode_fetch_request(FetchRequest(held.charter_digest, held.others_digest, digest, self._offset))

    def take(self, data: bytes) -> None:
        """Take in the answer to ``request``.

        Raises:
            Malformed: it is none, passes a limit, or is not what its sender said it was. Nothing fetched counts then.
            Refused: OVERLOADED, the peer's documents change faster than they can be fetched.
        """
        response = decode_fetch_response(data)
        if not response.bundle:
            self._bundle, self._got, self.complete = None, bytearray(), True
            return
        self._follow(Seen(response.bundle, response.total))
        expected = min(CHUNK_OCTETS, response.total - self._offset)
        if len(response.chunk) != expected:
            raise Malformed(f"chunk has {len(response.chunk):,} octets where {expected:,} are due")
        self._got += response.chunk
        if self._offset == response.total:
            self._finish(response)

    @property
    def _offset(self) -> int:
        return self._bundle.total if self._is_seen and self._bundle is not None else len(self._got)

    @property
    def _is_seen(self) -> bool:
        return self._seen is not None and self._bundle == self._seen

    def _follow(self, offered: Seen) -> None:
        before = self._bundle
        if offered == before:
            return
        if before is not None and offered.digest == before.digest:
            raise Malformed("one bundle is said to have two lengths")
        if before is not None and not self._is_seen:
            self._restarts += 1
            if self._restarts > 1:
                raise Refused(RefusalCode.OVERLOADED, "the documents changed twice while they were fetched")
        # What was seen before and comes back now, after another, is fetched as any other.
        self._seen = None
        self._bundle, self._got = offered, bytearray()

    def _finish(self, response: FetchResponse) -> None:
        if not self._is_seen and sha256(self._got).digest() != response.bundle:
            raise Malformed("the octets fetched are not the bundle that was named")
        self.complete = True
