"""What one node takes in reaches the others; what peers hand over that does not hold changes nothing, and is counted."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from certs.profiles import Role
from federation import fetching
from federation.bundle_codec import TrustBundle, decode_bundle, encode_bundle
from federation.channel import PeerTooSlow, PeerUnreachable
from federation.charter_codec import encode_document
from federation.client import PeerClient
from federation.errors import Refused
from federation.fetch_codec import CHUNK_OCTETS, FetchResponse, encode_fetch_response
from federation.fetching import answer_fetch, offer_of, read_request
from federation.lookup import Versions
from node.errors import OperatorError
from node.trust_fetching import EVERY_SECONDS, HURRY_SECONDS, JITTER_SECONDS, LARGE_AT_ONCE, SEEN_SECONDS, FetchTrust
from node.trust_files import TrustKind
from tests.federation.federation_of import FederationOf
from tests.node.trust_holder import Holder, OnlyClients, Wire, made, wire
from tests.node.trust_home import bundle_of, files
from tests.virtual_time import NOW

__all__ = ["made"]

ANY_VERSIONS = Versions(9, b"\x09" * 32, b"\x08" * 32)


def rounds(fetch: FetchTrust, holder: Holder, number: int = 1, seconds: float = 61.0) -> None:
    """So many rounds of asking everybody, each a minute after the one before; what came is adopted after each."""

    async def run() -> None:
        for _ in range(number):
            await fetch.first_round(20)
            holder.adopt()
            holder.elapsed += seconds

    asyncio.run(run())


def handing_out(bundle: bytes) -> Wire:
    """A peer that hands this over, whatever it is asked."""
    return Wire(lambda data: answer_fetch(read_request(data), offer_of(ANY_VERSIONS, bundle)))


@pytest.fixture
def nzl(tmp_path: Path, made: FederationOf) -> Holder:
    return Holder(tmp_path / "nzl", made, "NZL")


@pytest.fixture
def aus(tmp_path: Path, made: FederationOf) -> Holder:
    return Holder(tmp_path / "aus", made, "AUS")


CHANGES: dict[str, Callable[[FederationOf], Any]] = {
    "revocation list": lambda made: made.list_revoked("AUS", 4711),
    "suspension": lambda made: made.suspend("USA", ("AUS", "NZL")),
    "withdrawal": lambda made: made.withdraw("USA"),
    "entry": lambda made: made.enter("AUS", 2),
    "notice": lambda made: made.notify("USA", "node1", 2),
    "charter": lambda made: made.adopt(("AUS", "NZL")),
}


class TestSpreading:
    @pytest.mark.parametrize("change", CHANGES)
    def test_what_one_takes_in_reaches_the_other_at_its_next_turn(
        self, nzl: Holder, aus: Holder, made: FederationOf, change: str
    ) -> None:
        """ATTACKS E05: whoever can reach any holder has it within a minute."""
        CHANGES[change](made)
        fetch, said = nzl.fetching(nzl.client("AUS", wire(nzl, aus)))
        rounds(fetch, nzl)
        assert said() == []
        aus.take(bundle_of(made))
        rounds(fetch, nzl)
        assert nzl.directory().versions == aus.directory().versions == made.directory("NZL").versions
        (line,) = said()
        assert (line["event"], line["peer"]) == ("trust documents taken in", "rmas://lab/AUS/node1")
        assert line["taken"] >= 1

    def test_it_goes_from_one_to_the_next_without_its_maker(
        self, tmp_path: Path, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        """AUS's list reaches NZL by USA."""
        usa = Holder(tmp_path / "usa", made, "USA")
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        for at, source in ((usa, aus), (nzl, usa)):
            rounds(at.fetching(at.client(source.code, wire(at, source)))[0], at)
        assert nzl.others == aus.others

    def test_where_the_same_is_held_next_to_nothing_is_sent(self, nzl: Holder, aus: Holder) -> None:
        line = wire(nzl, aus)
        rounds(nzl.fetching(nzl.client("AUS", line))[0], nzl, 3)
        assert len(line.carried) == 3
        assert max(line.carried) < 10

    def test_a_peer_that_holds_older_documents_changes_nothing_and_is_no_fault(
        self, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        made.list_revoked("AUS", 4711)
        made.enter("USA", 2)
        nzl.take(bundle_of(made))
        nzl.adopt()
        before, line = nzl.others, wire(nzl, aus)
        fetch, said = nzl.fetching(nzl.client("AUS", line))
        rounds(fetch, nzl, 3)
        assert nzl.others == before
        assert said() == []
        assert fetch.describe("rmas://lab/AUS/node1")["refused"] == 0
        # It was looked at once; from then on the peer only says that it still has the same.
        assert line.carried[0] > 1000
        assert max(line.carried[1:]) < 100

    def test_what_was_looked_at_comes_again_once_we_hold_something_else(
        self, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        """For a document may wait for another: what could not be placed may have its place now."""
        made.list_revoked("AUS", 4711)
        nzl.take(bundle_of(made))
        nzl.adopt()
        line = wire(nzl, aus)
        fetch, _ = nzl.fetching(nzl.client("AUS", line))
        rounds(fetch, nzl, 2)
        made.enter("USA", 2)
        nzl.take(bundle_of(made))
        nzl.adopt()
        rounds(fetch, nzl)
        assert [octets > 1000 for octets in line.carried] == [True, False, True]
        rounds(fetch, nzl, 2, SEEN_SECONDS)
        assert [octets > 1000 for octets in line.carried[3:]] == [False, True]

    def test_a_bundle_of_many_pieces_comes_whole(
        self, monkeypatch: pytest.MonkeyPatch, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        monkeypatch.setattr(fetching, "CHUNK_OCTETS", 700)
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        line = wire(nzl, aus)
        rounds(nzl.fetching(nzl.client("AUS", line))[0], nzl)
        assert len(line.carried) > 5
        assert nzl.others == aus.others


class TestWhoeverMayNotAsk:
    """Only a stranger and a revoked leaf are turned away; see also tests/node/test_trust_serving.py."""

    def test_a_suspended_member_is_fetched_from(self, nzl: Holder, aus: Holder, made: FederationOf) -> None:
        made.suspend("AUS", ("NZL", "USA"))
        nzl.take(bundle_of(made))
        nzl.adopt()
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        rounds(nzl.fetching(nzl.client("AUS", wire(nzl, aus)))[0], nzl)
        assert nzl.others == aus.others

    def test_a_member_whose_list_is_too_old_is_fetched_from(self, nzl: Holder, aus: Holder, made: FederationOf) -> None:
        """ATTACKS E06: the fresh list that ends it comes from the very member."""
        later = timedelta(days=11)
        nzl.elapsed = aus.elapsed = later.total_seconds()
        with pytest.raises(Refused):
            nzl.trust.leaf(aus.call.tls_leaf, Role.TLS, nzl.clock.now())
        made.list_revoked("AUS", 4711, at=NOW + later)
        aus.take(bundle_of(made))
        rounds(nzl.fetching(nzl.client("AUS", wire(nzl, aus)))[0], nzl)
        nzl.trust.leaf(aus.call.tls_leaf, Role.TLS, nzl.clock.now())

    def test_a_member_blocked_here_is_fetched_from(self, nzl: Holder, aus: Holder, made: FederationOf) -> None:
        nzl.block("AUS")
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        rounds(nzl.fetching(nzl.client("AUS", wire(nzl, aus)))[0], nzl)
        assert nzl.others == aus.others

    def test_a_node_known_to_be_down_is_asked_all_the_same(self, nzl: Holder, aus: Holder) -> None:
        client = nzl.client("AUS", line := wire(nzl, aus))
        client.up = False
        rounds(nzl.fetching(client)[0], nzl)
        assert len(line.carried) == 1


def forgeries(made: FederationOf) -> TrustBundle:
    """All that is published, and beside it what nobody signed."""
    held = decode_bundle(bundle_of(made))
    crl = next(iter(made.crls.values()))
    newer = made.enter("USA", 2)
    unsigned = replace(newer, signatures=tuple(replace(one, signature=bytes(64)) for one in newer.signatures))

    broken = crl[:-1] + bytes([crl[-1] ^ 1])
    return replace(held, documents=(*held.documents, encode_document(unsigned)), crls=(*held.crls, broken))


class TestForged:
    def test_forged_documents_are_refused_counted_and_told_and_the_true_ones_beside_them_taken(
        self, tmp_path: Path, nzl: Holder, made: FederationOf
    ) -> None:
        """ATTACKS E08: nothing is believed for its sender, nor for what stands beside it."""
        made.list_revoked("AUS", 4711)
        bundle = encode_bundle(forgeries(made))
        entries = files(tmp_path / "nzl", TrustKind.ENTRY)
        fetch, said = nzl.fetching(nzl.client("AUS", handing_out(bundle)))
        rounds(fetch, nzl, 3)
        assert files(tmp_path / "nzl", TrustKind.ENTRY) == entries
        assert 4711 in {serial for _, serial in nzl.directory().standings["AUS"].revoked}
        lines = said()
        assert [line["event"] for line in lines] == ["trust documents taken in", "trust documents refused"]
        assert (lines[1]["level"], lines[1]["refused"], lines[1]["code"]) == ("warning", 2, "BAD_SIGNATURE")
        state = fetch.describe("rmas://lab/AUS/node1")
        assert (state["refused"], state["refused_code"], state["code"]) == (2, "BAD_SIGNATURE", None)

    def test_what_is_refused_no_more_is_forgotten(self, nzl: Holder, aus: Holder, made: FederationOf) -> None:
        line = handing_out(encode_bundle(forgeries(made)))
        fetch, _ = nzl.fetching(nzl.client("AUS", line))
        rounds(fetch, nzl, 2)
        assert fetch.describe("rmas://lab/AUS/node1")["refused"] == 2
        line.answer = wire(nzl, aus).answer
        rounds(fetch, nzl)
        assert fetch.describe("rmas://lab/AUS/node1")["refused"] == 0

    @pytest.mark.parametrize("junk", [b"x", b"\x0a\x00" * 5000, b"\xff" * 300_000], ids=["text", "parts", "large"])
    def test_what_is_no_bundle_is_told(self, tmp_path: Path, nzl: Holder, junk: bytes) -> None:
        """ATTACKS E07."""
        before = files(tmp_path / "nzl")
        fetch, said = nzl.fetching(nzl.client("AUS", handing_out(junk)))
        rounds(fetch, nzl)
        assert files(tmp_path / "nzl") == before
        (line,) = said()
        assert (line["event"], line["code"]) == (
            "trust documents cannot be fetched",
            "TOO_LARGE" if junk[0] == 0x0A else "MALFORMED",
        )


def fails_with(error: Exception) -> Wire:
    def answer(_: bytes) -> bytes:
        raise error

    return Wire(answer)


FAILURES: Sequence[tuple[Exception, str, str]] = [
    (PeerUnreachable("UNAVAILABLE: gone", status="UNAVAILABLE"), "PEER_UNREACHABLE", "info"),
    (PeerTooSlow("no answer"), "DEADLINE", "info"),
    (PeerUnreachable("PERMISSION_DENIED: ", lost=False, status="PERMISSION_DENIED"), "PERMISSION_DENIED", "info"),
    (PeerUnreachable("UNIMPLEMENTED: ", lost=False, status="UNIMPLEMENTED"), "UNIMPLEMENTED", "info"),
]


class TestFailing:
    @pytest.mark.parametrize(("error", "code", "level"), FAILURES, ids=[code for _, code, _ in FAILURES])
    def test_a_peer_that_fails_is_told_once_and_counted(
        self, nzl: Holder, error: Exception, code: str, level: str
    ) -> None:
        line = fails_with(error)
        fetch, said = nzl.fetching(nzl.client("AUS", line))
        rounds(fetch, nzl, 3)
        (told,) = said()
        assert (told["event"], told["level"], told["code"]) == ("trust documents cannot be fetched", level, code)
        assert fetch.describe("rmas://lab/AUS/node1") == {
            "fetched_at": None,
            "failures": 3,
            "code": code,
            "failed_at": "2026-11-22T08:02:02Z",
            "failing_since": "2026-11-22T08:00:00Z",
            "refused": 0,
            "refused_code": None,
        }
        line.answer = lambda _: encode_fetch_response(FetchResponse())
        rounds(fetch, nzl)
        assert [one["event"] for one in said()] == ["trust documents are fetched again"]
        state = fetch.describe("rmas://lab/AUS/node1")
        assert (state["fetched_at"], state["failures"], state["code"]) == ("2026-11-22T08:03:03Z", 0, None)

    def test_a_connection_that_is_dead_is_replaced_when_nobody_else_watches(self, nzl: Holder) -> None:
        """Who is suspended here is not probed."""
        line = fails_with(PeerUnreachable("UNAVAILABLE: gone"))
        rounds(nzl.fetching(nzl.client("AUS", line))[0], nzl, 2)
        assert line.renewed == 2

    def test_one_that_fails_holds_up_nobody(self, nzl: Holder, aus: Holder, made: FederationOf) -> None:
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))
        bad = handing_out(b"junk")
        fetch, _ = nzl.fetching(nzl.client("USA", bad), nzl.client("AUS", wire(nzl, aus)))
        rounds(fetch, nzl)
        assert nzl.others == aus.others

    def test_a_disk_that_takes_nothing_is_an_error_of_ours(
        self, monkeypatch: pytest.MonkeyPatch, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))

        def full(*_: Any) -> Any:
            raise OperatorError("TRUST_UNWRITTEN", "No room.") from OSError(errno.ENOSPC, "full")

        fetch, said = nzl.fetching(nzl.client("AUS", wire(nzl, aus)))
        monkeypatch.setattr("node.trust_store.TrustStore.take_bundle", full)
        rounds(fetch, nzl)
        (line,) = said()
        assert (line["event"], line["level"]) == ("trust documents cannot be kept", "error")
        assert fetch.describe("rmas://lab/AUS/node1")["failures"] == 0
        monkeypatch.undo()
        rounds(fetch, nzl)
        assert nzl.others == aus.others

    def test_what_nobody_foresaw_is_told_without_its_text(self, nzl: Holder) -> None:
        fetch, said = nzl.fetching(nzl.client("AUS", fails_with(ZeroDivisionError("X1234567"))))
        rounds(fetch, nzl)
        (line,) = said()
        assert (line["level"], line["error"]) == ("error", "ZeroDivisionError")
        assert "X1234567" not in str(line)


