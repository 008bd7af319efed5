"""A charter holds together, or is refused with a code and a sentence, whoever signed it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from time import process_time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from certs.keys import decode_public
from federation.charter import MAX_PATTERNS, Charter, RootMember, read, votes_needed
from federation.charter_codec import (
    MAX_CHARTER_OCTETS,
    MAX_MEMBERS,
    MAX_PREVIOUS,
    CharterStatement,
    decode_charter,
    decode_document,
    encode_charter,
    encode_document,
)
from federation.economies import ISSUERS
from federation.envelope import PayloadType
from federation.errors import BadDocument
from federation.proposal import AHEAD_MS, PROPOSAL_MS, difference, require_current_proposal
from federation.signed import RootSignature, SignedDocument, root_key_id
from federation.status import DocumentCode
from tests.charters import NOW_MS, first, following, member, members, proposal, route, signed, spki, unchecked

WHOLE = first("AUS", "CHN", "HKG", "NZL", routes=[route("CHN"), route("HKG", "CHN", "K########"), route("NZL")])
STATEMENT = decode_charter(WHOLE.payload)
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
# The points of small order and their other encodings (C2SP/CCTV, ed25519vectors): with the sign bit clear, and set.
SMALL_ORDER = [
    bytes.fromhex(point[:-2]) + bytes([int(point[-2:], 16) | sign])
    for sign in (0x00, 0x80)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
]


def refusal(of: SignedDocument) -> BadDocument:
    with pytest.raises(BadDocument) as refused:
        read(of)
    return refused.value


def with_member(economy: str, root_keys: tuple[bytes, ...], needed: int) -> CharterStatement:
    """The whole charter with its first member exchanged, in order again."""
    return replace(STATEMENT, members=tuple(sorted([(economy, root_keys, needed), *STATEMENT.members[1:]])))


def with_routes(*routes: tuple[str, str, str, str]) -> CharterStatement:
    return replace(STATEMENT, routes=tuple(sorted(routes)))


def with_key(key: bytes) -> CharterStatement:
    return with_member("AUS", (key,), 1)


def test_everything_proposed_is_read() -> None:
    charter = read(WHOLE)
    assert (charter.federation, charter.version, charter.previous) == ("lab", 1, ())
    assert (charter.proposed_at, charter.votes, charter.digest) == (NOW_MS, (2, 3), WHOLE.digest)
    assert charter.members["NZL"] == RootMember("NZL", (spki("NZL 1"),), 1)
    assert list(charter.members) == ["AUS", "CHN", "HKG", "NZL"]
    assert route("HKG", "CHN", "K########") in charter.routes
    assert len(charter.routes) == 3


def test_a_document_and_its_octets_are_one() -> None:
    assert decode_document(encode_document(WHOLE)) == WHOLE


@pytest.mark.parametrize("economy", ["../x", "CON", "N" * 300, "\u202eLZN", "NZ\0", "nzl", "D", "XXA", "", "ＮＺＬ"])
class TestNames:
    def test_of_a_member(self, economy: str) -> None:
        """E10."""
        error = refusal(unchecked(with_member(economy, (spki("AUS 1"),), 1)))
        assert error.code is DocumentCode.INVALID_NAME
        assert error.message.isprintable()
        assert error.message.isascii()
        assert len(economy) < 2 or economy not in error.message

    def test_of_the_owner_of_a_route(self, economy: str) -> None:
        """E10."""
        error = refusal(unchecked(with_routes(("NZL", "P", "*", economy))))
        assert error.code in {DocumentCode.INVALID_NAME, DocumentCode.NOT_A_MEMBER}
        assert error.message.isprintable()
        assert error.message.isascii()


@pytest.mark.parametrize("federation", ["", "LAB", "../lab", "lab.nz", "l" * 33, "\u202elab", "lab\0"])
def test_the_federation_has_a_usable_name(federation: str) -> None:
    """E10."""
    assert refusal(unchecked(replace(STATEMENT, federation=federation))).code is DocumentCode.INVALID_NAME


@pytest.mark.parametrize("point", SMALL_ORDER, ids=bytes.hex)
def test_no_key_of_small_order_is_taken(point: bytes) -> None:
    """A12."""
    assert refusal(unchecked(with_key(ED25519_SPKI + point))).code is DocumentCode.MALFORMED


def _spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _compressed() -> bytes:
    key = decode_public(spki("AUS 1"))
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point


STRANGE_KEYS = {
    "P-384": _spki(ec.derive_private_key(7, ec.SECP384R1()).public_key()),
    "secp256k1": _spki(ec.derive_private_key(7, ec.SECP256K1()).public_key()),
    "RSA": _spki(rsa.RSAPublicNumbers(65537, (1 << 2047) | 1).public_key()),
    "compressed": _compressed(),
    "trailing octet": spki("AUS 1") + b"\0",
    "long form of a length": b"\x30\x81\x59" + spki("AUS 1")[2:],
    "not on the curve": spki("AUS 1")[:-1] + bytes([spki("AUS 1")[-1] ^ 1]),
    "all zero": spki("AUS 1")[:-64] + bytes(64),
    "infinity": bytes.fromhex("3019301306072a8648ce3d020106082a8648ce3d03010703020000"),
    "empty": b"",
}


@pytest.mark.parametrize("key", STRANGE_KEYS.values(), ids=STRANGE_KEYS)
def test_a_root_key_is_of_p256_and_in_its_one_encoding(key: bytes) -> None:
    """A12, E02: in no second encoding can one key stand twice."""
    error = refusal(unchecked(with_key(key)))
    assert error.code is DocumentCode.MALFORMED
    assert "AUS" in error.message


def test_a_key_that_two_members_list_refuses_the_charter() -> None:
    """E02, A12: nobody has two votes."""
    error = refusal(unchecked(with_member("AUS", (spki("NZL 1"),), 1)))
    assert error.code is DocumentCode.SHARED_KEY
    assert all(name in error.message for name in ("AUS", "NZL", root_key_id(spki("NZL 1")).hex()[:16]))


def keys(count: int) -> tuple[bytes, ...]:
    return tuple(sorted(spki(f"AUS {number}") for number in range(count)))


REFUSED: dict[str, tuple[CharterStatement, DocumentCode]] = {
    "no members": (replace(STATEMENT, members=(), routes=()), DocumentCode.MALFORMED),
    "no keys": (with_member("AUS", (), 1), DocumentCode.MALFORMED),
    "six keys": (with_member("AUS", keys(6), 1), DocumentCode.MALFORMED),
    "threshold 0": (with_member("AUS", keys(2), 0), DocumentCode.MALFORMED),
    "threshold above the keys": (with_member("AUS", keys(2), 3), DocumentCode.MALFORMED),
    "a member twice": (
        replace(STATEMENT, members=(("AUS", keys(1), 1), *STATEMENT.members)),
        DocumentCode.MALFORMED,
    ),
    "a key twice": (with_member("AUS", keys(1) * 2, 1), DocumentCode.MALFORMED),
    "keys unsorted": (with_member("AUS", keys(2)[::-1], 1), DocumentCode.MALFORMED),
    "members unsorted": (replace(STATEMENT, members=STATEMENT.members[::-1]), DocumentCode.MALFORMED),
    "routes unsorted": (replace(STATEMENT, routes=STATEMENT.routes[::-1]), DocumentCode.MALFORMED),
    "a route twice": (replace(STATEMENT, routes=STATEMENT.routes[:1] * 2), DocumentCode.MALFORMED),
    "equal patterns": (with_routes(("NZL", "P", "*", "NZL"), ("NZL", "P", "*", "AUS")), DocumentCode.MALFORMED),
    "patterns in doubt": (with_routes(("NZL", "P", "A#", "NZL"), ("NZL", "P", "@1", "AUS")), DocumentCode.MALFORMED),
    "a route of no member": (with_routes(("NZL", "P", "*", "USA")), DocumentCode.NOT_A_MEMBER),
    "a route for specimens": (with_routes(("UTO", "P", "*", "NZL")), DocumentCode.MALFORMED),
    "an alias of an issuer": (with_routes(("DEU", "P", "*", "NZL")), DocumentCode.MALFORMED),
    "a second spelling of a class": (with_routes(("NZL", "PM", "*", "NZL")), DocumentCode.MALFORMED),
    "a pattern that hides": (with_routes(("NZL", "P", "\u202e*", "NZL")), DocumentCode.INVALID_NAME),
    "a pattern that rings": (with_routes(("NZL", "P", "\x07*", "NZL")), DocumentCode.INVALID_NAME),
    "a regular expression": (with_routes(("NZL", "P", "(A+)+", "NZL")), DocumentCode.MALFORMED),
    "crowded routes": (
        with_routes(*(("NZL", "P", f"A{number:04d}", "NZL") for number in range(MAX_PATTERNS + 1))),
        DocumentCode.TOO_LARGE,
    ),
    "half of the members": (replace(STATEMENT, votes=(1, 2)), DocumentCode.MALFORMED),
    "more than all": (replace(STATEMENT, votes=(4, 3)), DocumentCode.MALFORMED),
    "none of them": (replace(STATEMENT, votes=(0, 1)), DocumentCode.MALFORMED),
    "divided by 0": (replace(STATEMENT, votes=(1, 0)), DocumentCode.MALFORMED),
    "0 of 0": (replace(STATEMENT, votes=(0, 0)), DocumentCode.MALFORMED),
    "not in lowest terms": (replace(STATEMENT, votes=(4, 6)), DocumentCode.MALFORMED),
    "version 0": (replace(STATEMENT, version=0), DocumentCode.WRONG_VERSION),
    "a second without a first": (replace(STATEMENT, version=2), DocumentCode.WRONG_PREVIOUS),
    "a first with one before": (replace(STATEMENT, previous=(WHOLE.digest,)), DocumentCode.WRONG_PREVIOUS),
    "half a digest": (replace(STATEMENT, version=2, previous=(bytes(16),)), DocumentCode.MALFORMED),
    "previous twice": (replace(STATEMENT, version=2, previous=(WHOLE.digest,) * 2), DocumentCode.MALFORMED),
    "previous unsorted": (replace(STATEMENT, version=2, previous=(b"b" * 32, b"a" * 32)), DocumentCode.MALFORMED),
    "too many previous": (
        replace(STATEMENT, version=2, previous=tuple(bytes([n]) * 32 for n in range(MAX_PREVIOUS + 1))),
        DocumentCode.TOO_LARGE,
    ),
    "a time in no calendar": (replace(STATEMENT, proposed_at=1 << 63), DocumentCode.MALFORMED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_charter_that_does_not_hold_together_is_refused(name: str) -> None:
    statement, code = REFUSED[name]
    error = refusal(unchecked(statement))
    assert error.code is code
    assert error.message.isprintable()
    assert error.message.endswith(".")


def test_a_rule_of_all_and_one_of_barely_more_than_half_are_taken() -> None:
    for votes in ((1, 1), (51, 100), (0xFFFFFFFE, 0xFFFFFFFF)):
        assert read(unchecked(replace(STATEMENT, votes=votes))).votes == votes


@pytest.mark.parametrize(
    ("count", "votes", "needed"),
    [(1, (2, 3), 1), (2, (2, 3), 2), (3, (2, 3), 2), (4, (2, 3), 3), (5, (4, 5), 4), (9, (2, 3), 6), (4, (51, 100), 3)],
)
def test_the_rule_is_rounded_up(count: int, votes: tuple[int, int], needed: int) -> None:
    economies = [code for code in sorted(ISSUERS) if len(code) == 3][:count]
    assert votes_needed(read(proposal([], members(*economies), votes=votes))) == needed


class TestForm:
    def test_another_kind_of_document_is_no_charter(self) -> None:
        other = SignedDocument(PayloadType.ENTRY.value, WHOLE.payload)
        assert refusal(other).code is DocumentCode.MALFORMED

    @pytest.mark.parametrize(
        "tail",
        [b"\x48\x01", b"\x0a\x03lab", b"\x15\x01\x00\x00\x00", b"\x42", b"\x42\xff\xff\xff\xff\x0f", b"\x0b\x0c"],
    )
    def test_octets_that_say_the_same_in_another_way_are_refused(self, tail: bytes) -> None:
        """A field unknown, repeated, out of order, cut short, with a length beyond all, and a group."""
        assert refusal(replace(WHOLE, payload=WHOLE.payload + tail)).code in {
            DocumentCode.MALFORMED,
            DocumentCode.TOO_LARGE,
        }

    def test_a_number_that_is_not_there_is_not_0(self) -> None:
        for field in (b"\x15\x01\x00\x00\x00", b"\x2d\x02\x00\x00\x00"):
            assert field in WHOLE.payload
            assert refusal(replace(WHOLE, payload=WHOLE.payload.replace(field, b"", 1))).code is DocumentCode.MALFORMED

    @given(st.binary(max_size=300))
    def test_any_octets_are_a_document_or_refused(self, data: bytes) -> None:
        with suppress(BadDocument):
            assert encode_document(decode_document(data)) == data

    @given(st.data())
    def test_a_charter_with_an_octet_changed_is_read_in_one_way_or_refused(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(WHOLE.payload) - 1))
        changed = bytearray(WHOLE.payload)
        changed[at] ^= data.draw(st.integers(1, 255))
        try:
            read(replace(WHOLE, payload=bytes(changed)))
        except BadDocument:
            return
        assert encode_charter(decode_charter(bytes(changed))) == changed

    def test_signatures_ascend_each_key_once(self) -> None:
        """E02: nor does a document grow by one key's signatures."""
        one, other = WHOLE.signatures[:2]
        for signatures in ((one, one), (other, one)):
            with pytest.raises(BadDocument) as refused:
                decode_document(encode_document(replace(WHOLE, signatures=signatures)))
            assert refused.value.code is DocumentCode.MALFORMED

    @pytest.mark.parametrize(("key_id", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 64), (32, 0)])
    def test_a_signature_has_its_size(self, key_id: int, signature: int) -> None:
        strange = replace(WHOLE, signatures=(RootSignature(b"k" * key_id, b"s" * signature),))
        with pytest.raises(BadDocument) as refused:
            decode_document(encode_document(strange))
        assert refused.value.code is DocumentCode.MALFORMED

    def test_a_payload_type_that_is_none_is_refused(self) -> None:
        with pytest.raises(BadDocument) as refused:
            decode_document(encode_document(replace(WHOLE, payload_type="application/vnd.rmas.v2.charter")))
        assert refused.value.code is DocumentCode.MALFORMED


