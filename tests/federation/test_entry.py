"""What a member says of itself holds together, is its own, and only a greater number takes its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from certs.authority import create_ca
from certs.identity import CaName
from certs.keys import encode_public
from certs.signing import KeySigner
from federation import entry_codec
from federation.charter import Charter, RootMember, read
from federation.documents import DocumentClass, Kind
from federation.economies import ISSUERS
from federation.entry import PHASES, CaPhase, Entry, draft_entry, read_entry
from federation.envelope import PayloadType
from federation.newer import newer
from federation.signed import SignedDocument, sign
from federation.status import DocumentCode
from federation.trust_statements import CaRow, CoverageRow, EntryStatement
from tests.certs.rows import CAS
from tests.charters import member, proposal, signed
from tests.federation.trust_documents import CONTACT, ca, ca_row, charter, der, entry, refused, unsigned
from tests.virtual_time import NOW, NOW_MS
from tests.world import drawn_key


def document(statement: EntryStatement, *labels: str) -> SignedDocument:
    """As anybody could write it: nothing is looked at but the form."""
    made = unsigned(PayloadType.ENTRY.value, entry_codec.encode_entry(statement))
    return signed(made, *(labels or ("NZL",)))


def code(statement: EntryStatement, membership: Charter | None = None) -> DocumentCode | None:
    """How a reader refuses it; whoever drafts it is told the same."""
    membership = membership or charter()
    found = refused(read_entry, document(statement), membership)
    assert found is refused(draft_entry, statement, membership)
    return found


def taken(statement: EntryStatement) -> Entry:
    return read_entry(document(statement), charter())


class TestReading:
    def test_everything_written_is_read(self) -> None:
        two = (ca_row("NZL", "old", "TAINTED"), ca_row("NZL"), ca_row("NZL", "next", "PUBLISHED"))
        keys = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32).public_key().public_bytes_raw() for n in (1, 2)]
        statement = entry(cas=tuple(sorted(two)), log_key=keys[0], witness_key=keys[1])
        made = document(statement)
        found = read_entry(made, charter())
        assert (found.federation, found.economy, found.number, found.issued_at) == ("lab", "NZL", 1, NOW_MS)
        assert {one.phase for one in found.cas} == set(CaPhase)
        assert {der(one) for one in found.certificates} == {row.certificate for row in two}
        assert (found.log_key, found.witness_key) == tuple(keys)
        assert found.contacts == (CONTACT,)
        assert [(one.issuing_state, one.document_class) for one in found.coverage] == [
            ("NZL", DocumentClass.I),
            ("NZL", DocumentClass.P),
        ]
        assert [one.expiry_from for one in found.coverage] == [None, "2009-12-01"]
        assert found.digest == made.digest

    def test_a_draft_is_put_in_order_and_then_signed(self) -> None:
        whole = entry(
            cas=(ca_row("NZL"), ca_row("NZL", "next", "PUBLISHED")),
            coverage=(CoverageRow("NZL", "P", 7), CoverageRow("NZL", "I", 1)),
            contacts=(replace(CONTACT, languages=("mi", "en")), replace(CONTACT, desk="Airline desk")),
        )
        drafts = {
            draft_entry(replace(whole, cas=cas, coverage=coverage, contacts=contacts), charter()).digest
            for cas in permutations(whole.cas)
            for coverage in permutations(whole.coverage)
            for contacts in permutations(whole.contacts)
        }
        assert len(drafts) == 1
        draft = draft_entry(whole, charter())
        assert refused(read_entry, draft, charter()) is DocumentCode.TOO_FEW_SIGNATURES
        assert read_entry(signed(draft, "NZL"), charter()).contacts[0].desk == "Airline desk"

    def test_enough_of_its_own_root_keys_sign(self) -> None:
        """ATTACKS E02."""
        nzl = member("NZL", "NZL 1", "NZL 2", "NZL 3", needed=2)
        under = read(proposal([], [nzl, member("AUS")]))
        for labels in (("AUS 1",), ("NZL 1",), ("NZL 1", "AUS 1"), ("NZL 1", "NZL 4")):
            made = document(entry(), *labels)
            assert refused(read_entry, made, under) is DocumentCode.TOO_FEW_SIGNATURES
        assert refused(read_entry, document(entry(), "NZL 1", "NZL 3"), under) is None

    def test_a_member_does_not_speak_for_another(self) -> None:
        made = document(entry(economy="AUS", cas=(ca_row("AUS"),)), "NZL")
        assert refused(read_entry, made, charter()) is DocumentCode.TOO_FEW_SIGNATURES

    def test_a_signature_that_does_not_hold_is_refused(self) -> None:
        """ATTACKS A01."""
        made = document(entry())
        broken = replace(made, payload=entry_codec.encode_entry(entry(number=2)))
        assert refused(read_entry, broken, charter()) is DocumentCode.BAD_SIGNATURE

    def test_an_entry_of_another_kind_or_number_or_member_is_refused(self) -> None:
        made = unsigned(PayloadType.SUSPENSION.value, entry_codec.encode_entry(entry()))
        assert refused(read_entry, signed(made, "NZL"), charter()) is DocumentCode.MALFORMED
        assert code(entry(number=0)) is DocumentCode.MALFORMED
        assert code(entry(federation="trial")) is DocumentCode.OTHER_FEDERATION
        assert code(entry(economy="JPN")) is DocumentCode.NOT_A_MEMBER

    @pytest.mark.parametrize("name", ["", "../x", "nzl", "NZL\u202e", "N\x00L", "N" * 300, "N\u0396L", "ＮＺＬ"])
    def test_what_is_no_name_is_refused_and_not_repeated(self, name: str) -> None:
        """ATTACKS E10, I07."""
        assert code(entry(economy=name)) is DocumentCode.INVALID_NAME
        assert code(entry(federation=name.replace("nzl", "NZL"))) is DocumentCode.INVALID_NAME

    @given(st.binary(max_size=200))
    def test_any_payload_is_refused(self, payload: bytes) -> None:
        """ATTACKS I01, E08: a signature makes nothing true of what it stands under."""
        made = signed(unsigned(PayloadType.ENTRY.value, payload), "NZL")
        assert refused(read_entry, made, charter()) is not None


@dataclass(frozen=True)
class Cas:
    """Certificates with the phases an entry gives them."""

    rows: tuple[CaRow, ...]
    code: DocumentCode | None


def other_ca(name: CaName, key: str = "NZL CA") -> CaRow:
    return CaRow(der(create_ca(name, drawn_key(key), 7, NOW)), "ACTIVE")


def as_row(certificate: x509.Certificate) -> CaRow:
    return CaRow(der(certificate), "ACTIVE")


NZL_ROOT = "NZL 1 root"
MANY_CAS = {
    "none": Cas((), DocumentCode.MALFORMED),
    "none that issues": Cas(
        (ca_row("NZL", "CA", "PUBLISHED"), ca_row("NZL", "old", "TAINTED")), DocumentCode.MALFORMED
    ),
    "two that issue": Cas((ca_row("NZL"), ca_row("NZL", "next")), None),
    "a phase that there is not": Cas((ca_row("NZL", "CA", "RETIRED"),), DocumentCode.MALFORMED),
    "a phase in small letters": Cas((ca_row("NZL", "CA", "active"),), DocumentCode.MALFORMED),
    "of another economy": Cas((ca_row("AUS"),), DocumentCode.WRONG_ISSUER),
    "of another economy behind one's own": Cas(
        (ca_row("NZL"), ca_row("AUS", "CA", "PUBLISHED")), DocumentCode.WRONG_ISSUER
    ),
    "of another federation": Cas((other_ca(CaName("trial", "NZL")),), DocumentCode.WRONG_ISSUER),
    "no certificate": Cas((CaRow(b"", "ACTIVE"),), DocumentCode.MALFORMED),
    "a certificate and an octet more": Cas((CaRow(der(ca("NZL")) + b"\0", "ACTIVE"),), DocumentCode.MALFORMED),
    "with the key of a root": Cas((other_ca(CaName("lab", "NZL"), NZL_ROOT),), DocumentCode.SHARED_KEY),
    "two certificates of one key": Cas(
        (ca_row("NZL"), CaRow(der(create_ca(CaName("lab", "NZL"), drawn_key("NZL CA"), 8, NOW)), "PUBLISHED")),
        DocumentCode.SHARED_KEY,
    ),
}


class TestCas:
    @pytest.mark.parametrize("given_cas", MANY_CAS.values(), ids=MANY_CAS.keys())
    def test_every_ca_is_an_issuing_ca_of_its_economy(self, given_cas: Cas) -> None:
        """ATTACKS A12, E08: what is signed by the root and does not hold is refused all the same."""
        assert code(entry(cas=tuple(sorted(given_cas.rows)))) is given_cas.code

    @pytest.mark.parametrize(("what", "make"), [row[:2] for row in CAS], ids=[row[0] for row in CAS])
    def test_a_ca_out_of_its_profile_is_refused_unless_it_is_only_its_time(
        self, what: str, make: Callable[[], x509.Certificate]
    ) -> None:
        """ATTACKS C08."""
        found = code(entry(cas=(as_row(make()),)))
        if what in ("expired", "not yet valid"):
            assert found is None
        else:
            assert found in (DocumentCode.WRONG_ISSUER, DocumentCode.MALFORMED)

    def test_time_makes_no_entry_untrue(self) -> None:
        """A CA of long ago verifies no leaf, but the contacts beside it are as they were."""
        old = create_ca(CaName("lab", "NZL"), drawn_key("NZL old CA"), 7, NOW - timedelta(days=4000), 30)
        new = create_ca(CaName("lab", "NZL"), drawn_key("NZL new CA"), 7, NOW + timedelta(days=4000), 30)
        for certificate in (old, new):
            assert code(entry(cas=(as_row(certificate),))) is None

    def test_another_member_s_root_key_does_not_make_a_ca_s_void(self) -> None:
        """Anybody's public key can be written into a charter: that must not undo an entry of somebody else."""
        spki = encode_public(drawn_key("NZL CA").public_key())
        hostile = RootMember("AUS", (spki,), 1)
        under = read(proposal([], [member("NZL"), hostile]))
        assert code(entry(), under) is None


