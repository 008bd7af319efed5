"""What a node's trust store takes in, what it keeps, and what it says when somebody was at its files."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import crl
from certs.identity import NodeName
from certs.keys import fingerprint
from certs.profiles import Role
from certs.signing import KeySigner
from federation.bundle_codec import TrustBundle, decode_bundle, encode_bundle, encode_notice_envelope
from federation.charter_codec import encode_document
from federation.entry_codec import encode_entry
from federation.envelope import PayloadType
from federation.membership import others_digest
from federation.notice import seal_notice
from federation.signed import SignedDocument
from federation.succession import MAX_TIPS
from federation.suspension import draft_withdrawal
from federation.trust_statements import CaRow, Endpoint, EntryStatement, NoticeStatement, WithdrawalStatement
from node import trust_room
from node.errors import OperatorError
from node.trust_files import TrustKind
from node.trust_store import Outcome, TrustStore
from tests.federation.federation_of import FederationOf, ca_of
from tests.node.trust_home import bundle_of, created, files, filled, layout_in, take
from tests.virtual_time import NOW, NOW_MS
from tests.world import drawn_key, issued

DAY_MS = 86_400_000


@pytest.fixture
def made() -> FederationOf:
    return FederationOf("AUS", "NZL", "USA")


def again(home: Path) -> TrustStore:
    """As another process finds it."""
    return TrustStore(layout_in(home))


def held(store: TrustStore, now_ms: int = NOW_MS) -> tuple[set[bytes], bytes]:
    documents = store.load(now_ms)
    return set(documents.succession.held), others_digest(documents)


def published(made: FederationOf) -> tuple[set[bytes], bytes]:
    return {one.digest for one in made.charters}, others_digest(made.documents())


def refusal(store: TrustStore, document: SignedDocument | bytes, now_ms: int = NOW_MS) -> str:
    taken = take(store, document, now_ms)
    assert taken.outcome is Outcome.REFUSED
    assert taken.name == ""
    assert taken.message.endswith(".")
    return taken.code


def code_of_load(home: Path, now_ms: int = NOW_MS) -> str:
    with pytest.raises(OperatorError) as caught:
        again(home).load(now_ms)
    assert caught.value.message.endswith(".")
    return caught.value.code


def alarms(home: Path, now_ms: int = NOW_MS) -> list[str]:
    return [one.code for one in again(home).survey(now_ms).alarms]


class TestTaking:
    def test_all_that_is_published_is_held_and_read_again_by_another_process(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        made.adopt(["AUS", "NZL", "USA"])
        made.suspend("USA", by=("AUS", "NZL"))
        made.withdraw("USA")
        filled(tmp_path, made)
        assert held(again(tmp_path)) == published(made)
        assert alarms(tmp_path) == []

    def test_taking_again_changes_nothing(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        watch = store.watch()
        before = files(tmp_path), (tmp_path / "trust" / "floor").read_bytes(), watch()
        for one in (store, again(tmp_path)):
            assert {taken.outcome for taken in one.take_bundle(bundle_of(made), NOW_MS)} == {Outcome.KNOWN}
        assert before == (files(tmp_path), (tmp_path / "trust" / "floor").read_bytes(), watch())

    def test_the_counter_moves_with_each_change(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        watch = again(tmp_path).watch()
        before = watch()
        take(store, made.enter("AUS", 2))
        assert watch() == before + 1

    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_within_a_bundle_makes_no_difference(self, tmp_path: Path, made: FederationOf, seed: int) -> None:
        made.adopt(["AUS", "NZL"])
        made.adopt(["AUS", "NZL", "USA"])
        parts = decode_bundle(bundle_of(made))
        mixed = [list(some) for some in (parts.documents, parts.notices, parts.crls)]
        for some in mixed:
            random.Random(seed).shuffle(some)
        store = created(tmp_path, made)
        store.take_bundle(encode_bundle(TrustBundle(*map(tuple, mixed))), NOW_MS)
        assert held(store) == published(made)

    def test_one_by_one_each_waits_for_what_it_rests_on(self, tmp_path: Path, made: FederationOf) -> None:
        store = created(tmp_path, made)
        later = made.adopt(["AUS", "NZL", "USA"])
        entry, told = made.entries["AUS"], encode_notice_envelope(made.notices["rmas://lab/AUS/node1"])
        (revoked,) = made.list_revoked("AUS")
        assert refusal(store, entry) == "NOT_YET"
        assert refusal(store, later) == "CONFLICT"
        take(store, made.charters[0])
        assert refusal(store, told) == "NOT_A_MEMBER"
        assert refusal(store, revoked) == "WRONG_ISSUER"
        for document in (entry, told, revoked, later):
            assert take(store, document).outcome is Outcome.TAKEN
            assert take(store, document).outcome is Outcome.KNOWN

    def test_a_report_names_what_became_of_each(self, tmp_path: Path, made: FederationOf) -> None:
        store = created(tmp_path, made)
        stranger = FederationOf("PHL").entries["PHL"]
        bundle = TrustBundle((*map(encode_document, (stranger, made.entries["AUS"], made.charters[0])), b"?"))
        taken = store.take_bundle(encode_bundle(bundle), NOW_MS)
        assert [(one.kind, one.outcome, one.code) for one in taken] == [
            (None, Outcome.REFUSED, "MALFORMED"),
            (TrustKind.CHARTER, Outcome.TAKEN, ""),
            (TrustKind.ENTRY, Outcome.REFUSED, "NOT_A_MEMBER"),
            (TrustKind.ENTRY, Outcome.TAKEN, ""),
        ]
        assert taken[3].name.startswith("entries/AUS-1-")
        assert (tmp_path / "trust" / taken[3].name).is_file()

    def test_another_charter_than_the_pinned_one_is_not_begun_with(self, tmp_path: Path, made: FederationOf) -> None:
        store = created(tmp_path, made)
        assert code_of_load(tmp_path) == "TRUST_EMPTY"
        assert refusal(store, FederationOf("AUS", "NZL").charters[0]) == "CONFLICT"
        assert files(tmp_path) == {}
        with pytest.raises(OperatorError) as caught:
            created(tmp_path, FederationOf("AUS", "NZL"))
        assert caught.value.code == "TRUST_EXISTS"

    def test_a_joiner_begins_with_a_later_charter(self, tmp_path: Path, made: FederationOf) -> None:
        made.adopt(["AUS", "NZL", "USA"])
        store = created(tmp_path, made, charter=1)
        codes = {one.code for one in store.take_bundle(bundle_of(made), NOW_MS)}
        assert codes == {"", "OLDER"}
        assert store.load(NOW_MS).succession.effective().version == 2
        assert store.anchor() == made.charters[1].digest

    def test_a_bundle_makes_another_store_the_same(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path / "one", made)
        other = created(tmp_path / "other", made)
        other.take_bundle(store.bundle(NOW_MS), NOW_MS)
        assert held(other) == held(store)

    def test_more_signatures_under_a_charter_are_kept(self, tmp_path: Path, made: FederationOf) -> None:
        later = made.adopt(["AUS", "NZL", "USA"], by=("AUS", "NZL"))
        store = filled(tmp_path, made)
        assert take(store, made.signed(later, "USA")).outcome is Outcome.TAKEN
        (kept,) = (one for one in again(tmp_path).load(NOW_MS).succession.held.values() if one.charter.version == 2)
        assert kept.signed_by == {"AUS", "NZL", "USA"}
        assert len(files(tmp_path, TrustKind.CHARTER)) == 2


class TestVerifiedBeforeKept:
    """E08: valid signatures over what a later check refuses; never on the disk as trusted, and the floor stays."""

    def documents(self, made: FederationOf) -> dict[str, SignedDocument | bytes]:
        bad_ca = CaRow(ca_octets("USA"), "ACTIVE")
        foreign = EntryStatement("lab", "AUS", 2, NOW_MS, (bad_ca,))
        unsigned = replace(made.enter("NZL", 2), signatures=())
        by_other = made.signed(replace(made.enter("USA", 2), signatures=()), "NZL")
        sealed = made.notify("AUS", "node1", 2)
        flipped = replace(sealed, signature=sealed.signature[:-1] + bytes([sealed.signature[-1] ^ 1]))
        return {
            "entry with another's CA": made.signed(raw_entry(foreign), "AUS"),
            "entry nobody signed": unsigned,
            "entry another signed": by_other,
            "charter of two of three": made.adopt(["AUS"], by=("AUS",)),
            "notice with another signature": encode_notice_envelope(flipped),
            "list of another CA": crl.build(ca_of("AUS", "x").certificate, ca_of("AUS", "x").key, 9, {}, NOW),
            "list that drops a serial number": dropping(made),
            "list made tomorrow": made.list_revoked("USA", at=NOW + timedelta(days=1))[0],
            "no document": b"\x0a\x01x",
            "nothing": b"",
        }

    def test_what_does_not_hold_leaves_no_trace(self, tmp_path: Path, made: FederationOf) -> None:
        made.list_revoked("AUS", 77)
        store = filled(tmp_path, made)
        before = files(tmp_path), (tmp_path / "trust" / "floor").read_bytes()
        for what, document in self.documents(made).items():
            assert refusal(store, document), what
            assert before == (files(tmp_path), (tmp_path / "trust" / "floor").read_bytes()), what
            assert alarms(tmp_path) == [], what

    def test_a_document_is_taken_as_no_other_kind(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        data = encode_document(made.enter("AUS", 2))
        for kind in set(TrustKind) - {TrustKind.ENTRY}:
            taken = store.take_in(kind, data, NOW_MS)
            assert (taken.kind, taken.outcome) == (kind, Outcome.REFUSED)

    def test_what_is_too_long_is_not_looked_at(self, tmp_path: Path, made: FederationOf) -> None:
        """E07."""
        store = filled(tmp_path, made)
        for kind, limit in (("charter", 4 << 20), ("entry", 1 << 18), ("crl", 1 << 18), ("notice", 1 << 18)):
            assert store.take_in(TrustKind(kind), bytes(limit + 1), NOW_MS).code == "TOO_LARGE"


class TestNeverBack:
    def test_older_documents_are_refused_and_two_of_a_number_kept_as_evidence(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        old: list[SignedDocument | bytes] = [made.entries["AUS"], *made.list_revoked("AUS"), notice(made, "AUS", 1)]
        made.enter("AUS", 2)
        made.list_revoked("AUS")
        made.notify("AUS", "node1", 2)
        store = filled(tmp_path, made)
        assert [refusal(store, one) for one in old] == ["OLDER"] * 3
        rivals: tuple[SignedDocument | bytes, ...] = (
            made.enter("AUS", 2, ()),
            crl.build(ca_of("AUS").certificate, ca_of("AUS").key, made.parties["AUS"].crl_number, {5: NOW}, NOW),
            encode_notice_envelope(made.notify("AUS", "node1", 2, Endpoint("192.0.2.1:7443"))),
        )
        before = held(store)
        for number, one in enumerate(rivals, 1):
            assert refusal(store, one) == "CONFLICT"
            assert refusal(store, one) == "CONFLICT"
            assert len(list((tmp_path / "trust" / "evidence").iterdir())) == 2 * number
        assert held(again(tmp_path)) == before
        assert alarms(tmp_path) == ["TRUST_EVIDENCE"]

    def test_evidence_has_an_end(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        for number in range(70):
            assert refusal(store, notice(made, "AUS", 1, Endpoint(f"192.0.2.{number}:7443"))) == "CONFLICT"
        assert len(list((tmp_path / "trust" / "evidence").iterdir())) == 64

    @pytest.mark.parametrize("kind", ["entry", "crl", "notice"])
    def test_what_was_deleted_counts_as_missing_and_nothing_older_takes_its_place(
        self, tmp_path: Path, made: FederationOf, kind: str
    ) -> None:
        older = {
            "entry": encode_document(made.entries["AUS"]),
            "crl": made.list_revoked("AUS")[0],
            "notice": notice(made, "AUS", 1),
        }
        same = {
            "entry": encode_document(made.enter("AUS", 2)),
            "crl": made.list_revoked("AUS")[0],
            "notice": notice(made, "AUS", 2),
        }
        whole = held(filled(tmp_path, made))
        (name,) = (name for name in files(tmp_path, TrustKind(kind)) if "/AUS-" in name)
        for data in (None, older[kind], b"", b"x"):
            (tmp_path / "trust" / name).unlink()
            if data is not None:
                (tmp_path / "trust" / name).write_bytes(data)
            documents = again(tmp_path).load(NOW_MS)
            found = {
                "entry": "AUS" in documents.entries,
                "crl": len(documents.crls) == 3,
                "notice": "rmas://lab/AUS/node1" in documents.notices,
            }
            assert not found[kind]
            assert "TRUST_LOST" in alarms(tmp_path)
            assert refusal(again(tmp_path), older[kind]) == "OLDER"
            assert "TRUST_LOST" in alarms(tmp_path)
            assert take(again(tmp_path), same[kind]).outcome is Outcome.TAKEN
            assert alarms(tmp_path) == []
            assert held(again(tmp_path)) == whole

    @pytest.mark.parametrize("kind", ["charter", "suspension", "withdrawal"])
    @pytest.mark.parametrize("data", [None, b"", b"x"])
    def test_nobody_is_trusted_where_something_is_gone_that_lets_more_be_trusted(
        self, tmp_path: Path, made: FederationOf, kind: str, data: bytes | None
    ) -> None:
        made.adopt(["AUS", "NZL", "USA"])
        made.suspend("USA", by=("AUS", "NZL"))
        made.withdraw("USA")
        made.adopt(["AUS", "NZL", "USA"], by=("AUS", "NZL"))
        whole = held(filled(tmp_path, made))
        for name, before in files(tmp_path, TrustKind(kind)).items():
            (tmp_path / "trust" / name).unlink()
            if data is not None:
                (tmp_path / "trust" / name).write_bytes(data)
            assert code_of_load(tmp_path) == "TRUST_ROLLED_BACK"
            # Taking in something else does not make it forgotten.
            taken = take(again(tmp_path), made.enter("AUS", 2))
            assert (taken.outcome is Outcome.REFUSED) == (kind == "charter")
            assert code_of_load(tmp_path) == "TRUST_ROLLED_BACK"
            assert take(again(tmp_path), before).outcome is Outcome.TAKEN
            assert held(again(tmp_path))[0] == whole[0]
            assert alarms(tmp_path) == []

    def test_a_bundle_brings_back_all_that_is_gone(self, tmp_path: Path, made: FederationOf) -> None:
        for _ in range(4):
            made.adopt(["AUS", "NZL", "USA"])
        made.suspend("USA", by=("AUS", "NZL"))
        store = filled(tmp_path, made)
        whole, bundle = held(store), store.bundle(NOW_MS)
        for name in files(tmp_path):
            (tmp_path / "trust" / name).unlink()
        assert code_of_load(tmp_path) == "TRUST_ROLLED_BACK"
        assert {one.outcome for one in again(tmp_path).take_bundle(bundle, NOW_MS)} == {Outcome.TAKEN}
        assert held(again(tmp_path)) == whole

    def test_an_old_backup_is_brought_up_to_date_by_a_peer(self, tmp_path: Path, made: FederationOf) -> None:
        """E09: what the node was restored to is whole, and old; its peers have the rest."""
        old = filled(tmp_path / "restored", made)
        made.adopt(["AUS", "NZL", "USA"])
        made.enter("AUS", 2)
        made.list_revoked("AUS", 4)
        made.notify("AUS", "node1", 2)
        peer = filled(tmp_path / "peer", made)
        assert held(old) != held(peer)
        old.take_bundle(peer.bundle(NOW_MS), NOW_MS)
        assert held(again(tmp_path / "restored")) == held(peer)

    def test_old_documents_under_the_present_floor_are_seen(self, tmp_path: Path, made: FederationOf) -> None:
        """E09: somebody put the documents of a backup back, and not the floor."""
        store = filled(tmp_path, made)
        backup = files(tmp_path)
        made.adopt(["AUS", "NZL"])
        store.take_bundle(bundle_of(made), NOW_MS)
        for name in files(tmp_path):
            (tmp_path / "trust" / name).unlink()
        for name, data in backup.items():
            (tmp_path / "trust" / name).write_bytes(data)
        assert code_of_load(tmp_path) == "TRUST_ROLLED_BACK"


class TestFloor:
    """E12: what the node says of itself alone is authenticated."""

    def test_an_edit_is_seen(self, tmp_path: Path, made: FederationOf) -> None:
        made.suspend("USA", by=("AUS", "NZL"))
        filled(tmp_path, made)
        floor = tmp_path / "trust" / "floor"
        before = floor.read_bytes()
        other = created(tmp_path / "other", made)
        other.take_bundle(bundle_of(made), NOW_MS)
        edits = {
            "empty": b"",
            "cut": before[:-1],
            "longer": before + b"\n",
            "a number": before.replace(b'"AUS-1"', b'"AUS-2"'),
            "another MAC": bytes([before[0] ^ 1]) + before[1:],
            "another node's": (tmp_path / "other" / "trust" / "floor").read_bytes(),
        }
        for what, data in edits.items():
            assert data != before, what
            floor.write_bytes(data)
            assert code_of_load(tmp_path) == "TRUST_FLOOR_DAMAGED", what
            with pytest.raises(OperatorError):
                again(tmp_path).take_bundle(bundle_of(made), NOW_MS)
            assert floor.read_bytes() == data, what
        floor.write_bytes(before)
        assert alarms(tmp_path) == []

    def test_a_floor_or_key_that_is_gone_is_named(self, tmp_path: Path, made: FederationOf) -> None:
        filled(tmp_path, made)
        floor = tmp_path / "trust" / "floor"
        kept = floor.read_bytes()
        floor.unlink()
        assert code_of_load(tmp_path) == "TRUST_MISSING"
        floor.write_bytes(kept)
        floor.chmod(0o666)
        assert code_of_load(tmp_path) == "TRUST_UNREADABLE"
        floor.unlink()
        floor.mkdir()
        assert code_of_load(tmp_path) == "TRUST_UNREADABLE"
        layout_in(tmp_path).trust_key.unlink()
        assert code_of_load(tmp_path) == "TRUST_KEY_MISSING"

    def test_a_directory_that_is_no_directory_is_named(self, tmp_path: Path, made: FederationOf) -> None:
        """H07."""
        store = filled(tmp_path, made)
        (tmp_path / "trust").rename(tmp_path / "away")
        assert code_of_load(tmp_path) == "TRUST_MISSING"
        (tmp_path / "trust").write_bytes(b"")
        assert code_of_load(tmp_path) == "TRUST_UNREADABLE"
        with pytest.raises(OperatorError):
            store.take_bundle(bundle_of(made), NOW_MS)
        assert (tmp_path / "trust").read_bytes() == b""


class TestWhenTheCharterChanges:
    def test_a_member_that_leaves_takes_its_documents_along(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        assert take(store, made.adopt(["AUS", "NZL"])).outcome is Outcome.TAKEN
        documents = again(tmp_path).load(NOW_MS)
        assert sorted(documents.entries) == ["AUS", "NZL"]
        assert not [name for name in files(tmp_path) if "USA" in name]
        assert alarms(tmp_path) == []
        assert refusal(store, made.entries["USA"]) == "NOT_A_MEMBER"

    def test_one_that_comes_back_cannot_bring_back_an_older_entry(self, tmp_path: Path, made: FederationOf) -> None:
        old = made.entries["USA"]
        made.enter("USA", 2)
        store = filled(tmp_path, made)
        take(store, made.adopt(["AUS", "NZL"]))
        take(store, made.adopt(["AUS", "NZL", "USA"]))
        assert refusal(again(tmp_path), old) == "OLDER"
        assert take(again(tmp_path), made.entries["USA"]).outcome is Outcome.TAKEN

    def test_new_root_keys_set_the_entry_aside_and_begin_a_new_count(self, tmp_path: Path, made: FederationOf) -> None:
        """Else the highest number there is, signed with a stolen root key, would shut a member out for ever."""
        store = filled(tmp_path, made)
        take(store, made.enter("USA", 0xFFFFFFFF))
        new_roots(made, "USA")
        take(store, made.charters[-1])
        assert "USA" not in store.load(NOW_MS).entries
        assert alarms(tmp_path) == ["TRUST_SET_ASIDE"] * 3
        assert take(again(tmp_path), made.enter("USA", 1)).outcome is Outcome.TAKEN
        documents = again(tmp_path).load(NOW_MS)
        # Its CA is the same, so its list and its notice hold as before.
        assert documents.entries["USA"].number == 1
        assert (len(documents.crls), len(documents.notices)) == (3, 3)
        assert alarms(tmp_path) == []

    def test_a_fork_is_told_and_both_sides_are_kept(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        one = made.adopt(["AUS", "NZL"])
        made.charters.pop()
        other = made.adopt(["AUS", "NZL", "USA"], by=("AUS", "USA"))
        assert take(store, other).code == ""
        assert take(store, one).code == "TRUST_FORK"
        assert len(again(tmp_path).load(NOW_MS).succession.tips) == 2
        assert alarms(tmp_path)[0] == "TRUST_FORK"
        (alarm,) = (one for one in again(tmp_path).survey(NOW_MS).alarms if one.code == "TRUST_FORK")
        assert "AUS, USA signed both sides" in alarm.message
        assert len(list((tmp_path / "trust" / "evidence").glob("*.charter"))) == 2
        # Only what both say: the United States are set aside, and nothing of theirs is lost.
        assert sorted(again(tmp_path).load(NOW_MS).entries) == ["AUS", "NZL"]
        assert len(files(tmp_path, TrustKind.ENTRY)) == 3

    def test_more_forks_than_can_be_told_apart_end_all_trust(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        for number in range(MAX_TIPS + 2):
            rival = made.adopt(["AUS", "NZL", "USA"], votes=(20 + number, 21 + number))
            made.charters.pop()
            take(store, rival)
        assert again(tmp_path).load(NOW_MS).entries == {}
        assert "TRUST_BEYOND_REPAIR" in alarms(tmp_path)

    def test_a_ca_that_leaves_the_entry_takes_its_list_and_notices_along(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        store = filled(tmp_path, made)
        made.parties["AUS"].cas = [ca_of("AUS", "second")]
        take(store, made.enter("AUS", 2))
        documents = again(tmp_path).load(NOW_MS)
        assert (len(documents.crls), len(documents.notices)) == (2, 2)
        assert not [name for name in files(tmp_path) if "AUS" in name and not name.startswith("entries/")]
        assert alarms(tmp_path) == []


class TestNotices:
    def test_where_a_node_was_found_last_is_not_forgotten_with_its_leaf(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        """A node that was down for two months must find its peers again (E06)."""
        filled(tmp_path, made)
        later = NOW_MS + 61 * DAY_MS
        assert len(again(tmp_path).load(later).notices) == 3
        assert refusal(again(tmp_path), notice(made, "AUS", 2), later) == "LAPSED"

    def test_a_revoked_leaf_takes_its_notice_along_and_the_count_begins_anew(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        filled(tmp_path, made)
        take(again(tmp_path), told_by("AUS node1 message", 0xFFFFFFFF))
        assert refusal(again(tmp_path), told_by("AUS node1 anew", 2)) == "OLDER"
        serial = leaf_of("AUS node1 message").serial_number
        assert take(again(tmp_path), made.list_revoked("AUS", serial)[0]).outcome is Outcome.TAKEN
        assert "rmas://lab/AUS/node1" not in again(tmp_path).load(NOW_MS).notices
        assert refusal(again(tmp_path), told_by("AUS node1 message", 0xFFFFFFFF)) == "WRONG_ISSUER"
        assert take(again(tmp_path), told_by("AUS node1 anew", 2)).outcome is Outcome.TAKEN
        assert alarms(tmp_path) == []

    def test_an_economy_has_so_many_nodes(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        envelopes = [encode_notice_envelope(made.notify("AUS", f"n{number}")) for number in range(trust_room.MAX_NODES)]
        taken = store.take_all([(TrustKind.NOTICE, data) for data in envelopes], NOW_MS)
        assert [one.code for one in taken] == [""] * (trust_room.MAX_NODES - 1) + ["TOO_LARGE"]

    def test_no_member_fills_the_disks_of_others(
        self, tmp_path: Path, made: FederationOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = filled(tmp_path, made)
        monkeypatch.setattr(trust_room, "MAX_ECONOMY_OCTETS", 3000)
        long = [Endpoint(f"{'a' * 60}.{number:03}.example.net:7443") for number in range(16)]
        assert refusal(store, notice(made, "AUS", 2, *long)) == "TOO_LARGE"


class TestSuspensions:
    def test_a_pair_that_signs_many_is_bounded_the_same_way_in_any_order(
        self, tmp_path: Path, made: FederationOf
    ) -> None:
        many = [made.suspend("USA", ("AUS", "NZL"), NOW_MS + hour) for hour in range(20)]
        stores = []
        for seed in (1, 2):
            random.Random(seed).shuffle(many)
            store = created(tmp_path / str(seed), made)
            take(store, made.charters[0])
            for document in many:
                take(store, document)
            stores.append(store)
        first, second = (store.load(NOW_MS).suspensions for store in stores)
        assert first == second
        assert [one.starts_at - NOW_MS for one in sorted(first, key=lambda one: one.starts_at)] == list(range(16))

    def test_a_second_withdrawal_under_one_charter_says_nothing_new(self, tmp_path: Path, made: FederationOf) -> None:
        made.withdraw("USA")
        store = filled(tmp_path, made)
        second = made.parties["USA"].sign(restated(made, NOW_MS + 1))
        assert take(store, second).outcome is Outcome.KNOWN
        assert len(files(tmp_path, TrustKind.WITHDRAWAL)) == 1

    def test_one_under_a_charter_that_is_not_held_waits(self, tmp_path: Path, made: FederationOf) -> None:
        store = filled(tmp_path, made)
        later = made.adopt(["AUS", "NZL", "USA"])
        suspension = made.suspend("USA", ("AUS", "NZL"))
        assert refusal(store, suspension) == "WRONG_VERSION"
        take(store, later)
        assert take(store, suspension).outcome is Outcome.TAKEN


def notice(made: FederationOf, code: str, number: int, *endpoints: Endpoint) -> bytes:
    return encode_notice_envelope(made.notify(code, "node1", number, *endpoints))


def leaf_of(label: str) -> x509.Certificate:
    return issued("AUS", NodeName("lab", "AUS", "node1"), Role.MESSAGE, drawn_key(label), 30)


def told_by(label: str, number: int) -> bytes:
    """A notice of Australia's node, signed with the message key of this label."""
    leaf = leaf_of(label)
    endpoints = (Endpoint("192.0.2.1:7443"),)
    statement = NoticeStatement("rmas://lab/AUS/node1", number, NOW_MS, endpoints, ("answer",), 300)
    signer = KeySigner(drawn_key(label))
    return encode_notice_envelope(seal_notice(statement, signer, fingerprint(leaf), leaf.public_bytes(Encoding.DER)))


def raw_entry(statement: EntryStatement) -> SignedDocument:
    """As its maker would send it who does not care what others check."""
    return SignedDocument(PayloadType.ENTRY.value, encode_entry(statement))


def restated(made: FederationOf, at_ms: int) -> SignedDocument:
    charter = made.charter
    return draft_withdrawal(WithdrawalStatement("lab", charter.version, charter.digest, "USA", at_ms), charter)


def dropping(made: FederationOf) -> bytes:
    """A list that leaves out what the one before revoked."""
    ca = ca_of("AUS")
    return crl.build(ca.certificate, ca.key, made.parties["AUS"].crl_number + 1, {}, NOW)


def ca_octets(code: str) -> bytes:
    return ca_of(code).certificate.public_bytes(Encoding.DER)


def new_roots(made: FederationOf, code: str) -> None:
    """A charter in which a member has another root key."""
    made.parties[code].roots = [drawn_key(f"{code} root anew")]
    made.adopt(sorted(made.parties), by=[one for one in made.parties if one != code])
    made.charters[-1] = made.signed(made.charters[-1], code)
