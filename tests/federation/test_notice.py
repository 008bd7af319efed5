"""A notice is the word of the node it names, under a message key that is current, and says nothing else than it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from certs.identity import NodeName
from certs.keys import fingerprint, public_key_id
from certs.profiles import Role
from certs.signing import KeySigner
from federation import entry_codec
from federation.entry import Entry, draft_entry, read_entry
from federation.envelope import Envelope, PayloadType, seal
from federation.newer import newer
from federation.notice import Notice, read_notice, seal_notice
from federation.status import DocumentCode
from federation.trust_statements import Endpoint, Maintenance, NoticeStatement
from tests.charters import signed
from tests.federation.trust_documents import HOUR_MS, ca, charter, der, entry, notice, refused
from tests.federation.trust_documents import ca_row as row
from tests.virtual_time import NOW, NOW_MS
from tests.world import authority, drawn_key, issued

NODE = NodeName("lab", "NZL", "node1")
KEY = drawn_key("NZL node1 message")


def entry_of(economy: str) -> Entry:
    statement = entry(economy=economy, cas=(row(economy),))
    return read_entry(signed(draft_entry(statement, charter()), economy), charter())


ENTRIES = {economy: entry_of(economy) for economy in ("AUS", "NZL")}


def leaf(
    name: NodeName = NODE, role: Role = Role.MESSAGE, key: ec.EllipticCurvePrivateKey = KEY, days: int = 30
) -> x509.Certificate:
    return issued(name.economy, name, role, key, days)


def sealed(statement: NoticeStatement, certificate: x509.Certificate | None = None) -> Envelope:
    """As anybody with the key could write it: nothing is looked at but the form."""
    certificate = certificate or leaf()
    payload = entry_codec.encode_notice(statement)
    return seal(PayloadType.NOTICE, payload, KeySigner(KEY), fingerprint(certificate), der(certificate))


def code(
    envelope: Envelope,
    now: datetime = NOW,
    entries: Mapping[str, Entry] = ENTRIES,
    federation: str = "lab",
    revoked: frozenset[tuple[bytes, int]] = frozenset(),
) -> DocumentCode | None:
    return refused(read_notice, envelope, entries, federation, now, revoked)


def taken(statement: NoticeStatement) -> Notice:
    return read_notice(sealed(statement), ENTRIES, "lab", NOW)


class TestReading:
    def test_everything_written_is_read(self) -> None:
        envelope = seal_notice(notice(), KeySigner(KEY), fingerprint(leaf()), der(leaf()))
        found = read_notice(envelope, ENTRIES, "lab", NOW)
        assert (found.node, found.number, found.issued_at, found.refresh_seconds) == (NODE, 1, NOW_MS, 300)
        assert found.endpoints == notice().endpoints
        assert found.roles == {"answer", "ask"}
        assert found.maintenance == (Maintenance(NOW_MS, NOW_MS + HOUR_MS),)
        assert found.digest == envelope.digest

    def test_lists_are_put_in_order_when_it_is_made_and_endpoints_stand_best_first(self) -> None:
        endpoints = (Endpoint("b.example:1", "", 0), Endpoint("a.example:1", "", 5))
        statement = notice(endpoints=endpoints, roles=("ask", "answer"))
        envelope = seal_notice(statement, KeySigner(KEY), fingerprint(leaf()), der(leaf()))
        assert read_notice(envelope, ENTRIES, "lab", NOW).endpoints == endpoints

    def test_a_node_that_only_asks_needs_no_endpoint(self) -> None:
        assert taken(notice(roles=("ask",), endpoints=())).roles == {"ask"}


class TestWhose:
    def test_a_flipped_bit_is_not_its_word(self) -> None:
        """ATTACKS A01."""
        envelope = sealed(notice())
        for position in range(0, len(envelope.payload) * 8, 13):
            payload = bytearray(envelope.payload)
            payload[position // 8] ^= 1 << position % 8
            assert code(replace(envelope, payload=bytes(payload))) is DocumentCode.BAD_SIGNATURE
        flipped = bytes([envelope.signature[0] ^ 1]) + envelope.signature[1:]
        assert code(replace(envelope, signature=flipped)) is DocumentCode.BAD_SIGNATURE

    def test_a_node_speaks_for_itself_alone(self) -> None:
        """Neither another node of the economy, nor a node of another."""
        assert code(sealed(notice(node="rmas://lab/NZL/node2"))) is DocumentCode.WRONG_ISSUER
        assert code(sealed(notice(node="rmas://lab/AUS/node1"))) is DocumentCode.WRONG_ISSUER

    def test_another_member_s_ca_does_not_count(self) -> None:
        """ATTACKS C07: the economy a certificate names decides which CAs may have issued it."""
        foreign = {"NZL": ENTRIES["AUS"], "AUS": ENTRIES["AUS"]}
        assert code(sealed(notice()), entries=foreign) is DocumentCode.WRONG_ISSUER

    def test_an_economy_without_an_entry_has_no_notice(self) -> None:
        assert code(sealed(notice()), entries={"AUS": ENTRIES["AUS"]}) is DocumentCode.NOT_A_MEMBER

    def test_a_tls_key_signs_no_notice(self) -> None:
        """ATTACKS A10."""
        assert code(sealed(notice(), leaf(role=Role.TLS))) is DocumentCode.WRONG_ISSUER

    def test_a_ca_signs_no_notice(self) -> None:
        certificate = ca("NZL")
        assert code(sealed(notice(), certificate)) is DocumentCode.WRONG_ISSUER

    def test_a_certificate_of_another_federation_does_not_count(self) -> None:
        assert code(sealed(notice()), federation="trial") is DocumentCode.WRONG_ISSUER

    def test_the_leaf_is_current(self) -> None:
        envelope = sealed(notice())
        assert code(envelope, NOW + timedelta(days=31)) is DocumentCode.LAPSED
        assert code(envelope, NOW - timedelta(days=1)) is DocumentCode.NOT_YET
        assert code(envelope, NOW + timedelta(days=29)) is None

    def test_a_revoked_leaf_does_not_count(self) -> None:
        gone = (public_key_id(authority("NZL")[0].public_key()), leaf().serial_number)
        assert code(sealed(notice()), revoked=frozenset({gone})) is DocumentCode.WRONG_ISSUER

    @pytest.mark.parametrize("certificate", [b"", b"\x30\x00", bytes(9000)])
    def test_what_is_no_certificate_is_refused(self, certificate: bytes) -> None:
        assert code(replace(sealed(notice()), certificate=certificate)) is DocumentCode.WRONG_ISSUER

    def test_the_key_it_names_is_that_of_its_certificate(self) -> None:
        assert code(replace(sealed(notice()), key_id=bytes(32))) is DocumentCode.MALFORMED

    def test_what_was_signed_as_something_else_is_no_notice(self) -> None:
        """ATTACKS A06."""
        payload = entry_codec.encode_notice(notice())
        envelope = seal(PayloadType.LOOKUP_ANSWER, payload, KeySigner(KEY), fingerprint(leaf()), der(leaf()))
        assert code(envelope) is DocumentCode.MALFORMED
        assert code(replace(envelope, payload_type=PayloadType.NOTICE.value)) is DocumentCode.BAD_SIGNATURE

    @given(st.binary(max_size=200))
    def test_any_payload_is_refused(self, payload: bytes) -> None:
        """ATTACKS I01, E08: a signature makes nothing true of what it stands under."""
        envelope = seal(PayloadType.NOTICE, payload, KeySigner(KEY), fingerprint(leaf()), der(leaf()))
        assert code(envelope) is not None


ADDRESS = "rmas.border.example.nz:443"
OUT_OF_FORM: dict[str, tuple[dict[str, Any], DocumentCode]] = {
    "no node": ({"node": ""}, DocumentCode.INVALID_NAME),
    "a node that is a path": ({"node": "rmas://lab/NZL/../x"}, DocumentCode.INVALID_NAME),
    "a node that steers": ({"node": "rmas://lab/NZL/no\u202ede1"}, DocumentCode.INVALID_NAME),
    "number 0": ({"number": 0}, DocumentCode.MALFORMED),
    "no role": ({"roles": ()}, DocumentCode.MALFORMED),
    "a role there is not": ({"roles": ("answer", "listen")}, DocumentCode.MALFORMED),
    "a role in capitals": ({"roles": ("ASK",)}, DocumentCode.MALFORMED),
    "an answerer without an endpoint": ({"endpoints": ()}, DocumentCode.MALFORMED),
    "an endpoint that is a file": ({"endpoints": (Endpoint("unix:443"),)}, DocumentCode.INVALID_NAME),
    "a network that is no label": ({"endpoints": (Endpoint(ADDRESS, "S TESTA"),)}, DocumentCode.INVALID_NAME),
    "an endpoint with two priorities": (
        {"endpoints": (Endpoint(ADDRESS, "", 1), Endpoint(ADDRESS, "", 2))},
        DocumentCode.MALFORMED,
    ),
    "a window that ends as it starts": ({"maintenance": (Maintenance(5, 5),)}, DocumentCode.MALFORMED),
    "a window that ends before it starts": ({"maintenance": (Maintenance(6, 5),)}, DocumentCode.MALFORMED),
    "a refresh every 59 s": ({"refresh_seconds": 59}, DocumentCode.MALFORMED),
    "a refresh never": ({"refresh_seconds": 0}, DocumentCode.MALFORMED),
    "a refresh after more than a day": ({"refresh_seconds": 86_401}, DocumentCode.MALFORMED),
}


@pytest.mark.parametrize(("change", "expected"), OUT_OF_FORM.values(), ids=OUT_OF_FORM.keys())
def test_what_makes_no_sense_is_refused_by_readers_and_makers_alike(
    change: dict[str, Any], expected: DocumentCode
) -> None:
    """ATTACKS E10, I05, I07."""
    statement = notice(**change)
    assert code(sealed(statement)) is expected
    assert refused(seal_notice, statement, KeySigner(KEY), fingerprint(leaf()), der(leaf())) is expected


@pytest.mark.parametrize(
    "change",
    [
        {"refresh_seconds": 60},
        {"refresh_seconds": 86_400},
        {"endpoints": (Endpoint(ADDRESS, "", 1), Endpoint(ADDRESS, "internet", 1))},
        {"maintenance": ()},
        {"roles": ("answer",)},
    ],
)
def test_what_stands_at_the_edge_is_taken(change: dict[str, Any]) -> None:
    assert code(sealed(notice(**change))) is None


def test_only_a_greater_number_takes_the_place() -> None:
    held = taken(notice(number=5))
    assert newer(held, taken(notice(number=7))).number == 7
    assert newer(held, held) is held
    assert refused(newer, held, taken(notice(number=4))) is DocumentCode.OLDER
    assert refused(newer, held, taken(notice(number=5, refresh_seconds=60))) is DocumentCode.CONFLICT