HUGE = {
    "empty members": unchecked(STATEMENT).payload + b"\x3a\x00" * 2_000_000,
    "empty routes": unchecked(STATEMENT).payload + b"\x42\x00" * 2_000_000,
    "a member of empty keys": b"\x3a\x80\xa0\xbe\x01" + b"\x12\x00" * 1_560_576,
    "a long name": unchecked(replace(STATEMENT, federation="l" * 4_000_000)).payload,
    "beyond 4 MiB": bytes(MAX_CHARTER_OCTETS + 1),
}


@pytest.mark.parametrize("payload", HUGE.values(), ids=HUGE)
def test_what_is_too_large_is_refused_before_anything_is_made_of_it(payload: bytes) -> None:
    """E07."""
    started = process_time()
    assert refusal(SignedDocument(PayloadType.CHARTER.value, payload)).code is DocumentCode.TOO_LARGE
    assert process_time() - started < 0.5


def test_more_signatures_than_members_could_make_are_refused() -> None:
    """E07."""
    data = encode_document(replace(WHOLE, signatures=())) + b"\x1a\x00" * 1_000_000
    with pytest.raises(BadDocument) as refused:
        decode_document(data)
    assert refused.value.code is DocumentCode.TOO_LARGE


def test_more_members_than_a_federation_has_are_refused() -> None:
    many = tuple((f"{number:05d}", (), 1) for number in range(MAX_MEMBERS + 1))
    assert refusal(unchecked(replace(STATEMENT, members=many, routes=()))).code is DocumentCode.TOO_LARGE


