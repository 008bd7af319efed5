"""The catalogue of attacks at the level of messages: each is refused with its code, reads no list and moves no session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import NodeName
from certs.keys import fingerprint
from certs.profiles import Role
from certs.signing import KeySigner
from federation import codec
from federation.documents import ListName
from federation.envelope import PayloadType, seal
from federation.errors import Refused
from federation.fetching import FETCH_TRUST_METHOD, read_request
from federation.lookup import LOOKUP_METHOD, LookupStatement, Versions
from federation.service import OPEN_SESSION_METHOD, PeerHandler
from federation.session import SESSIONS_PER_PEER, OpenSessionStatement
from federation.status import BadAnswerCode, RefusalCode
from federation.v1 import peer_pb2
from federation.verdict import Reason, Verdict
from node.asking import Enquiry, Result
from tests import faults
from tests.caller import Caller, question
from tests.fake_lists import HOUR_MS, as_read, passport
from tests.faults import flip_bit
from tests.virtual_time import NOW_MS
from tests.world import World, drawn_key


@contextmanager
def nothing_moves(caller: Caller) -> Iterator[None]:
    """No list is read and the session stays as it was."""
    before = caller.traces()
    yield
    assert caller.traces() == before


@pytest.fixture
def caller(world: World) -> Caller:
    """New Zealand at Australia's door, with a session in which one question was answered."""
    caller = Caller(world.nzl, world.aus).open()
    assert caller.send(caller.request()) is None
    return caller


def said_no(result: Result, code: BadAnswerCode | RefusalCode) -> bool:
    """Whether the border was told "no answer" for this very reason."""
    reason = Reason.BAD_ANSWER if isinstance(code, BadAnswerCode) else Reason.REFUSED
    failure = result.judgement.failure
    return failure is not None and (failure.reason, failure.code) == (reason, code)


