"""Trust documents handed out: to whom, from what, and over a real port with callers and peers that mean harm."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from federation import client as client_module
from federation import fetching
from federation.admission import Call
from federation.bundle_codec import MAX_BUNDLE_OCTETS
from federation.channel import ChannelKeys, GrpcChannel, PeerTooSlow, PeerUnreachable
from federation.directory import Node
from federation.errors import BadDocument, Distrusted, Malformed, Refused
from federation.fetch_codec import (
    CHUNK_OCTETS,
    FetchRequest,
    FetchResponse,
    decode_fetch_response,
    encode_fetch_request,
    encode_fetch_response,
)
from federation.fetching import FETCH_COST, FETCH_TRUST_METHOD, Offer, offer_of
from federation.lookup import Versions
from federation.service import ServerIdentity, ServerKeys, build_server
from federation.status import DocumentCode, RefusalCode
from node.errors import OperatorError
from node.trust_serving import AGAIN_SECONDS, MOST_ON_THEIR_WAY
from node.trust_store import TrustStore
from tests.federation.federation_of import FederationOf
from tests.federation.test_server_identity import Ca, Echo
from tests.node.trust_holder import Holder, made
from tests.node.trust_home import bundle_of
from tests.raw_h2 import RawConnection, Reply, connect, frame

__all__ = ["made"]

ANY = encode_fetch_request(FetchRequest(bytes(32), bytes(32)))
RESOURCE_EXHAUSTED, PERMISSION_DENIED = 8, 7


@pytest.fixture
def aus(tmp_path: Path, made: FederationOf) -> Holder:
    return Holder(tmp_path / "aus", made, "AUS")


@pytest.fixture
def nzl(tmp_path: Path, made: FederationOf) -> Holder:
    return Holder(tmp_path / "nzl", made, "NZL")


def refusal(aus: Holder, call: Call, data: bytes = ANY) -> RefusalCode:
    with pytest.raises(Refused) as refused:
        aus.serving.fetch_trust(call, data)
    return refused.value.code


class TestToWhom:
    def test_a_member_gets_all_that_is_held(self, aus: Holder, nzl: Holder) -> None:
        response = decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY))
        assert response.chunk == aus.store.bundle(aus.clock.now_ms())

    def test_a_suspended_member_does_too(self, aus: Holder, nzl: Holder, made: FederationOf) -> None:
        made.suspend("NZL", ("AUS", "USA"))
        aus.take(bundle_of(made))
        aus.adopt()
        with pytest.raises(Distrusted):
            aus.trust.check_member("NZL", aus.clock.now())
        assert decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY)).chunk

    def test_a_member_blocked_here_does_too(self, aus: Holder, nzl: Holder) -> None:
        aus.block("NZL")
        assert decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY)).chunk

    def test_a_member_whose_list_is_too_old_does_too(self, aus: Holder, nzl: Holder) -> None:
        """ATTACKS E06."""
        aus.elapsed = 11 * 86_400
        assert decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY)).chunk

    def test_a_revoked_leaf_does_not(self, aus: Holder, nzl: Holder, made: FederationOf) -> None:
        made.list_revoked("NZL", nzl.tls.serial_number)
        aus.take(bundle_of(made))
        aus.adopt()
        assert refusal(aus, nzl.call) is RefusalCode.NOT_MEMBER

    def test_who_is_no_member_any_more_does_not(self, aus: Holder, nzl: Holder, made: FederationOf) -> None:
        made.adopt(("AUS", "USA"))
        aus.take(bundle_of(made))
        aus.adopt()
        assert refusal(aus, nzl.call) is RefusalCode.NOT_MEMBER

    @pytest.mark.parametrize("leaf", [b"", b"-----BEGIN CERTIFICATE-----\n"])
    def test_who_shows_no_leaf_does_not(self, aus: Holder, nzl: Holder, leaf: bytes) -> None:
        assert refusal(aus, replace(nzl.call, tls_leaf=leaf)) is RefusalCode.NOT_MEMBER

    def test_nobody_does_below_tls_1_3(self, aus: Holder, nzl: Holder) -> None:
        assert refusal(aus, replace(nzl.call, tls_version="TLSv1.2")) is RefusalCode.VERSION

    def test_each_call_costs_the_member_what_opening_a_session_does(self, aus: Holder, nzl: Holder) -> None:
        grant = aus.door.grant_for("NZL")
        assert grant is not None
        aus.trust.adopt(replace(aus.directory(), members=without_grants(aus)))
        for _ in range(500 // FETCH_COST):
            aus.serving.fetch_trust(nzl.call, ANY)
        assert refusal(aus, nzl.call) is RefusalCode.RATE
        # Refused before anything of it is read.
        assert refusal(aus, nzl.call, b"garbage") is RefusalCode.RATE

    @pytest.mark.parametrize(
        "garbage",
        [b"", b"garbage", bytes(1000), ANY + b"\x00", ANY * 2],
        ids=["nothing", "text", "zeros", "one octet more", "twice"],
    )
    def test_garbage_is_refused(self, aus: Holder, nzl: Holder, garbage: bytes) -> None:
        """ATTACKS A02."""
        assert refusal(aus, nzl.call, garbage) is RefusalCode.MALFORMED


def without_grants(holder: Holder) -> dict[str, object]:
    directory = holder.directory()
    return {**directory.members, holder.code: replace(directory.members[holder.code], grants={})}


class TestFromWhat:
    def test_nothing_is_read_while_nothing_moves(
        self, monkeypatch: pytest.MonkeyPatch, aus: Holder, nzl: Holder, made: FederationOf
    ) -> None:
        first = decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY))

        def reads(*_: object) -> bytes:
            raise AssertionError("the disk was read")

        with monkeypatch.context() as patched:
            patched.setattr("node.plain_file.read", reads)
            assert decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY)) == first
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        assert decode_fetch_response(aus.serving.fetch_trust(nzl.call, ANY)).bundle != first.bundle

    def test_while_one_call_reads_what_is_new_others_are_not_held_up(
        self, monkeypatch: pytest.MonkeyPatch, aus: Holder, nzl: Holder, made: FederationOf
    ) -> None:
        before = aus.serving.fetch_trust(nzl.call, ANY)
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        reading, go = threading.Event(), threading.Event()
        load = TrustStore.load

        def slow(store: TrustStore, now_ms: int) -> object:
            reading.set()
            assert go.wait(10)
            return load(store, now_ms)

        monkeypatch.setattr(TrustStore, "load", slow)
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(aus.serving.fetch_trust(nzl.call, ANY)))
        reader.start()
        try:
            assert reading.wait(10)
            assert aus.serving.fetch_trust(nzl.call, ANY) == before
        finally:
            go.set()
            reader.join()
        assert got != [before]

    @pytest.mark.parametrize(
        "error",
        [OperatorError("TRUST_ROLLED_BACK", "It is gone."), BadDocument(DocumentCode.TOO_LARGE, "Too many.")],
        ids=["gone", "too large"],
    )
    def test_what_cannot_be_read_is_a_fault_and_tried_again_but_not_at_each_call(
        self, monkeypatch: pytest.MonkeyPatch, aus: Holder, nzl: Holder, error: Exception
    ) -> None:
        tried = 0

        def fails(*_: object) -> bytes:
            nonlocal tried
            tried += 1
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(TrustStore, "bundle", fails)
            for _ in range(5):
                with pytest.raises(type(error)):
                    aus.serving.fetch_trust(nzl.call, ANY)
        assert tried == 1
        aus.elapsed += AGAIN_SECONDS
        assert aus.serving.fetch_trust(nzl.call, ANY)

    def test_so_many_answers_wait_for_one_member_and_no_more(self, aus: Holder, nzl: Holder) -> None:
        gone: list[Callable[[], None]] = []

        def when_gone(act: Callable[[], None]) -> bool:
            gone.append(act)
            return True

        call = replace(nzl.call, when_gone=when_gone)
        for _ in range(MOST_ON_THEIR_WAY):
            aus.serving.fetch_trust(call, ANY)
        assert refusal(aus, call) is RefusalCode.OVERLOADED
        gone.pop()()
        aus.serving.fetch_trust(call, ANY)
        assert refusal(aus, call) is RefusalCode.OVERLOADED
        for act in gone:
            act()
        # One that was broken off before is not counted.
        for _ in range(3 * MOST_ON_THEIR_WAY):
            aus.serving.fetch_trust(replace(call, when_gone=lambda _: False), ANY)


class Serving(Echo):
    """Hands out whatever ``answer`` makes of a request, to a caller whose leaf is ``leaf`` (that of the transport is of
    the real time, the federation's of another)."""

    def __init__(self, answer: Callable[[Call, bytes], bytes], leaf: bytes = b"") -> None:
        self.answer = answer
        self.leaf = leaf
        self.versions: set[str] = set()

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        self.versions.add(call.tls_version)
        return self.answer(replace(call, tls_leaf=self.leaf), data)


class Port:
    """A server of AUS on this machine, and NZL as its caller."""

    def __init__(self, answerer: Serving) -> None:
        self.ca, self.caller = Ca("AUS"), Ca("NZL")
        self.faults: list[BaseException] = []
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.number = probe.getsockname()[1]
        key, chain, _ = self.ca.leaf(2)
        identity = ServerIdentity(ServerKeys(key, chain, self.caller.pem))
        self.server = build_server(answerer, identity, [f"127.0.0.1:{self.number}"], 4, self.faults.append)
        self.key, self.chain, _ = self.caller.leaf(9)

    def channel(self, nzl: Holder) -> GrpcChannel:
        name = nzl.trust.directory.members["AUS"].nodes[0].name
        node = Node(name, frozenset({"answer"}), (f"127.0.0.1:{self.number}",))
        return GrpcChannel(node, ChannelKeys(self.key, self.chain, self.ca.pem))

    def raw(self, home: Path) -> RawConnection:
        held = home / "caller.pem"
        held.write_bytes(self.key + self.chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.ca.pem.decode())
        context.load_cert_chain(held)
        context.set_alpn_protocols(["h2"])
        return RawConnection(connect(self.number, context, "node1.aus.lab"))


@contextmanager
def port(answerer: Serving) -> Iterator[Port]:
    at = Port(answerer)
    at.server.start()
    try:
        yield at
    finally:
        at.server.stop(None).wait(10)


def fetched(nzl: Holder, at: Port) -> bytes:
    """What NZL fetches there, unverified."""

    async def run() -> bytes:
        channel = at.channel(nzl)
        try:
            download = await nzl.client("AUS", channel).fetch_trust(None, asyncio.Semaphore(1))
            return download.data
        finally:
            await channel.close()

    return asyncio.run(run())


class TestOverAPort:
    def test_documents_reach_a_peer(self, aus: Holder, nzl: Holder, made: FederationOf) -> None:
        """ATTACKS E05."""
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        answerer = Serving(aus.serving.fetch_trust, nzl.call.tls_leaf)
        with port(answerer) as at:

            async def run() -> None:
                channel = at.channel(nzl)
                fetch, _ = nzl.fetching(nzl.client("AUS", channel))
                await fetch.first_round(10)
                await fetch.close()
                await channel.close()

            asyncio.run(run())
            assert at.faults == []
        assert nzl.others == aus.others
        assert answerer.versions == {"TLSv1.3"}

    def test_the_largest_bundle_comes_in_pieces_that_each_fit(self, nzl: Holder) -> None:
        held = offer_of(Versions(9, b"\x09" * 32, b"\x08" * 32), bytes(range(256)) * (MAX_BUNDLE_OCTETS // 256))
        with port(Serving(lambda _, data: fetching.answer_fetch(fetching.read_request(data), held))) as at:
            assert fetched(nzl, at) == held.data

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (Refused(RefusalCode.NOT_MEMBER, "X1234567"), "PERMISSION_DENIED"),
            (Refused(RefusalCode.VERSION, "X1234567"), "PERMISSION_DENIED"),
            (Refused(RefusalCode.RATE, "X1234567", retry_after=3), "RESOURCE_EXHAUSTED"),
            (Refused(RefusalCode.OVERLOADED, "X1234567"), "RESOURCE_EXHAUSTED"),
            (Refused(RefusalCode.MALFORMED, "X1234567"), "INVALID_ARGUMENT"),
            (Refused(RefusalCode.NO_DATA, "X1234567"), "UNIMPLEMENTED"),
            (OperatorError("TRUST_ROLLED_BACK", "X1234567"), "INTERNAL"),
        ],
        ids=str,
    )
    def test_a_refusal_is_a_status_without_detail(self, nzl: Holder, error: Exception, status: str) -> None:
        def refuse(_call: Call, _data: bytes) -> bytes:
            raise error

        with port(Serving(refuse)) as at:
            with pytest.raises(PeerUnreachable) as refused:
                fetched(nzl, at)
            assert (refused.value.status, refused.value.lost) == (status, False)
            assert "X1234567" not in str(refused.value)
            assert at.faults == ([error] if status == "INTERNAL" else [])

    def test_the_other_methods_tell_no_refusal_that_way(self, tmp_path: Path) -> None:
        """A refusal of theirs is a sealed answer; one that is raised is a fault like any other."""

        class Raising(Serving):
            def lookup(self, call: Call, data: bytes) -> bytes:
                del call, data
                raise Refused(RefusalCode.NOT_MEMBER, "raised")

        with port(Raising(lambda _, data: data)) as at, at.raw(tmp_path) as line:
            assert line.call(b"/federation.v1.PeerService/Lookup", b"").grpc_status == 13
            assert len(at.faults) == 1


def endless(_call: Call, _data: bytes) -> bytes:
    return encode_fetch_response(FetchResponse(b"\x05" * 32, MAX_BUNDLE_OCTETS, bytes(CHUNK_OCTETS)))


def over_the_top(_call: Call, _data: bytes) -> bytes:
    return encode_fetch_response(FetchResponse(b"\x05" * 32, MAX_BUNDLE_OCTETS + 1, bytes(CHUNK_OCTETS)))


def too_long(_call: Call, _data: bytes) -> bytes:
    return encode_fetch_response(FetchResponse(b"\x05" * 32, MAX_BUNDLE_OCTETS, bytes(CHUNK_OCTETS + 1)))


def no_message(_call: Call, _data: bytes) -> bytes:
    return b"\xff" * 1000


class TestPeersThatMeanHarm:
    @pytest.mark.parametrize("lie", [endless, over_the_top, too_long, no_message], ids=lambda lie: lie.__name__)
    def test_what_they_hand_over_is_cut_off(self, nzl: Holder, lie: Callable[[Call, bytes], bytes]) -> None:
        """ATTACKS E07."""
        with port(Serving(lie)) as at, pytest.raises(Malformed):
            fetched(nzl, at)

    def test_a_message_longer_than_any_is_cut_off_by_the_transport(self, nzl: Holder) -> None:
        """ATTACKS E07."""
        with port(Serving(lambda *_: bytes(300 * 1024))) as at, pytest.raises(PeerUnreachable):
            fetched(nzl, at)

    def test_one_that_never_answers_is_left_after_5_s(self, monkeypatch: pytest.MonkeyPatch, nzl: Holder) -> None:
        """ATTACKS E07: five seconds, here a fifth of one."""
        assert fetching.CALL_SECONDS == 5
        monkeypatch.setattr(client_module, "CALL_SECONDS", 0.2)
        go = threading.Event()

        def silent(_call: Call, data: bytes) -> bytes:
            go.wait(10)
            return data

        with port(Serving(silent)) as at:
            try:
                with pytest.raises(PeerTooSlow):
                    fetched(nzl, at)
            finally:
                go.set()

    def test_one_that_answers_slowly_is_left_after_30_s(self, monkeypatch: pytest.MonkeyPatch, nzl: Holder) -> None:
        """ATTACKS E07: half a minute in all, here half a second; each single call is in time."""
        assert fetching.FETCH_SECONDS == 30
        monkeypatch.setattr(client_module, "FETCH_SECONDS", 0.5)
        pause = threading.Event()

        def slow(call: Call, data: bytes) -> bytes:
            pause.wait(0.1)
            return endless(call, data)

        with port(Serving(slow)) as at, pytest.raises(PeerTooSlow):
            fetched(nzl, at)


class TestCallersThatMeanHarm:
    def test_one_that_reads_nothing_has_few_answers_waiting(self, tmp_path: Path, aus: Holder, nzl: Holder) -> None:
        """ATTACKS E07: each would be 200 KiB that wait in this node's memory, on as many connections as it likes."""
        large = Offer(bytes(32), b"\x01" * 32, bytes(MAX_BUNDLE_OCTETS), b"\x05" * 32)
        aus.serving._offered = (aus.serving._moved(), large)
        with port(Serving(aus.serving.fetch_trust, nzl.call.tls_leaf)) as at:
            lines = [at.raw(tmp_path) for _ in range(2)]
            replies: list[tuple[RawConnection, Reply]] = []
            for line in lines:
                replies += [
                    (line, line.send(FETCH_TRUST_METHOD.encode(), frame(ANY))) for _ in range(MOST_ON_THEIR_WAY)
                ]
            until = time.monotonic() + 10
            while aus.serving._on_their_way.get("NZL", 0) < MOST_ON_THEIR_WAY and time.monotonic() < until:
                threading.Event().wait(0.02)
            assert aus.serving._on_their_way == {"NZL": MOST_ON_THEIR_WAY}
            statuses = [line.receive(reply).grpc_status for line, reply in replies]
            assert (
                sorted(map(str, statuses)) == ["0"] * MOST_ON_THEIR_WAY + [str(RESOURCE_EXHAUSTED)] * MOST_ON_THEIR_WAY
            )
            # Who reads is served again.
            until = time.monotonic() + 10
            while aus.serving._on_their_way and time.monotonic() < until:
                threading.Event().wait(0.02)
            assert lines[0].call(FETCH_TRUST_METHOD.encode(), ANY).grpc_status == 0
            for line in lines:
                line.close()
            until = time.monotonic() + 10
            while aus.serving._on_their_way and time.monotonic() < until:
                threading.Event().wait(0.02)
            assert aus.serving._on_their_way == {}

    def test_one_that_is_no_member_any_more_hears_so_on_an_open_connection(
        self, tmp_path: Path, aus: Holder, nzl: Holder, made: FederationOf
    ) -> None:
        with port(Serving(aus.serving.fetch_trust, nzl.call.tls_leaf)) as at, at.raw(tmp_path) as line:
            assert line.call(FETCH_TRUST_METHOD.encode(), ANY).grpc_status == 0
            made.adopt(("AUS", "USA"))
            aus.take(bundle_of(made))
            aus.adopt()
            reply = line.call(FETCH_TRUST_METHOD.encode(), ANY)
            assert (reply.grpc_status, reply.body) == (PERMISSION_DENIED, b"")