def test_any_other_document_is_smaller_than_a_charter() -> None:
    entry = SignedDocument(PayloadType.ENTRY.value, bytes(256 * 1024))
    with pytest.raises(BadDocument) as refused:
        decode_document(encode_document(entry))
    assert refused.value.code is DocumentCode.TOO_LARGE


class TestCurrency:
    CHARTER = read(WHOLE)

    @pytest.mark.parametrize("now_ms", [NOW_MS - AHEAD_MS, NOW_MS, NOW_MS + PROPOSAL_MS - 1])
    def test_a_proposal_is_open_for_180_days(self, now_ms: int) -> None:
        require_current_proposal(self.CHARTER, now_ms)

    @pytest.mark.parametrize(
        ("now_ms", "code"),
        [(NOW_MS + PROPOSAL_MS, DocumentCode.LAPSED), (NOW_MS - AHEAD_MS - 1, DocumentCode.NOT_YET)],
    )
    def test_it_lapses_and_does_not_come_from_the_future(self, now_ms: int, code: DocumentCode) -> None:
        with pytest.raises(BadDocument) as refused:
            require_current_proposal(self.CHARTER, now_ms)
        assert refused.value.code is code


class TestDifference:
    def changed(self, to: SignedDocument) -> list[str]:
        return difference(read(WHOLE), read(to))

    def test_of_the_first_is_all_of_it(self) -> None:
        lines = difference(None, read(first("NZL", routes=[route("NZL")])))
        key = root_key_id(spki("NZL 1")).hex()[:16]
        assert lines == [
            f"NZL joins with the root key {key}.",
            "Changing it takes 2/3 of the members: 1 of 1 members.",
            "Route added: NZL P * -> NZL.",
        ]

    def test_of_the_same_is_said(self) -> None:
        after = following(WHOLE, *read(WHOLE).members, routes=read(WHOLE).routes, by=[])
        assert self.changed(after) == ["Nothing changes but the version."]

    def test_names_every_change(self) -> None:
        old: Charter = read(WHOLE)
        changed = [
            member("NZL", "NZL 2", "NZL 3", needed=2),
            member("JPN", "JPN 1", "JPN 2", needed=2),
            *members("CHN"),
        ]
        lines = difference(old, read(proposal([old], changed, routes=[route("CHN"), route("JPN")], votes=(3, 4))))
        short = {label: root_key_id(spki(label)).hex()[:16] for label in ("NZL 1", "NZL 2", "NZL 3", "JPN 1", "JPN 2")}
        assert lines[:2] == ["AUS leaves.", "HKG leaves."]
        assert lines[2].startswith("JPN joins with 2 root keys, of which 2 must sign: ")
        assert short["JPN 1"] in lines[2]
        assert short["JPN 2"] in lines[2]
        assert lines[3] == f"NZL: root key {short['NZL 1']} is removed."
        assert set(lines[4:6]) == {f"NZL: root key {short[label]} is added." for label in ("NZL 2", "NZL 3")}
        assert lines[6:] == [
            "NZL: 2 of its 2 root keys must sign, so far 1 of 1.",
            "Changing it takes 3/4 of the members, so far 2/3: 3 of 3 members.",
            "Route removed: CHN P K######## -> HKG.",
            "Route removed: NZL P * -> NZL.",
            "Route added: JPN P * -> JPN.",
        ]

    def test_says_when_another_number_of_members_gives_the_rule_another_meaning(self) -> None:
        after = following(WHOLE, *read(WHOLE).members, "JPN", routes=read(WHOLE).routes, by=[])
        assert self.changed(after)[1:] == ["Changing it takes 4 of 5 members, so far 3 of 4."]


def test_what_nobody_could_take_in_is_not_proposed() -> None:
    with pytest.raises(BadDocument):
        proposal([], [member("NZL", needed=2)])


def test_a_document_keeps_its_digest_whoever_signs() -> None:
    assert signed(replace(WHOLE, signatures=()), "NZL").digest == WHOLE.digest
