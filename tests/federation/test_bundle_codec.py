"""Trust documents in one file: one encoding, and bounds that hold before anything is made of the file (E07)."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.bundle_codec import (
    MAX_BUNDLE_OCTETS,
    MAX_NOTICE_OCTETS,
    MAX_PARTS,
    TrustBundle,
    decode_bundle,
    decode_notice_envelope,
    encode_bundle,
    encode_notice_envelope,
)
from federation.envelope import Envelope
from federation.errors import BadDocument
from federation.status import DocumentCode
from federation.v1 import trust_pb2

parts = st.lists(st.binary(max_size=300), max_size=5).map(tuple)
bundles = st.builds(TrustBundle, parts, parts, parts)
BUNDLE = TrustBundle((b"charter", b"entry"), (b"notice",), (b"crl", b"x" * 300))


def refused(data: bytes) -> DocumentCode:
    with pytest.raises(BadDocument) as caught:
        decode_bundle(data)
    return caught.value.code


@given(bundles)
def test_a_bundle_is_read_back_as_it_was_written(bundle: TrustBundle) -> None:
    assert decode_bundle(encode_bundle(bundle)) == bundle


@given(st.binary(max_size=60))
def test_any_octets_are_the_one_encoding_of_what_they_hold_or_refused(data: bytes) -> None:
    try:
        bundle = decode_bundle(data)
    except BadDocument as error:
        code: DocumentCode | None = error.code
    else:
        code = None if encode_bundle(bundle) == data else DocumentCode.CONFLICT
    assert code in {None, DocumentCode.MALFORMED}


@pytest.mark.parametrize(
    "data",
    [
        encode_bundle(BUNDLE)[:-1],
        encode_bundle(BUNDLE) + b"\x0a",
        encode_bundle(BUNDLE) + b"\x22\x00",
        encode_bundle(BUNDLE) + b"\x08\x01",
        encode_bundle(TrustBundle(crls=(b"x",))) + encode_bundle(TrustBundle((b"x",))),
        b"\x0a\x81\x00x",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\xff\xff\xff\x7f",
    ],
    ids=["cut", "tag alone", "unknown field", "number", "order", "long length", "2^70", "beyond the end"],
)
def test_another_spelling_is_refused(data: bytes) -> None:
    assert refused(data) is DocumentCode.MALFORMED


def test_a_bundle_of_too_many_octets_or_parts_is_refused() -> None:
    assert refused(bytes(MAX_BUNDLE_OCTETS + 1)) is DocumentCode.TOO_LARGE
    full = TrustBundle((b"",) * MAX_PARTS)
    assert decode_bundle(encode_bundle(full)) == full
    assert refused(encode_bundle(full) + b"\x1a\x00") is DocumentCode.TOO_LARGE
    for crowded in (TrustBundle((b"",) * MAX_PARTS, (b"",)), TrustBundle((b"x" * MAX_BUNDLE_OCTETS,))):
        with pytest.raises(BadDocument) as caught:
            encode_bundle(crowded)
        assert caught.value.code is DocumentCode.TOO_LARGE


def test_eight_million_empty_parts_cost_no_memory() -> None:
    data = b"\x0a\x00" * (MAX_BUNDLE_OCTETS // 2)
    tracemalloc.start()
    try:
        assert refused(data) is DocumentCode.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_the_encoding_is_that_of_the_published_definition() -> None:
    wire = trust_pb2.TrustBundle.FromString(encode_bundle(BUNDLE))
    assert (tuple(wire.documents), tuple(wire.notices), tuple(wire.crls)) == (
        BUNDLE.documents,
        BUNDLE.notices,
        BUNDLE.crls,
    )


NOTICE = Envelope("application/vnd.rmas.v1.notice", b"payload", bytes([1]) * 32, bytes([2]) * 64, b"leaf")


def test_a_notice_travels_as_its_envelope_alone() -> None:
    assert decode_notice_envelope(encode_notice_envelope(NOTICE)) == NOTICE


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff", DocumentCode.MALFORMED),
        (encode_notice_envelope(NOTICE) + b"\x7a\x00", DocumentCode.MALFORMED),
        (encode_notice_envelope(replace(NOTICE, key_id=b"short")), DocumentCode.MALFORMED),
        (encode_notice_envelope(replace(NOTICE, signature=b"short")), DocumentCode.MALFORMED),
        (encode_notice_envelope(replace(NOTICE, certificate=bytes(8193))), DocumentCode.TOO_LARGE),
        (bytes(MAX_NOTICE_OCTETS + 1), DocumentCode.TOO_LARGE),
    ],
)
def test_another_envelope_is_refused(data: bytes, code: DocumentCode) -> None:
    with pytest.raises(BadDocument) as caught:
        decode_notice_envelope(data)
    assert caught.value.code is code