@pytest.mark.parametrize("field", ["log_key", "witness_key"])
@pytest.mark.parametrize("key", [bytes(32), bytes(31), bytes(33), b"\x01" + bytes(31), b"\xff" * 32], ids=bytes.hex)
def test_a_log_key_that_anybody_can_sign_for_is_refused(field: str, key: bytes) -> None:
    """ATTACKS A12."""
    assert code(entry(**{field: key})) is DocumentCode.MALFORMED


def test_log_and_witness_do_not_share_a_key() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert code(entry(log_key=key, witness_key=key)) is DocumentCode.SHARED_KEY
    assert code(entry(log_key=key)) is None


class TestCoverage:
    @pytest.mark.parametrize(
        "row",
        [
            CoverageRow("NZL", "P", 0),
            CoverageRow("NZL", "P", 8),
            CoverageRow("NZL", "P", 2**32 - 1),
            CoverageRow("", "P", 1),
            CoverageRow("nzl", "P", 1),
            CoverageRow("NZL ", "P", 1),
            CoverageRow("DEU", "P", 1),
            CoverageRow("D<<", "P", 1),
            CoverageRow("XXA", "P", 1),
            CoverageRow("NZ\u0130", "P", 1),
            CoverageRow("NZL", "", 1),
            CoverageRow("NZL", "p", 1),
            CoverageRow("NZL", "PD", 1),
            CoverageRow("NZL", "A", 1),
            CoverageRow("NZL", "X", 1),
            CoverageRow("NZL", "\u0420", 1),
            CoverageRow("NZL", "P", 2, "2020-02-30"),
            CoverageRow("NZL", "P", 2, "2020-1-1"),
            CoverageRow("NZL", "P", 2, "0000-00-00"),
            CoverageRow("NZL", "P", 2, "20200101"),
            CoverageRow("NZL", "P", 2, "2020-01-01T00:00:00Z"),
            CoverageRow("NZL", "P", 2, "２０２０-01-01"),
            CoverageRow("NZL", "P", 1, "2020-01-01"),
        ],
        ids=lambda row: ascii(f"{row.issuing_state}/{row.document_class}/{row.kinds}/{row.expiry_from}"),
    )
    def test_a_row_out_of_form_is_refused(self, row: CoverageRow) -> None:
        """ATTACKS I05, I07."""
        assert code(entry(coverage=(row,))) is DocumentCode.MALFORMED

    @given(
        st.sampled_from(sorted(ISSUERS)),
        st.sampled_from(DocumentClass),
        st.integers(1, 7),
        st.dates().map(lambda day: day.isoformat()) | st.just(""),
    )
    def test_a_row_in_form_is_read_as_it_stands(
        self, state: str, document_class: DocumentClass, kinds: int, expiry: str
    ) -> None:
        row = CoverageRow(state, document_class.value, kinds, expiry)
        in_form = not expiry or (1900 <= int(expiry[:4]) <= 2099 and kinds != Kind.REPORTED)
        found = refused(read_entry, document(entry(coverage=(row,))), charter())
        assert found is (None if in_form else DocumentCode.MALFORMED)
        if in_form:
            (read_back,) = taken(entry(coverage=(row,))).coverage
            assert (read_back.issuing_state, read_back.document_class) == (state, document_class)
            assert (read_back.kinds, read_back.expiry_from or "") == (kinds, expiry)

    def test_one_state_and_class_is_promised_once(self) -> None:
        rows = (CoverageRow("NZL", "P", 1), CoverageRow("NZL", "P", 7))
        assert code(entry(coverage=rows)) is DocumentCode.MALFORMED

    def test_nothing_may_be_promised(self) -> None:
        assert taken(entry(coverage=())).coverage == ()


