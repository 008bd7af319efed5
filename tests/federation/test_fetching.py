"""Trust documents in pieces, without a network: what is handed out, what is taken of it, and what is made of lies."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from federation import fetch_codec
from federation.bundle_codec import MAX_BUNDLE_OCTETS
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
from federation.fetching import Download, Offer, Seen, answer_fetch, offer_of, read_request
from federation.lookup import Versions
from federation.status import RefusalCode
from tests.virtual_time import drawn

HELD = Versions(3, b"\x01" * 32, b"\x02" * 32)
THEIRS = Versions(4, b"\x03" * 32, b"\x04" * 32)


def offer(octets: int, label: str = "documents") -> Offer:
    return offer_of(THEIRS, (drawn(label, 1024) * (octets // 1024 + 1))[:octets])


def fetched(download: Download, answer: Callable[[bytes], bytes], most: int = 200) -> int:
    """Ask until all is there; how often that took."""
    for calls in range(1, most):
        download.take(answer(download.request()))
        if download.complete:
            return calls
    raise AssertionError("this never ends")


def served(held: Offer) -> Callable[[bytes], bytes]:
    return lambda data: answer_fetch(read_request(data), held)


class TestHonest:
    @pytest.mark.parametrize(
        ("octets", "calls"),
        [(1, 1), (CHUNK_OCTETS - 1, 1), (CHUNK_OCTETS, 1), (CHUNK_OCTETS + 1, 2), (5 * CHUNK_OCTETS, 5)],
    )
    def test_a_bundle_comes_whole_in_as_many_pieces_as_it_needs(self, octets: int, calls: int) -> None:
        held, download = offer(octets), Download(HELD)
        assert fetched(download, served(held)) == calls
        assert download.data == held.data
        assert download.bundle == Seen(held.digest, octets)

    def test_the_largest_bundle_comes_and_each_piece_fits_a_message(self) -> None:
        held, download = offer(MAX_BUNDLE_OCTETS), Download(HELD)
        assert fetched(download, served(held)) == 82
        assert sha256(download.data).digest() == held.digest

    def test_nothing_comes_from_one_that_holds_the_same(self) -> None:
        download = Download(THEIRS)
        assert fetched(download, served(offer(1000))) == 1
        assert (download.data, download.bundle) == (b"", None)

    @pytest.mark.parametrize(
        "held", [replace(THEIRS, charter_digest=bytes(32)), replace(THEIRS, others_digest=bytes(32))]
    )
    def test_one_other_digest_is_enough_for_it_to_come(self, held: Versions) -> None:
        download = Download(held)
        fetched(download, served(offer(1000)))
        assert len(download.data) == 1000

    def test_what_was_seen_before_does_not_come_again(self) -> None:
        held = offer(3 * CHUNK_OCTETS)
        download = Download(HELD, Seen(held.digest, len(held.data)))
        assert fetched(download, served(held)) == 1
        assert (download.data, download.bundle) == (b"", Seen(held.digest, len(held.data)))

    def test_what_came_in_the_place_of_what_was_seen_does(self) -> None:
        seen, held = offer(3 * CHUNK_OCTETS, "before"), offer(2 * CHUNK_OCTETS)
        download = Download(HELD, Seen(seen.digest, len(seen.data)))
        assert fetched(download, served(held)) == 2
        assert download.data == held.data

    def test_a_bundle_that_changes_meanwhile_starts_over_once(self) -> None:
        first, second = offer(3 * CHUNK_OCTETS, "first"), offer(4 * CHUNK_OCTETS, "second")
        download = Download(HELD)
        for held in (first, first, second):
            download.take(served(held)(download.request()))
        assert fetched(download, served(second)) == 3
        assert download.data == second.data

    def test_one_that_changes_again_is_left_for_the_next_time(self) -> None:
        download = Download(HELD)
        for label in ("first", "second"):
            download.take(served(offer(3 * CHUNK_OCTETS, label))(download.request()))
        with pytest.raises(Refused) as refused:
            download.take(served(offer(3 * CHUNK_OCTETS, "third"))(download.request()))
        assert refused.value.code is RefusalCode.OVERLOADED
        assert download.data == b""

    def test_one_that_becomes_the_same_as_ours_meanwhile_ends_it(self) -> None:
        download = Download(HELD)
        download.take(served(offer(3 * CHUNK_OCTETS))(download.request()))
        download.take(answer_fetch(read_request(download.request()), offer_of(HELD, b"x")))
        assert download.complete
        assert download.data == b""


def endless() -> Iterator[FetchResponse]:
    """Each piece belongs to a bundle that has no end."""
    while True:
        yield FetchResponse(b"\x05" * 32, MAX_BUNDLE_OCTETS, bytes(CHUNK_OCTETS))


def dripping() -> Iterator[FetchResponse]:
    """An octet a call."""
    while True:
        yield FetchResponse(b"\x05" * 32, 1000, b"x")


def growing() -> Iterator[FetchResponse]:
    for piece in range(1, 100):
        yield FetchResponse(b"\x05" * 32, (piece + 1) * CHUNK_OCTETS, bytes(CHUNK_OCTETS))


def never_the_same() -> Iterator[FetchResponse]:
    for piece in range(100):
        yield FetchResponse(bytes([piece]) * 32, 5 * CHUNK_OCTETS, bytes(CHUNK_OCTETS))


def two_in_turn() -> Iterator[FetchResponse]:
    for piece in range(100):
        yield FetchResponse(bytes([piece % 2]) * 32, 5 * CHUNK_OCTETS, bytes(CHUNK_OCTETS))


def not_what_was_named() -> Iterator[FetchResponse]:
    yield FetchResponse(b"\x05" * 32, 10, b"0123456789")


def too_short_at_the_end() -> Iterator[FetchResponse]:
    yield FetchResponse(b"\x05" * 32, CHUNK_OCTETS + 10, bytes(CHUNK_OCTETS))
    yield FetchResponse(b"\x05" * 32, CHUNK_OCTETS + 10, bytes(9))


def longer_than_said() -> Iterator[FetchResponse]:
    yield FetchResponse(b"\x05" * 32, 10, bytes(11))


LIES = [
    endless, dripping, growing, never_the_same, two_in_turn, not_what_was_named, too_short_at_the_end, longer_than_said,
]  # fmt: skip


class TestLies:
    @pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
    @pytest.mark.parametrize("seen", [None, Seen(b"\x06" * 32, 7)], ids=["first", "seen another"])
    def test_they_end_soon_and_leave_nothing(
        self, lie: Callable[[], Iterator[FetchResponse]], seen: Seen | None
    ) -> None:
        """ATTACKS E07: whatever a peer sends, it is cut off; what came until then counts for nothing."""
        said, download = lie(), Download(HELD, seen)
        with pytest.raises((Malformed, Refused)):
            fetched(download, lambda _: encode_fetch_response(next(said)))
        assert (download.complete, download.data) == (False, b"")

    def test_endless_data_is_bounded_in_memory(self) -> None:
        """ATTACKS E07: one bundle's 16 MiB and what a growing buffer needs, never more."""
        said, download = endless(), Download(HELD)
        tracemalloc.start()
        try:
            with pytest.raises(Malformed, match="chunk has"):
                fetched(download, lambda _: encode_fetch_response(next(said)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 2.5 * MAX_BUNDLE_OCTETS

    def test_more_than_16_mib_is_refused_before_an_octet_of_it_is_kept(self) -> None:
        """ATTACKS E07."""
        data = encode_fetch_response(FetchResponse(b"\x05" * 32, MAX_BUNDLE_OCTETS + 1, bytes(CHUNK_OCTETS)))
        with pytest.raises(Malformed, match="total"):
            Download(HELD).take(data)

    def test_two_lengths_of_one_bundle(self) -> None:
        held = offer(3 * CHUNK_OCTETS)
        download = Download(HELD, Seen(held.digest, 5))
        with pytest.raises(Malformed, match="two lengths"):
            download.take(encode_fetch_response(FetchResponse(held.digest, len(held.data), b"")))


RESPONSE = FetchResponse(b"\x05" * 32, 10, b"0123456789")
REQUEST = FetchRequest(b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, 7)


class TestForm:
    @pytest.mark.parametrize(
        "response",
        [
            replace(RESPONSE, bundle=b"\x05" * 31),
            replace(RESPONSE, bundle=b""),
            FetchResponse(b"", 0, b"x"),
            FetchResponse(b"", 1, b""),
            FetchResponse(b"\x05" * 32, 0, b""),
            FetchResponse(b"\x05" * 32, CHUNK_OCTETS + 1, bytes(CHUNK_OCTETS + 1)),
        ],
    )
    def test_a_response_that_says_two_things_is_malformed(self, response: FetchResponse) -> None:
        with pytest.raises(Malformed):
            decode_fetch_response(encode_fetch_response(response))

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x0a\x00",
            encode_fetch_response(RESPONSE) + b"\x20\x01",
            encode_fetch_response(RESPONSE) * 2,
            bytes(300 * 1024),
            encode_fetch_response(FetchResponse(b"\x05" * 32, 10, bytes(300 * 1024))),
        ],
    )
    def test_anything_but_the_one_form_of_a_response_is_malformed(self, data: bytes) -> None:
        with pytest.raises(Malformed):
            decode_fetch_response(data)

    @pytest.mark.parametrize(
        "request_",
        [
            replace(REQUEST, charter=bytes(31)),
            replace(REQUEST, others=b""),
            replace(REQUEST, bundle=bytes(33)),
            replace(REQUEST, bundle=b""),
            replace(REQUEST, offset=MAX_BUNDLE_OCTETS + 1),
        ],
    )
    def test_a_request_out_of_its_form_is_malformed(self, request_: FetchRequest) -> None:
        with pytest.raises(Malformed):
            decode_fetch_request(encode_fetch_request(request_))

    def test_a_request_is_never_long(self) -> None:
        assert len(encode_fetch_request(REQUEST)) <= fetch_codec.MAX_REQUEST_OCTETS
        with pytest.raises(Malformed, match="at most"):
            decode_fetch_request(encode_fetch_request(REQUEST) + bytes(100))

    def test_past_the_end_of_the_bundle_there_is_nothing(self) -> None:
        held = offer(100)
        request = FetchRequest(HELD.charter_digest, HELD.others_digest, held.digest, 101)
        with pytest.raises(Refused, match="MALFORMED"):
            answer_fetch(request, held)
