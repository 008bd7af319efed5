"""Fetching trust documents: requests and pieces, wire to dataclass and back (docs/spec/8-transport.md, 8.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from federation.bundle_codec import MAX_BUNDLE_OCTETS
from federation.codec import MAX_MESSAGE_OCTETS, exactly, parse_canonical, present
from federation.errors import Malformed
from federation.lookup import DIGEST_OCTETS
from federation.v1 import peer_pb2

CHUNK_OCTETS: Final = 200 * 1024
# Three digests and a number: whatever is longer is none of ours.
MAX_REQUEST_OCTETS: Final = 128


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What the asker holds (two digests), and the piece it wants: of the bundle of this digest, from ``offset`` on.

    An empty ``bundle`` is whichever there is, from its beginning.
    """

    charter: bytes
    others: bytes
    bundle: bytes = b""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """A piece of the bundle of this digest, which is ``total`` octets long; all empty when there is nothing to fetch."""

    bundle: bytes = b""
    total: int = 0
    chunk: bytes = b""


def encode_fetch_request(request: FetchRequest) -> bytes:
    """The canonical bytes of a FetchTrustRequest."""
    return peer_pb2.FetchTrustRequest(
        charter=request.charter, others=request.others, bundle=request.bundle, offset=request.offset
    ).SerializeToString(deterministic=True)


def decode_fetch_request(data: bytes) -> FetchRequest:
    """A FetchTrustRequest from exactly its canonical bytes; raises ``Malformed``."""
    if len(data) > MAX_REQUEST_OCTETS:
        raise Malformed(f"a FetchTrustRequest has at most {MAX_REQUEST_OCTETS} octets")
    wire = parse_canonical(peer_pb2.FetchTrustRequest, data)
    present(wire, "offset")
    exactly(wire.charter, DIGEST_OCTETS, "charter")
    exactly(wire.others, DIGEST_OCTETS, "others")
    _check_bundle(wire.bundle)
    if wire.offset > (MAX_BUNDLE_OCTETS if wire.bundle else 0):
        raise Malformed("offset lies outside any bundle")
    return FetchRequest(wire.charter, wire.others, wire.bundle, wire.offset)


def encode_fetch_response(response: FetchResponse) -> bytes:
    """The canonical bytes of a FetchTrustResponse."""
    return peer_pb2.FetchTrustResponse(
        bundle=response.bundle, total=response.total, chunk=response.chunk
    ).SerializeToString(deterministic=True)


def decode_fetch_response(data: bytes) -> FetchResponse:
    """A FetchTrustResponse from exactly its canonical bytes; raises ``Malformed``, also past a limit of 8.7."""
    if len(data) > MAX_MESSAGE_OCTETS:
        raise Malformed(f"a FetchTrustResponse has at most {MAX_MESSAGE_OCTETS:,} octets")
    wire = parse_canonical(peer_pb2.FetchTrustResponse, data)
    present(wire, "total")
    _check_bundle(wire.bundle)
    if not wire.bundle:
        if wire.total or wire.chunk:
            raise Malformed("what belongs to no bundle has octets")
    elif not 0 < wire.total <= MAX_BUNDLE_OCTETS:
        raise Malformed(f"total is {wire.total:,}, and a bundle has 1 to {MAX_BUNDLE_OCTETS:,} octets")
    if len(wire.chunk) > CHUNK_OCTETS:
        raise Malformed(f"chunk is longer than {CHUNK_OCTETS:,} octets")
    return FetchResponse(wire.bundle, wire.total, wire.chunk)


def _check_bundle(digest: bytes) -> None:
    if digest:
        exactly(digest, DIGEST_OCTETS, "bundle")
