"""A node of a member with a trust store, that hands its documents out and fetches those of others; no network."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import NodeName
from certs.keys import fingerprint
from certs.profiles import Role
from certs.signing import KeySigner
from federation.admission import Call, Door
from federation.channel import Channel, PeerUnreachable
from federation.client import PeerClient, Surroundings
from federation.errors import Refused
from federation.exchange import Identity
from federation.fetching import FETCH_TRUST_METHOD
from federation.membership import assemble, others_digest
from federation.policy import DatePairs
from federation.service import FETCH_STATUS
from federation.session import SessionTable
from federation.trust import Trust
from node import logs
from node.budget import WorkerBudget
from node.responders import Peer
from node.trust_fetching import FetchTrust
from node.trust_serving import TrustServing
from node.trust_store import TrustStore
from tests.federation.federation_of import FederationOf, everything
from tests.node.trust_home import bundle_of, created, layout_in
from tests.virtual_time import WorldClock
from tests.world import drawn_key, issued

Answer = Callable[[bytes], bytes]


class Holder:
    """The node ``node1`` of a member. Its clock stands unless a test sets ``elapsed`` (seconds)."""

    def __init__(self, home: Path, made: FederationOf, code: str) -> None:
        """It holds all that is published now."""
        self.code = code
        self.elapsed = 0.0
        self.clock = WorldClock(lambda: self.elapsed, code)
        self.layout = layout_in(home)
        self.store = created(home, made)
        self.take(bundle_of(made))
        self.trust = Trust(self.directory())
        (home / "run").mkdir(exist_ok=True)
        budget = WorkerBudget(home / "run" / "budget")
        name = NodeName("lab", code, "node1")
        self.door = Door(name.uri, code, self.trust, SessionTable(), budget, DatePairs(bytes(32)))
        self.serving = TrustServing(TrustStore(self.layout), self.door, self.clock)
        key = drawn_key(f"{code} node1 TLS")
        self.tls = issued(code, name, Role.TLS, key, 30)
        self.call = Call(self.tls.public_bytes(Encoding.PEM), "TLSv1.3")
        self.identity = Identity(name.uri, KeySigner(key), bytes(32), b"", fingerprint(self.tls))

    def directory(self) -> Any:
        """As this economy sees what it holds."""
        documents = self.store.load(self.clock.now_ms())
        codes = documents.succession.effective().members
        return assemble(documents, self.code, everything(codes, self.code), self.clock.now_ms())

    def take(self, bundle: bytes) -> None:
        """Take in by hand."""
        self.store.take_bundle(bundle, self.clock.now_ms())

    def adopt(self) -> None:
        """Let what is held be in force."""
        self.trust.adopt(self.directory())

    @property
    def others(self) -> bytes:
        """The digest of all documents on the disk but the charters."""
        return others_digest(TrustStore(self.layout).load(self.clock.now_ms()))

    def block(self, *economies: str) -> None:
        """Exchange no lookups with them."""
        self.trust.adopt(replace(self.trust.directory, blocked=frozenset(economies)))

    def client(self, economy: str, channel: Channel) -> PeerClient:
        """What asks a node of that economy over ``channel``."""
        around = Surroundings(self.clock.instant, self.clock.random, lambda *_: None)
        return PeerClient(f"rmas://lab/{economy}/node1", channel, self.identity, self.trust, around)

    def fetching(self, *clients: PeerClient) -> tuple[FetchTrust, Callable[[], list[dict[str, Any]]]]:
        """What fetches from these; and what it said in the log since it was last looked at."""
        out = io.StringIO()
        logs.configure(self.clock, stream=out)

        def said() -> list[dict[str, Any]]:
            lines = [json.loads(line) for line in out.getvalue().splitlines()]
            out.seek(0)
            out.truncate()
            return lines

        store = TrustStore(self.layout)
        return FetchTrust(store, self.trust, [OnlyClients(clients)], self.clock, logs.logger()), said


class OnlyClients(Peer):
    """A peer of whom nothing is needed but its clients."""

    def __init__(self, clients: Sequence[PeerClient]) -> None:
        self.clients = tuple(clients)


class Wire:
    """A channel to ``answer``, which gets the request's bytes; a refusal arrives as gRPC tells it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.carried: list[int] = []
        self.renewed = 0

    async def call(self, method: str, data: bytes, deadline: float) -> bytes:
        del deadline
        assert method == FETCH_TRUST_METHOD
        try:
            response = self.answer(data)
        except Refused as refusal:
            status = FETCH_STATUS.get(refusal.code)
            name = status.name if status is not None else "PERMISSION_DENIED"
            raise PeerUnreachable(f"{name}: ", lost=False, status=name) from refusal
        self.carried.append(len(response))
        return response

    async def renew(self) -> None:
        self.renewed += 1

    async def close(self, grace: float = 0.0) -> None:
        del grace


def wire(caller: Holder, responder: Holder) -> Wire:
    """From one to the other."""
    return Wire(lambda data: responder.serving.fetch_trust(caller.call, data))


@pytest.fixture
def made() -> FederationOf:
    return FederationOf("AUS", "NZL", "USA")