class TestContacts:
    def test_one_desk_stands_there_once(self) -> None:
        contacts = tuple(sorted((CONTACT, replace(CONTACT, telephone="+64 4 555 0199"))))
        assert code(entry(contacts=contacts)) is DocumentCode.MALFORMED

    def test_one_that_cannot_be_shown_refuses_the_entry(self) -> None:
        """ATTACKS I07."""
        assert code(entry(contacts=(replace(CONTACT, deputy="a\u202eb"),))) is DocumentCode.INVALID_NAME

    def test_names_alike_to_the_eye_are_two_desks(self) -> None:
        """ATTACKS I07: a name is never matched with one that looks like it."""
        contacts = tuple(sorted((CONTACT, replace(CONTACT, desk=CONTACT.desk.replace("o", "\u043e")))))
        assert len(taken(entry(contacts=contacts)).contacts) == 2


def numbered(number: int, **changes: Any) -> Entry:
    return taken(entry(number=number, **changes))


class TestNewer:
    def test_only_a_greater_number_takes_the_place(self) -> None:
        """ATTACKS E04."""
        held = numbered(5)
        assert newer(None, held) is held
        assert newer(held, numbered(6)).number == 6
        assert newer(held, numbered(900)).number == 900
        assert refused(newer, held, numbered(4)) is DocumentCode.OLDER
        assert refused(newer, held, numbered(5, coverage=())) is DocumentCode.CONFLICT

    def test_the_same_one_again_is_no_conflict_whoever_signed_it(self) -> None:
        held = numbered(5)
        again = read_entry(document(entry(number=5), "NZL", "AUS"), charter())
        assert newer(held, again) == held

    @given(st.permutations(range(1, 7)))
    def test_every_order_of_arrival_ends_with_the_same_one(self, order: list[int]) -> None:
        held: Entry | None = None
        for number in order:
            new = ENTRIES[number]
            if refused(newer, held, new) is None:
                held = newer(held, new)
        assert held is ENTRIES[6]


