"""The worked documents of docs/spec/9-trust.md are what the program reads, verifies, signs and writes.

The script that makes them shares no code with the program, so wherever the two agree, the page was enough to write
another node.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs.keys import decode_public
from docs.spec.worked import make_trust
from federation import entry_codec
from federation.bundle_codec import decode_notice_envelope, encode_notice_envelope
from federation.charter import Charter, RootMember, votes_needed
from federation.charter_codec import decode_document, encode_document
from federation.directory import Coverage
from federation.documents import DocumentClass
from federation.entry import CaPhase, draft_entry, read_entry
from federation.envelope import PayloadType, pre_authentication, seal
from federation.errors import BadDocument
from federation.membership import TrustDocuments, departed, others_digest
from federation.notice import read_notice
from federation.proposal import difference, propose
from federation.routes import Route
from federation.signed import RootSignature, SignedDocument, root_key_id, sign, signers
from federation.status import DocumentCode
from federation.succession import Succession, start
from federation.suspension import SUSPENSION_MS, in_force, read_suspension, read_withdrawal
from federation.trust_statements import Contact, Endpoint, Maintenance
from tests.federation.test_worked_bytes import KEYS, DeterministicSigner

WORKED = Path(make_trust.__file__).parent
ROOT_KEYS: dict[str, Any] = json.loads((WORKED / "root-keys.json").read_bytes())
TRUST: dict[str, Any] = json.loads((WORKED / "trust.json").read_bytes())
ROOT_SIGNED = ("charter-1", "charter-2", "entry", "suspension", "withdrawal")
EVERY_KEY = [key for keys in list(ROOT_KEYS.values())[1:] for key in keys]
AT: int = TRUST["at"]
DAY_MS = 86_400_000


def _octets(name: str) -> bytes:
    return bytes.fromhex(TRUST[name]["document"])


def _signed(name: str) -> SignedDocument:
    return decode_document(_octets(name))


def _public_keys() -> dict[bytes, ec.EllipticCurvePublicKey]:
    return {bytes.fromhex(key["key_id"]): decode_public(bytes.fromhex(key["public_key"])) for key in EVERY_KEY}


@cache
def _succession() -> Succession:
    first = _signed("charter-1")
    return start(first, first.digest).take(_signed("charter-2"))


def _charter(name: str) -> Charter:
    return _succession().held[_signed(name).digest].charter


def _members(*economies: str) -> list[RootMember]:
    needed = {"AUS": 1, "FJI": 1, "NZL": 2, "PHL": 1}
    return [
        RootMember(one, tuple(bytes.fromhex(key["public_key"]) for key in ROOT_KEYS[one]), needed[one])
        for one in economies
    ]


def _routes(*economies: str) -> list[Route]:
    return [Route(one, document_class, "*", one) for one in economies for document_class in DocumentClass]


def test_a_root_key_is_named_by_the_digest_of_its_public_half() -> None:
    for key in EVERY_KEY:
        assert root_key_id(bytes.fromhex(key["public_key"])).hex() == key["key_id"]


@pytest.mark.parametrize("name", ROOT_SIGNED)
class TestSigned:
    def test_every_step_of_signing_is_the_program_s(self, name: str) -> None:
        shown, document = TRUST[name], _signed(name)
        signed = pre_authentication(document.payload_type, document.payload)
        assert (document.payload_type, document.payload.hex()) == (shown["payload_type"], shown["payload"])
        assert signed.hex() == shown["pre_authentication"]
        assert document.digest.hex() == shown["digest"] == sha256(signed).hexdigest()
        assert document.signatures == tuple(
            RootSignature(bytes.fromhex(one["key_id"]), bytes.fromhex(one["signature"])) for one in shown["signatures"]
        )

    def test_every_signature_holds(self, name: str) -> None:
        document = _signed(name)
        assert signers(document, _public_keys()) == {one.key_id for one in document.signatures}

    def test_the_program_signs_to_these_very_octets(self, name: str) -> None:
        document = _signed(name)
        again = SignedDocument(document.payload_type, document.payload)
        for key in EVERY_KEY:
            if bytes.fromhex(key["key_id"]) in {one.key_id for one in document.signatures}:
                again = sign(again, DeterministicSigner(key["private_key"]))
        assert encode_document(again) == _octets(name)

    def test_an_octet_more_is_another_document_or_none(self, name: str) -> None:
        with pytest.raises(BadDocument):
            decode_document(_octets(name) + b"\0")


class TestCharters:
    def test_the_first_is_proposed_in_these_very_octets(self) -> None:
        three = ("AUS", "NZL", "PHL")
        proposal = propose((), "lab", _members(*three), _routes(*three), (2, 3), AT)
        assert proposal.payload == _signed("charter-1").payload

    def test_and_so_is_its_successor(self) -> None:
        four = ("AUS", "FJI", "NZL", "PHL")
        parents = [_charter("charter-1")]
        proposal = propose(parents, "lab", _members(*four), _routes(*four), (2, 3), AT + DAY_MS)
        assert proposal.payload == _signed("charter-2").payload

    def test_the_successor_is_in_force_by_two_votes_of_three_and_three_of_four(self) -> None:
        succession, first, second = _succession(), _charter("charter-1"), _charter("charter-2")
        votes = succession.held[second.digest].votes
        assert votes[first.digest] == {"AUS", "NZL"}
        assert votes[second.digest] == {"AUS", "FJI", "NZL"}
        assert (votes_needed(first), votes_needed(second)) == (2, 3)
        assert succession.tips == (second,)
        assert (succession.effective().version, succession.effective().digest) == (2, second.digest)

    @pytest.mark.parametrize("economy", ["AUS", "FJI", "NZL"])
    def test_without_any_one_of_them_it_is_not(self, economy: str) -> None:
        document, first = _signed("charter-2"), _signed("charter-1")
        own = {key["key_id"] for key in ROOT_KEYS[economy]}
        fewer = tuple(one for one in document.signatures if one.key_id.hex() not in own)
        with pytest.raises(BadDocument) as refused:
            start(first, first.digest).take(SignedDocument(document.payload_type, document.payload, fewer))
        assert refused.value.code is DocumentCode.TOO_FEW_VOTES

    def test_what_it_changes_is_said_in_words(self) -> None:
        changes = difference(_charter("charter-1"), _charter("charter-2"))
        key = ROOT_KEYS["FJI"][0]["key_id"][:16]
        assert changes[0] == f"FJI joins with the root key {key}."
        assert changes[1] == "Changing it takes 3 of 4 members, so far 2 of 3."


class TestEntry:
    entry = read_entry(_signed("entry"), _charter("charter-2"))

    def test_it_says_what_is_written(self) -> None:
        assert (self.entry.economy, self.entry.number, self.entry.issued_at) == ("NZL", 1, AT)
        (ca,) = self.entry.cas
        assert ca.phase is CaPhase.ACTIVE
        assert self.entry.coverage == (
            Coverage("NZL", DocumentClass.I, 1, None),
            Coverage("NZL", DocumentClass.P, 7, "2009-12-01"),
        )
        assert self.entry.contacts == (
            Contact(
                "Border Operations Centre",
                "+64 4 555 0100",
                "desk@border.example.nz",
                "24/7",
                "Pacific/Auckland",
                ("en", "mi"),
                "Passport Office, +64 4 555 0101",
            ),
        )
        assert self.entry.digest.hex() == TRUST["entry"]["digest"]

    def test_the_program_writes_these_very_octets(self) -> None:
        payload = _signed("entry").payload
        statement = entry_codec.decode_entry(payload)
        assert draft_entry(statement, _charter("charter-2")).payload == payload

    def test_one_root_key_of_the_two_needed_is_not_enough(self) -> None:
        document = _signed("entry")
        with pytest.raises(BadDocument, match="TOO_FEW_SIGNATURES"):
            read_entry(
                SignedDocument(document.payload_type, document.payload, document.signatures[:1]), _charter("charter-2")
            )


class TestNotice:
    octets = bytes.fromhex(TRUST["notice"]["envelope"])
    envelope = decode_notice_envelope(octets)
    notice = read_notice(envelope, {"NZL": TestEntry.entry}, "lab", datetime.fromtimestamp(AT / 1000, UTC))

    def test_it_says_what_is_written(self) -> None:
        assert (self.notice.node.uri, self.notice.number) == ("rmas://lab/NZL/node1", 1)
        assert self.notice.endpoints == (
            Endpoint("198.51.100.64:7443"),
            Endpoint("rmas.border.example.nz:443", "internet", 10),
        )
        assert self.notice.roles == {"answer", "ask"}
        assert self.notice.maintenance == (Maintenance(AT + 7 * DAY_MS, AT + 7 * DAY_MS + 3_600_000),)
        assert self.notice.refresh_seconds == 300

    def test_the_program_writes_these_very_octets(self) -> None:
        payload = entry_codec.encode_notice(entry_codec.decode_notice(self.envelope.payload))
        message = DeterministicSigner(KEYS["NZL"]["message"]["private_key"])
        again = seal(PayloadType.NOTICE, payload, message, self.envelope.key_id, self.envelope.certificate)
        assert encode_notice_envelope(again) == self.octets


class TestSuspensionAndWithdrawal:
    suspension = read_suspension(_signed("suspension"), _charter("charter-2"))
    withdrawal = read_withdrawal(_signed("withdrawal"), _charter("charter-2"))

    def test_a_suspension_runs_for_72_hours(self) -> None:
        starts_at = AT + 2 * DAY_MS
        digest = _charter("charter-2").digest
        found = [
            set(in_force([self.suspension], digest, now))
            for now in (starts_at - 1, starts_at, starts_at + SUSPENSION_MS - 1, starts_at + SUSPENSION_MS)
        ]
        assert found == [set(), {"PHL"}, {"PHL"}, set()]

    def test_both_are_written_in_these_very_octets(self) -> None:
        suspended, left = _signed("suspension").payload, _signed("withdrawal").payload
        assert entry_codec.encode_suspension(entry_codec.decode_suspension(suspended)) == suspended
        assert entry_codec.encode_withdrawal(entry_codec.decode_withdrawal(left)) == left

    def test_neither_is_judged_by_another_charter_than_it_names(self) -> None:
        for read, name in ((read_suspension, "suspension"), (read_withdrawal, "withdrawal")):
            with pytest.raises(BadDocument) as refused:
                read(_signed(name), _charter("charter-1"))
            assert refused.value.code in (DocumentCode.WRONG_VERSION, DocumentCode.NOT_A_MEMBER)

    def test_who_withdrew_is_gone(self) -> None:
        documents = TrustDocuments(_succession(), withdrawals=(self.withdrawal,))
        assert departed(documents) == {"FJI"}


def test_the_digest_of_all_but_the_charters_is_that_of_the_page() -> None:
    documents = TrustDocuments(
        _succession(),
        (TestSuspensionAndWithdrawal.suspension,),
        (TestSuspensionAndWithdrawal.withdrawal,),
        {"NZL": TestEntry.entry},
        {},
        {TestNotice.notice.node.uri: TestNotice.notice},
    )
    assert others_digest(documents).hex() == TRUST["versions_digest"]