class Silent:
    """A channel on which nothing ever comes back, unless ``go`` is set."""

    def __init__(self, answers: Sequence[bytes] = ()) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.go = asyncio.Event()

    async def call(self, method: str, data: bytes, deadline: float) -> bytes:
        del method, data, deadline
        self.asked += 1
        if not self.answers:
            await self.go.wait()
            raise PeerTooSlow("no answer within the deadline")
        return self.answers.pop(0)

    async def renew(self) -> None: ...

    async def close(self, grace: float = 0.0) -> None:
        del grace


class TestTurns:
    def test_each_is_asked_at_the_start_and_then_within_each_minute(self, nzl: Holder, aus: Holder) -> None:
        line = wire(nzl, aus)
        fetch, _ = nzl.fetching(nzl.client("AUS", line))
        asked: list[int] = []

        async def run() -> None:
            for second in range(600):
                before = len(line.carried)
                nzl.elapsed = second
                fetch.start_due()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                asked.extend([second] * (len(line.carried) - before))

        asyncio.run(run())
        gaps = [after - before for before, after in pairwise(asked)]
        assert asked[0] == 0
        assert min(gaps) >= EVERY_SECONDS - JITTER_SECONDS
        assert max(gaps) <= 60 < EVERY_SECONDS + JITTER_SECONDS + 1
        assert len(set(gaps)) > 2

    def test_one_that_names_other_documents_is_asked_at_once_but_not_over_and_over(
        self, nzl: Holder, aus: Holder
    ) -> None:
        client = nzl.client("AUS", line := wire(nzl, aus))
        fetch, _ = nzl.fetching(client)

        async def tick(seconds: float) -> int:
            nzl.elapsed += seconds
            await fetch.first_round(5)
            return len(line.carried)

        async def run() -> None:
            assert await tick(0) == 1
            assert await tick(1) == 1
            client.holds_others = True
            assert await tick(1) == 1
            assert await tick(HURRY_SECONDS) == 2
            assert not client.holds_others
            assert await tick(HURRY_SECONDS) == 2

        asyncio.run(run())

    def test_one_that_never_answers_holds_up_nobody_and_is_not_asked_twice_at_once(
        self, nzl: Holder, aus: Holder, made: FederationOf
    ) -> None:
        """ATTACKS E07."""
        made.list_revoked("AUS", 4711)
        aus.take(bundle_of(made))

        async def run() -> None:
            silent = Silent()
            fetch, _ = nzl.fetching(nzl.client("USA", silent), nzl.client("AUS", wire(nzl, aus)))
            await fetch.first_round(1)
            assert nzl.others == aus.others
            nzl.elapsed += 300
            await fetch.first_round(0.1)
            assert silent.asked == 1
            await fetch.close()

        asyncio.run(run())

    def test_few_large_bundles_come_at_once(self, nzl: Holder) -> None:
        """ATTACKS E07: so what all peers together can make this node hold is bounded."""

        async def run() -> None:
            piece = encode_fetch_response(FetchResponse(b"\x05" * 32, 16 * 1024 * 1024, bytes(CHUNK_OCTETS)))
            slow = [Silent([piece]) for _ in range(6)]
            codes = ("AUS", "USA", "PHL", "THA", "PER", "CHL")
            clients: list[PeerClient] = [nzl.client(code, one) for code, one in zip(codes, slow, strict=True)]
            fetch, _ = nzl.fetching(*clients)
            await fetch.first_round(0.2)
            assert sorted(one.asked for one in slow) == [1] * (6 - LARGE_AT_ONCE) + [2] * LARGE_AT_ONCE
            await fetch.close()

        asyncio.run(run())

    def test_who_is_a_peer_no_more_is_forgotten(self, nzl: Holder, aus: Holder) -> None:
        peers = [OnlyClients([nzl.client("AUS", wire(nzl, aus))])]
        fetch, _ = nzl.fetching()
        fetch._peers = peers
        rounds(fetch, nzl)
        assert fetch.describe("rmas://lab/AUS/node1")["fetched_at"] is not None
        peers.clear()
        rounds(fetch, nzl)
        assert fetch.describe("rmas://lab/AUS/node1")["fetched_at"] is None

    def test_the_first_round_waits_for_nobody_for_ever(self, nzl: Holder) -> None:
        """A node compares with every peer that it can reach before it asks or answers."""

        async def run() -> None:
            fetch, _ = nzl.fetching(nzl.client("USA", Silent()))
            await asyncio.wait_for(fetch.first_round(0.1), 5)
            await fetch.close()

        asyncio.run(run())
