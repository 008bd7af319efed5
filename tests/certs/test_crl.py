"""Revocation lists: what is built is read, and each hostile list is refused for its own fault."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certs import errors
from certs.crl import (
    MAX_CRL_BYTES,
    MAX_DAYS,
    build,
    check_newer,
    next_revoked,
    read,
    require_current,
)
from certs.identity import CaName
from certs.keys import public_key_id
from certs.profiles import Role
from certs.verify import verify_leaf
from tests.certs.crl_forge import (
    SERIALS,
    entry,
    forge_crl,
    made,
    resign_crl,
    with_entries,
    with_extensions,
)
from tests.certs.crl_rows import HOSTILE, LEAF, LEAF_KEY, MANY, NUMBERED
from tests.certs.forge import NOW, Economy, forge_ca, tlv
from tests.certs.hostile import AUS, NZL, SECOND

DAY = timedelta(days=1)
TIMES = st.integers(0, 400 * 86_400).map(lambda seconds: NOW - seconds * SECOND)


class TestRoundTrip:
    def test_a_list_says_who_made_it_when_and_what_it_revokes(self) -> None:
        der = build(NZL.ca, NZL.key, 7, {3: NOW - DAY, 9: NOW}, NOW, reasons={9: x509.ReasonFlags.key_compromise})
        crl = read(der, [AUS.ca, NZL.ca])
        assert crl.issuer == public_key_id(NZL.key.public_key())
        assert (crl.number, crl.this_update, crl.next_update) == (7, NOW, NOW + MAX_DAYS * DAY)
        assert crl.revoked == {3: NOW - DAY, 9: NOW}
        assert crl.reasons == {9: x509.ReasonFlags.key_compromise}
        assert crl.der == der

    @given(revoked=st.dictionaries(SERIALS, TIMES, max_size=40), number=st.integers(0, (1 << 159) - 1))
    def test_no_serial_number_is_lost_and_none_comes_in(self, revoked: dict[int, datetime], number: int) -> None:
        crl = made(number, revoked)
        assert (crl.revoked, crl.number, crl.reasons) == (revoked, number, {})
        assert crl.pairs == {(crl.issuer, serial) for serial in revoked}

    def test_an_empty_list_is_a_list(self) -> None:
        assert made().revoked == {}

    def test_a_list_names_its_number_and_its_key(self) -> None:
        crl = x509.load_der_x509_crl(build(NZL.ca, NZL.key, 4, {}, NOW))
        assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 4
        identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        assert identifier == NZL.ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert not any(extension.critical for extension in crl.extensions)

    def test_a_revoked_leaf_no_longer_verifies_also_under_the_renewed_ca(self) -> None:
        leaf = NZL.leaf()
        crl = made(1, {leaf.serial_number: NOW})
        for ca in (NZL.ca, forge_ca(NZL.key)):
            verify_leaf(leaf, [ca], Role.TLS, "lab", NOW)
            with pytest.raises(errors.Revoked):
                verify_leaf(leaf, [ca], Role.TLS, "lab", NOW, crl.pairs)

    def test_the_list_of_a_renewed_ca_goes_on_under_the_old_certificate(self) -> None:
        renewed = forge_ca(NZL.key)
        assert read(build(renewed, NZL.key, 1, {}, NOW), [NZL.ca]).issuer == made().issuer

    def test_the_forge_makes_a_right_list_when_asked_for_nothing_wrong(self) -> None:
        """Otherwise a row of the table below could be refused for another fault than its own."""
        for der in (forge_crl(), resign_crl(lambda members: members), with_entries(entry(b"\x05"))):
            assert read(der, [NZL.ca]).revoked == {5: NOW}
        assert read(with_extensions(NUMBERED), [NZL.ca]).number == 1

    def test_what_changes_nothing_is_let_be(self) -> None:
        lists = [
            forge_crl(more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00"), False)]),
            forge_crl(entry_more=[(x509.InvalidityDate(NOW.replace(tzinfo=None)), False)]),
        ]
        assert [read(der, [NZL.ca]).revoked for der in lists] == [{5: NOW}] * 2


@pytest.mark.parametrize(("make", "error"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_hostile_list_is_refused(make: Callable[[], bytes], error: type[errors.CrlRefused]) -> None:
    """Also where a leaf slipped into the list of CAs."""
    with pytest.raises(error) as refused:
        read(make(), [LEAF, NZL.ca])
    assert type(refused.value) is error
    assert refused.value.code == error.code


def test_a_list_too_large_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_: bytes) -> x509.CertificateRevocationList:
        pytest.fail("parsed")

    monkeypatch.setattr(x509, "load_der_x509_crl", parse)
    with pytest.raises(errors.MalformedCrl):
        read(bytes(MAX_CRL_BYTES + 1), [NZL.ca])


def test_a_list_of_full_size_is_read() -> None:
    revoked = dict.fromkeys(range(1 << 128, (1 << 128) + 7000), NOW)
    assert made(1, revoked).revoked == revoked


def test_no_flipped_bit_of_a_list_is_accepted() -> None:
    der = forge_crl()
    for bit in range(len(der) * 8):
        changed = bytearray(der)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(errors.CrlRefused):
            read(bytes(changed), [NZL.ca])


@given(data=st.binary(max_size=200))
def test_garbage_raises_our_error_and_no_other(data: bytes) -> None:
    with pytest.raises(errors.CrlRefused):
        read(data, [NZL.ca])


ELEMENTS = st.builds(
    tlv, st.sampled_from([0x02, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x30, 0x31, 0xA0]), st.binary(max_size=16)
)


@given(elements=st.lists(ELEMENTS, max_size=3), place=st.integers(0, 6))
def test_garbage_signed_by_the_ca_raises_our_error_or_is_read(elements: list[bytes], place: int) -> None:
    """The CA itself is not trusted to write well: any part of its list may be anything."""
    for inside in (False, True):
        with suppress(errors.CrlRefused):
            read(resign_crl(lambda right: replaced(right, place, elements, inside)), [NZL.ca])  # noqa: B023 - called now


def replaced(right: list[bytes], place: int, elements: list[bytes], inside: bool) -> list[bytes]:
    """The member at `place` replaced by `elements`, or what is inside it."""
    there = [tlv(right[place][0], b"".join(elements))] if inside else elements
    return [*right[:place], *there, *right[place + 1 :]]


class TestBuild:
    def test_only_the_current_ca_with_its_own_key_makes_one(self) -> None:
        end = NZL.ca.not_valid_after_utc
        for ca, key, now in ((NZL.ca, AUS.key, NOW), (NZL.ca, NZL.key, end + SECOND), (LEAF, LEAF_KEY, NOW)):
            with pytest.raises(errors.IssueRefused):
                build(ca, key, 1, {}, now)
        assert read(build(NZL.ca, NZL.key, 1, {}, end), [NZL.ca]).this_update == end

    @pytest.mark.parametrize("days", [0, -1, MAX_DAYS + 1])
    def test_it_holds_for_one_to_ten_days(self, days: int) -> None:
        with pytest.raises(errors.IssueRefused):
            build(NZL.ca, NZL.key, 1, {}, NOW, days)

    @pytest.mark.parametrize("revoked", [{0: NOW}, {-5: NOW}, {1 << 159: NOW}, {5: NOW + SECOND}, MANY])
    def test_what_readers_would_refuse_is_not_signed(self, revoked: dict[int, datetime]) -> None:
        with pytest.raises(errors.IssueRefused):
            build(NZL.ca, NZL.key, 1, revoked, NOW)

    def test_a_number_out_of_range_is_refused(self) -> None:
        for number in (-1, 1 << 159):
            with pytest.raises(errors.IssueRefused):
                build(NZL.ca, NZL.key, number, {}, NOW)

    def test_a_reason_for_what_is_not_revoked_is_refused(self) -> None:
        with pytest.raises(errors.IssueRefused):
            build(NZL.ca, NZL.key, 1, {}, NOW, reasons={5: x509.ReasonFlags.superseded})

    def test_a_time_without_a_zone_is_no_time(self) -> None:
        bare = NOW.replace(tzinfo=None)
        for call in (
            lambda: build(NZL.ca, NZL.key, 1, {}, bare),
            lambda: require_current(made(), bare),
            lambda: check_newer(None, made(), bare),
            lambda: next_revoked(None, [5], bare),
        ):
            with pytest.raises(ValueError, match="aware"):
                call()


def test_two_economies_of_one_federation_do_not_revoke_for_each_other() -> None:
    other = Economy(CaName("lab", "PHL"))
    crl = read(build(other.ca, other.key, 1, {5: NOW}, NOW), [NZL.ca, other.ca])
    assert not crl.pairs & made(1, {5: NOW}).pairs