class TestSignatures:
    def test_no_flipped_bit_of_a_request_is_answered(self, caller: Caller) -> None:
        """A01: every position. Where the frame holds and the key is known, what is signed does not hold."""
        data = caller.request()
        envelope, opened = codec.decode_lookup_request(data)
        signed = [
            range(data.index(part), data.index(part) + len(part))
            for part in (envelope.payload, envelope.signature, opened)
        ]
        around = set[RefusalCode | None]()
        with nothing_moves(caller):
            for position in range(len(data) * 8):
                code = caller.send(flip_bit(data, position))
                if any(position // 8 in part for part in signed):
                    assert code is RefusalCode.BAD_SIGNATURE
                around.add(code)
        assert around == {RefusalCode.BAD_SIGNATURE, RefusalCode.MALFORMED, RefusalCode.SESSION_UNKNOWN}
        assert caller.send(data) is None

    def test_what_is_refused_before_a_signature_holds_leaves_no_record(self, caller: Caller) -> None:
        """A01: else anybody could fill the records."""
        before = len(caller.responder.answering_records())
        data = caller.request()
        caller.send(flip_bit(data, data.index(codec.decode_lookup_request(data)[0].signature) * 8))
        caller.send(b"")
        caller.send(caller.request(key_id=bytes(32)))
        assert len(caller.responder.answering_records()) == before

    def test_every_method_of_the_service_refuses_garbage(self, world: World) -> None:
        """A02: a method that nobody thought of here fails this test."""
        service = peer_pb2.DESCRIPTOR.services_by_name["PeerService"]
        methods = {f"/{service.full_name}/{method.name}" for method in service.methods}
        assert methods == {OPEN_SESSION_METHOD, LOOKUP_METHOD, FETCH_TRUST_METHOD}
        assert methods == PeerHandler(world.aus.worker[1], world.aus.complaints.append)._methods.keys()
        caller = Caller(world.nzl, world.aus).open()
        with nothing_moves(caller):
            for garbage in (b"", b"garbage", bytes(1000), b"\x0a\x00", b"\x0a\xff"):
                assert caller.send(garbage) is RefusalCode.MALFORMED
                assert caller.try_open(garbage) is RefusalCode.MALFORMED
                # The one that is not signed either way; tests/node/test_trust_serving.py has more.
                with pytest.raises(Refused, match="MALFORMED"):
                    read_request(garbage)
        assert not world.aus.complaints

    @pytest.mark.parametrize(
        ("rewrite", "meaning"),
        [
            (lambda payload: payload + payload, "concatenated: protobuf merges"),
            (lambda payload: payload + payload[payload.index(b"\x1a") :][:2] + b"x", "cut off"),
            (lambda payload: payload + b"\xa0\x06\x01", "a field that nobody knows"),
            (lambda payload: payload[5:] + payload[:5], "the first field last"),
            (lambda payload: payload[5:], "the first field dropped"),
            (lambda payload: payload + b"\x22\x14rmas://lab/USA/node1", "another responder, last wins"),
            (lambda payload: payload + b"\x12\x01x", "another method, last wins"),
        ],
    )
    def test_a_signed_statement_out_of_its_one_form_is_refused(
        self, caller: Caller, rewrite: Callable[[bytes], bytes], meaning: str
    ) -> None:
        """A03: dropped, doubled, reordered, unknown, merged; the signature holds over each."""
        with nothing_moves(caller):
            assert caller.send(caller.request(rewrite=rewrite)) is RefusalCode.MALFORMED, meaning

    def test_fields_around_the_envelope_change_nothing(self, caller: Caller) -> None:
        """A03: what rides outside the signature is refused or means the same."""
        data = caller.request()
        assert caller.send(data + b"\xa2\x06\x01x") is None
        other = codec.decode_lookup_request(caller.request())[1]
        with nothing_moves(caller):
            twice = caller.request() + codec.encode_lookup_request(codec.decode_lookup_request(data)[0], other)
            assert caller.send(twice) in (RefusalCode.BAD_SIGNATURE, RefusalCode.REPLAY)

    def test_the_tls_key_of_one_with_the_message_key_of_another(self, world: World, caller: Caller) -> None:
        """A04: the United States' connection, New Zealand's statement."""
        data = caller.request()
        thief = Caller(world.usa, world.aus).open()
        with nothing_moves(caller):
            assert thief.send(data) is RefusalCode.CERT_BINDING
            assert thief.try_open(caller.opening()) is RefusalCode.CERT_BINDING

    def test_a_sister_node_s_message_key_is_another_s(self, world: World, caller: Caller) -> None:
        """A04: one economy, two nodes."""
        key = drawn_key("sister")
        leaf = world.nzl.leaf(Role.MESSAGE, key, NodeName("lab", "NZL", "node2"))
        data = caller.opening(
            signer=KeySigner(key), certificate=leaf.public_bytes(Encoding.DER), key_id=fingerprint(leaf)
        )
        assert caller.try_open(data) is RefusalCode.CERT_BINDING

    @pytest.mark.parametrize("other", [one for one in PayloadType if one is not PayloadType.LOOKUP_REQUEST])
    def test_a_statement_signed_for_another_message(self, caller: Caller, other: PayloadType) -> None:
        """A06: the payload type is part of what is signed."""
        with nothing_moves(caller):
            assert caller.send(caller.request(payload_type=other)) is RefusalCode.METHOD
        assert caller.responder.answering_records()[-1].code == RefusalCode.METHOD

    @pytest.mark.parametrize("method", ["/federation.v1.PeerService/Check", OPEN_SESSION_METHOD, "", "Lookup"])
    def test_a_statement_that_names_another_method(self, caller: Caller, method: str) -> None:
        """A06: and so is the method's name."""
        with nothing_moves(caller):
            data = caller.request(change=lambda statement: replace(statement, method=method))
            assert caller.send(data) is RefusalCode.METHOD

    @pytest.mark.parametrize("version", [0, 2, 2**32 - 1])
    def test_an_old_version_in_a_lookup(self, caller: Caller, version: int) -> None:
        """A07: the session speaks version 1; nothing talks it down, or up."""
        with nothing_moves(caller):
            data = caller.request(change=lambda statement: replace(statement, protocol_version=version))
            assert caller.send(data) is RefusalCode.VERSION

    @pytest.mark.parametrize(
        ("versions", "code"),
        [((), RefusalCode.MALFORMED), ((2,), RefusalCode.VERSION), ((0,), RefusalCode.VERSION), ((0, 1, 2), None)],
    )
    def test_an_opening_without_a_common_version(
        self, caller: Caller, versions: tuple[int, ...], code: RefusalCode | None
    ) -> None:
        """A07: stripped, only newer, only older; and one that speaks ours among others."""
        data = caller.opening(change=lambda statement: replace(statement, protocol_versions=versions))
        assert caller.try_open(data) is code

    def test_a_connection_below_tls_1_3(self, caller: Caller) -> None:
        """A07: TLS itself lets 1.2 in."""
        data = caller.request()
        with nothing_moves(caller):
            caller.call = replace(caller.call, tls_version="TLSv1.2")
            assert caller.send(data) is RefusalCode.VERSION
            assert caller.try_open(caller.opening()) is RefusalCode.VERSION

    def test_the_tls_key_signs_a_lookup(self, world: World, caller: Caller) -> None:
        """A10: under its own name, and under the message key's."""
        signer = KeySigner(world.nzl.tls_key)
        with nothing_moves(caller):
            honest = caller.request(signer=signer, key_id=world.nzl.identity.tls_leaf)
            assert caller.send(honest) is RefusalCode.KEY_PURPOSE
            assert caller.send(caller.request(signer=signer)) is RefusalCode.BAD_SIGNATURE

    @pytest.mark.parametrize(
        ("key", "certificate", "code"),
        [("tls_key", "tls", RefusalCode.KEY_PURPOSE), ("ca_key", "ca", RefusalCode.NOT_MEMBER)],
    )
    def test_a_key_for_something_else_opens_a_session(
        self, world: World, caller: Caller, key: str, certificate: str, code: RefusalCode
    ) -> None:
        """A10: the TLS key with its leaf, the CA's key with its certificate."""
        private: ec.EllipticCurvePrivateKey = getattr(world.nzl, key)
        shown = getattr(world.nzl, certificate)
        data = caller.opening(
            signer=KeySigner(private), certificate=shown.public_bytes(Encoding.DER), key_id=fingerprint(shown)
        )
        assert caller.try_open(data) is code

    def test_one_key_certified_for_both_uses(self, world: World, caller: Caller) -> None:
        """A10: a CA that certifies one key twice makes one key with two purposes."""
        shared = world.nzl.leaf(Role.MESSAGE, world.nzl.tls_key)
        data = caller.opening(
            signer=KeySigner(world.nzl.tls_key),
            certificate=shared.public_bytes(Encoding.DER),
            key_id=fingerprint(shared),
        )
        assert caller.try_open(data) is RefusalCode.KEY_PURPOSE

    def test_the_same_meaning_in_other_octets_under_the_old_signature(self, caller: Caller) -> None:
        """A11: re-encoded with the fields in another order."""
        data = caller.request()
        envelope, opened = codec.decode_lookup_request(data)
        reordered = replace(envelope, payload=envelope.payload[5:] + envelope.payload[:5])
        with nothing_moves(caller):
            assert caller.send(codec.encode_lookup_request(reordered, opened)) is RefusalCode.BAD_SIGNATURE

    def test_two_answers_on_their_way_change_places(self, world: World) -> None:
        """A14: the same peer, the same session, another request."""
        world.aus.register.issue(passport("AUS", 0))
        world.ask("NZL", passport("AUS", 0))
        world.nzl.links["AUS"].faults.append(faults.only(LOOKUP_METHOD, faults.Swap()))
        both = world.run(ask_two_at_once(world))
        assert all(said_no(result, BadAnswerCode.DIGEST) for result in both)

    def test_another_member_answers(self, world: World) -> None:
        """A14: the United States' node takes the call that was for Australia's."""
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.answered_by(world.usa))
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NO_ANSWER
        assert world.usa.register.reads == 0