ENTRIES = {number: numbered(number) for number in range(1, 7)}


class TestDrafting:
    """What only the maker is told: the next number, and a CA's phases in their order."""

    def test_the_number_is_the_next(self) -> None:
        held = numbered(5)
        for number in (4, 5, 7):
            assert refused(draft_entry, entry(number=number), charter(), held) is DocumentCode.OLDER
        assert refused(draft_entry, entry(number=6), charter(), held) is None

    @pytest.mark.parametrize("before", CaPhase)
    @pytest.mark.parametrize("after", CaPhase)
    def test_a_ca_goes_through_its_phases_in_order(self, before: CaPhase, after: CaPhase) -> None:
        issuing = ca_row("NZL")
        held = numbered(5, cas=tuple(sorted((issuing, ca_row("NZL", "next", before)))))
        rows = tuple(sorted((issuing, ca_row("NZL", "next", after))))
        found = refused(draft_entry, entry(number=6, cas=rows), charter(), held)
        assert found is (None if after is before or after in PHASES[before].then else DocumentCode.MALFORMED)

    def test_any_ca_may_be_left_out(self) -> None:
        """One whose key was stolen is trusted no longer, whatever phase it was in."""
        held = numbered(5, cas=tuple(sorted((ca_row("NZL"), ca_row("NZL", "next", "PUBLISHED")))))
        assert refused(draft_entry, entry(number=6), charter(), held) is None
        assert refused(draft_entry, entry(number=6, cas=(ca_row("NZL", "next"),)), charter(), held) is None

    def test_a_signature_by_any_other_key_is_none_of_the_member_s(self) -> None:
        draft = draft_entry(entry(), charter())
        stolen = sign(draft, KeySigner(drawn_key("NZL CA")))
        assert refused(read_entry, stolen, charter()) is DocumentCode.TOO_FEW_SIGNATURES