async def ask_two_at_once(world: World) -> list[Result]:
    """Two border officers, one moment."""
    enquiries = [Enquiry((as_read(passport("AUS", place)),)) for place in (0, 1)]
    answers = await asyncio.gather(*(world.nzl.asker.ask(enquiry) for enquiry in enquiries))
    return [result for results in answers for result in results]


class TestReplay:
    def test_a_captured_request_is_answered_once(self, caller: Caller) -> None:
        """B01: again at once, again and again, on this connection and on another."""
        data = caller.request()
        assert caller.send(data) is None
        with nothing_moves(caller):
            for place in range(100):
                caller.call = caller.caller.call(f"connection {place}")
                assert caller.send(data) is RefusalCode.REPLAY

    def test_a_captured_request_from_many_threads_at_once_is_answered_once(self, caller: Caller) -> None:
        """B01: a session's calls come on several threads of its worker."""
        for _ in range(10):
            data = caller.request()
            with ThreadPoolExecutor(16) as threads:
                codes = list(threads.map(caller.send, [data] * 32))
            assert codes.count(None) == 1
            assert codes.count(RefusalCode.REPLAY) == 31

    @pytest.mark.parametrize(
        ("before", "sequence", "code"),
        [
            ((), 0, RefusalCode.REPLAY),
            ((), 2**63, RefusalCode.REPLAY),
            ((), 2**64 - 1, RefusalCode.REPLAY),
            ((), 2**63 - 1, None),
            ((2000,), 2000, RefusalCode.REPLAY),
            ((2000,), 1999, None),
            ((2000,), 977, None),
            ((2000,), 976, RefusalCode.REPLAY),
            ((2000, 977), 977, RefusalCode.REPLAY),
            ((2**63 - 1,), 1, RefusalCode.REPLAY),
        ],
    )
    def test_sequence_numbers_at_the_edges_of_the_window(
        self, world: World, before: tuple[int, ...], sequence: int, code: RefusalCode | None
    ) -> None:
        """B02: out of order, far ahead, zero, negative, wrapped."""
        caller = Caller(world.nzl, world.aus).open()

        def numbered(number: int) -> bytes:
            return caller.request(change=lambda statement: replace(statement, sequence=number))

        assert [caller.send(numbered(number)) for number in before] == [None] * len(before)
        assert caller.send(numbered(sequence)) is code

    @pytest.mark.parametrize(
        ("issued_in", "valid_for", "code"),
        [
            (0, 10, None),
            (59, 10, None),
            (61, 10, RefusalCode.CLOCK),
            (-69, 10, None),
            (-71, 10, RefusalCode.CLOCK),
            (0, 11, RefusalCode.CLOCK),
            (0, -1, RefusalCode.CLOCK),
        ],
    )
    def test_times_outside_what_clocks_may_differ(
        self, caller: Caller, issued_in: int, valid_for: int, code: RefusalCode | None
    ) -> None:
        """B03: in seconds from the responder's clock, which it says in its refusal."""

        def timed(statement: Any) -> Any:
            issued_at = statement.issued_at + issued_in * 1000
            return replace(statement, issued_at=issued_at, not_after=issued_at + valid_for * 1000)

        reads = caller.responder.register.reads
        answer = caller.answer(caller.request(change=timed))
        assert answer.refusal == (code or 0)
        assert answer.answered_at == caller.responder.clock.now_ms()
        assert (caller.responder.register.reads == reads) == (code is not None)
        assert caller.try_open(caller.opening(change=timed)) is code

    def test_a_request_for_one_sent_on_to_another(self, world: World, caller: Caller) -> None:
        """B04: Australia passes New Zealand's request to the United States over its own connection."""
        data = caller.request(question("AUS"))
        proxy = Caller(world.aus, world.usa).open()
        assert proxy.send(data) is RefusalCode.SESSION_UNKNOWN
        Caller(world.nzl, world.usa).open()
        assert proxy.send(data) is RefusalCode.CERT_BINDING
        assert world.usa.register.reads == 0

    def test_a_request_for_one_on_the_caller_s_own_connection_to_another(self, world: World, caller: Caller) -> None:
        """B04, B05: even from New Zealand itself; the audience is inside what is signed."""
        Caller(world.nzl, world.usa).open()
        there = Caller(world.nzl, world.usa)
        assert there.send(caller.request(question("AUS"))) is RefusalCode.AUDIENCE
        assert there.try_open(caller.opening()) is RefusalCode.AUDIENCE
        assert world.usa.register.reads == 0

    def test_a_node_gets_its_own_request_back(self, world: World, caller: Caller) -> None:
        """B06: at its own door, from the one it had asked and on a connection of its own."""
        data, own_door = caller.request(), Caller(world.aus, world.nzl).open()
        assert own_door.send(data) is RefusalCode.SESSION_UNKNOWN
        to_itself = Caller(world.nzl, world.nzl)
        assert to_itself.try_open(to_itself.opening()) is RefusalCode.AUDIENCE
        assert world.nzl.register.reads == 0

    def test_a_node_gets_its_own_answer_as_a_request(self, world: World, caller: Caller) -> None:
        """B06: a response is no request, whoever signs it."""
        response = world.aus.receive(LOOKUP_METHOD, caller.call, caller.request())
        with nothing_moves(caller):
            assert caller.send(response) is RefusalCode.SESSION_UNKNOWN
            payload = codec.decode_response(response).payload
            own = world.nzl.identity
            envelope = seal(PayloadType.LOOKUP_ANSWER, payload, own.signer, own.key_id)
            assert caller.send(codec.encode_lookup_request(envelope, b"")) is RefusalCode.METHOD

    def test_an_asker_gets_its_own_request_as_the_answer(self, world: World) -> None:
        """B06."""
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.only(LOOKUP_METHOD, faults.reflect))
        assert said_no(world.ask("NZL", passport("AUS")), BadAnswerCode.BAD_SIGNATURE)

    def test_a_peer_that_opens_sessions_without_end_costs_only_itself(self, world: World) -> None:
        """B07."""
        theirs = Caller(world.usa, world.aus).open()
        first = Caller(world.nzl, world.aus, "first").open()
        for number in range(2 * SESSIONS_PER_PEER):
            Caller(world.nzl, world.aus, str(number)).open()
        assert len(world.aus.door.sessions) == SESSIONS_PER_PEER + 1
        assert first.send(first.request()) is RefusalCode.SESSION_UNKNOWN
        assert theirs.send(theirs.request()) is None

    def test_one_request_to_every_worker_is_answered_once(self, world: World) -> None:
        """B08: four workers that share nothing; a session lives in one."""
        workers = [world.aus.new_worker() for _ in range(4)]
        for place in range(20):
            world.aus.worker = workers[place % 4]
            caller = Caller(world.nzl, world.aus, str(place)).open()
            data = caller.request()
            codes = []
            for worker in workers:
                world.aus.worker = worker
                codes.append(caller.send(data))
            assert codes.count(None) == 1
            assert codes.count(RefusalCode.SESSION_UNKNOWN) == 3
        assert world.aus.register.reads == 20 * 2

    def test_a_request_outlives_no_worker(self, world: World, caller: Caller) -> None:
        """B09: killed between taking it and answering; also a second node from a copy of the first's files."""
        data = caller.request()
        world.aus.restart()
        assert caller.send(data) is RefusalCode.SESSION_UNKNOWN
        assert caller.responder.register.reads == 2
        assert caller.open().send(caller.request()) is None
        assert caller.send(data) is RefusalCode.SESSION_UNKNOWN

    def test_the_border_notices_nothing_of_a_worker_that_ended(self, world: World) -> None:
        """B09: SESSION_UNKNOWN is signed, so the asker believes it, opens a session and asks anew, once."""
        world.aus.register.issue(passport("AUS"))
        world.ask("NZL", passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.once(faults.only(LOOKUP_METHOD, faults.restart_worker)))
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR

    def test_a_clock_set_back_makes_nothing_fresh_again(self, world: World, caller: Caller) -> None:
        """B10: the window knows no clock."""
        data = caller.request()
        assert caller.send(data) is None
        world.loop.pass_time(120)
        world.aus.clock.shift = timedelta(seconds=-120)
        with nothing_moves(caller):
            assert caller.send(data) is RefusalCode.REPLAY

    def test_an_old_no_match_after_the_document_was_reported(self, world: World) -> None:
        """B12: the answer names the request it answers."""
        world.ask("NZL", passport("AUS"))
        world.aus.register.report(passport("AUS"))
        world.nzl.links["AUS"].faults.append(faults.only(LOOKUP_METHOD, faults.replay_older_response))
        assert said_no(world.ask("NZL", passport("AUS")), BadAnswerCode.DIGEST)

    @pytest.mark.parametrize("name", ListName)
    def test_a_list_that_went_back_in_time(self, world: World, name: ListName) -> None:
        """B13: what it does not find any more proves nothing; when it has caught up, it counts again."""
        register = world.aus.register
        register.issue(passport("AUS"))
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR
        register.as_of[name] = NOW_MS - 2 * HOUR_MS
        assert said_no(world.ask("NZL", passport("AUS")), BadAnswerCode.DATA_REGRESSION)
        register.as_of[name] = NOW_MS - HOUR_MS
        assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.CLEAR


CHANGES: dict[str, tuple[Callable[[LookupStatement], LookupStatement], RefusalCode]] = {
    "audience": (lambda s: replace(s, responder="rmas://lab/USA/node1"), RefusalCode.AUDIENCE),
    "sister node as audience": (lambda s: replace(s, responder="rmas://lab/AUS/node2"), RefusalCode.AUDIENCE),
    "caller": (lambda s: replace(s, caller="rmas://lab/USA/node1"), RefusalCode.CERT_BINDING),
    "caller's TLS leaf": (lambda s: replace(s, caller_tls_leaf=bytes(32)), RefusalCode.CERT_BINDING),
    "session": (lambda s: replace(s, session_id=bytes(16)), RefusalCode.SESSION_UNKNOWN),
    "another member list": (
        lambda s: replace(s, versions=replace(s.versions, charter_digest=bytes(32))),
        RefusalCode.CHARTER_OLD,
    ),
    "purpose 0": (lambda s: replace(s, purpose=0), RefusalCode.PURPOSE),
    "purpose 7": (lambda s: replace(s, purpose=7), RefusalCode.PURPOSE),
    "purpose 2^32-1": (lambda s: replace(s, purpose=2**32 - 1), RefusalCode.PURPOSE),
}


class TestBinding:
    """Each thing a session and a statement are bound to, changed alone."""

    @pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES.keys())
    def test_a_statement_bound_to_something_else(
        self, caller: Caller, change: Callable[[LookupStatement], LookupStatement], code: RefusalCode
    ) -> None:
        reads = caller.responder.register.reads
        assert caller.send(caller.request(change=change)) is code
        assert caller.responder.register.reads == reads

    def test_a_newer_member_list_is_no_reason_to_refuse(self, caller: Caller) -> None:
        """The responder is the one that is behind; it answers, and would fetch."""
        newer = Versions(1, bytes(32), bytes(32))
        assert caller.send(caller.request(change=lambda statement: replace(statement, versions=newer))) is None

    def test_other_versions_held_are_never_a_reason_to_refuse(self, caller: Caller) -> None:
        data = caller.request(
            change=lambda statement: replace(statement, versions=replace(statement.versions, others_digest=bytes(32)))
        )
        assert caller.send(data) is None

    def test_a_session_under_a_message_key_that_was_renewed(self, world: World, caller: Caller) -> None:
        """The session is bound to the leaf it was opened with, also among leaves of one node."""
        key = drawn_key("renewed")
        leaf = world.nzl.leaf(Role.MESSAGE, key)
        certificate, key_id = leaf.public_bytes(Encoding.DER), fingerprint(leaf)
        other = Caller(world.nzl, world.aus, "other")
        assert other.try_open(other.opening(signer=KeySigner(key), certificate=certificate, key_id=key_id)) is None
        with nothing_moves(caller):
            data = caller.request(signer=KeySigner(key), key_id=key_id)
            assert caller.send(data) is RefusalCode.SESSION_UNKNOWN

    def test_an_opening_without_a_certificate(self, caller: Caller) -> None:
        assert caller.try_open(caller.opening(certificate=b"")) is RefusalCode.MALFORMED

    def test_an_opening_whose_key_id_is_of_another_certificate(self, caller: Caller) -> None:
        assert caller.try_open(caller.opening(key_id=bytes(32))) is RefusalCode.CERT_BINDING

    def test_an_opening_that_names_somebody_else(self, caller: Caller) -> None:
        def named(statement: OpenSessionStatement) -> OpenSessionStatement:
            return replace(statement, caller="rmas://lab/USA/node1")

        assert caller.try_open(caller.opening(change=named)) is RefusalCode.CERT_BINDING

    @pytest.mark.parametrize("encoded", [b"", b"garbage"])
    def test_a_connection_without_a_leaf(self, caller: Caller, encoded: bytes) -> None:
        """C01: should TLS ever let one in."""
        data = caller.request()
        with nothing_moves(caller):
            caller.call = replace(caller.call, tls_leaf=encoded)
            assert caller.send(data) is RefusalCode.NOT_MEMBER
            assert caller.try_open(caller.opening()) is RefusalCode.NOT_MEMBER

    @pytest.mark.parametrize("days", [31, -1])
    def test_a_leaf_outside_its_dates_on_an_open_connection(self, world: World, caller: Caller, days: int) -> None:
        """C04, C05: revocation and expiry bite on connections that are open (oracle 5)."""
        world.nzl.clock.shift = world.aus.clock.shift = timedelta(days=days)
        with nothing_moves(caller):
            assert caller.send(caller.request()) is RefusalCode.NOT_MEMBER

    def test_a_message_leaf_outside_its_dates_in_an_open_session(self, world: World) -> None:
        """C04: the TLS leaf is good for another four weeks; the one that signs is not."""
        world.nzl.rekey(days=1)
        caller = Caller(world.nzl, world.aus).open()
        assert caller.send(caller.request()) is None
        world.loop.pass_time(60)
        world.nzl.clock.shift = world.aus.clock.shift = timedelta(days=2)
        with nothing_moves(caller):
            assert caller.send(caller.request()) is RefusalCode.NOT_MEMBER

    def test_a_blocked_peer_on_an_open_connection(self, world: World, caller: Caller) -> None:
        """Oracle 5: a block here acts at once, on what is open too."""
        data = caller.request()
        with nothing_moves(caller):
            world.aus.block("NZL")
            assert caller.send(data) is RefusalCode.SUSPENDED
            assert caller.try_open(caller.opening()) is RefusalCode.SUSPENDED
