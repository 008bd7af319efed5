"""A federation in one process, to be broken: real keys, certificates, statements, checks and records; no network.

    world.aus.register.report(passport("AUS"))
    world.nzl.links["AUS"].faults.append(faults.flip_response_bit(17))
    assert world.ask("NZL", passport("AUS")).judgement.verdict is Verdict.NO_ANSWER

Each economy has one node that answers and asks. A ``Link`` stands where the network would, and hands bytes to the
other's answering worker as gRPC does, with the caller's TLS leaf. Time is virtual: see ``tests.virtual_time``.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import create_ca, issue
from certs.csr import CertificateRequest
from certs.identity import CaName, NodeName
from certs.keys import fingerprint, public_key_id
from certs.profiles import Role
from certs.signing import KeySigner
from federation.admission import Call, Door
from federation.channel import PeerTooSlow
from federation.client import PeerClient, Surroundings
from federation.directory import Directory
from federation.documents import TravelDocument
from federation.exchange import Identity
from federation.lookup import LOOKUP_METHOD
from federation.policy import DatePairs
from federation.service import OPEN_SESSION_METHOD
from federation.session import SessionTable
from federation.status import Purpose
from federation.trust import Trust
from node.answering import Lists, NodeAnswerer
from node.asking import Asker, Enquiry, Responder, Result, Rules
from node.budget import WorkerBudget
from node.enquiry import DocumentInput
from node.responders import Ages, Own, Peer
from node.spool import Entry, Spool, read
from node.state import State
from tests.fake_lists import SPECIMENS, Register, as_read
from tests.virtual_time import NOW, VirtualTimeLoop, WorldClock, drawn
from tests.written_directory import parse

T = TypeVar("T")

ECONOMIES = ("NZL", "AUS", "USA")
ALL_KINDS = ("REPORTED", "ISSUED", "ISSUED_DATES")
SEGMENT_RECORDS = 4096


@cache
def drawn_key(label: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(drawn(label, 32), "big") >> 1 | 1, ec.SECP256R1())


@cache
def authority(code: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The CA of an economy: the same in every world, so made once."""
    key = drawn_key(f"{code} CA")
    return key, create_ca(CaName("lab", code), key, 7, NOW)


@cache
def issued(code: str, name: NodeName, role: Role, key: ec.EllipticCurvePrivateKey, days: int) -> x509.Certificate:
    """A leaf of that CA, with a serial number a key; as ``authority``."""
    ca_key, ca = authority(code)
    serial = int.from_bytes(public_key_id(key.public_key())[:8], "big")
    return issue(ca, ca_key, CertificateRequest(name, role, key.public_key()), serial, NOW, days)


class Economy:
    """One economy: its CA, and its node with every key, list and record."""

    asker: Asker

    def __init__(self, code: str, path: Path, elapsed: Callable[[], float], node: str = "node1") -> None:
        self.code = code
        self.path = path
        self.name = NodeName("lab", code, node)
        self.ca_key, self.ca = authority(code)
        self.tls_key, self.message_key = drawn_key(f"{code} {node} TLS"), drawn_key(f"{code} {node} message")
        self.tls = self.leaf(Role.TLS, self.tls_key)
        self.message = self.leaf(Role.MESSAGE, self.message_key)
        self.identity = Identity(
            self.name.uri,
            KeySigner(self.message_key),
            fingerprint(self.message),
            self.message.public_bytes(Encoding.DER),
            fingerprint(self.tls),
        )
        self.clock = WorldClock(elapsed, f"{code} {node}")
        self.register = Register(code)
        self.lists = Lists(self.register, self.register.keys, SPECIMENS)
        self.complaints: list[BaseException] = []
        self.links: dict[str, Link] = {}
        self.clients: dict[str, PeerClient] = {}

    def leaf(
        self, role: Role, key: ec.EllipticCurvePrivateKey, name: NodeName | None = None, days: int = 30
    ) -> x509.Certificate:
        """A leaf of this economy's CA."""
        return issued(self.code, name or self.name, role, key, days)

    def rekey(self, days: int) -> None:
        """A new message key, certified for so many days, and a worker that signs with it; TLS stays as it is."""
        self.message_key = drawn_key(f"{self.code} message, {days} days")
        self.message = self.leaf(Role.MESSAGE, self.message_key, days=days)
        self.identity = replace(
            self.identity,
            signer=KeySigner(self.message_key),
            key_id=fingerprint(self.message),
            certificate=self.message.public_bytes(Encoding.DER),
        )
        self.restart()

    def call(self, connection: str = "1") -> Call:
        """What a responder's transport knows when this node calls it."""
        return Call(self.tls.public_bytes(Encoding.PEM), "TLSv1.3", f"{self.code} {connection}")

    def start(self, directory: Directory) -> None:
        self.path.mkdir(parents=True)
        self.trust = Trust(directory)
        self.state = State(Path(":memory:"))

    @cached_property
    def worker_spool(self) -> Spool:
        return Spool(self.path / "worker-0", SEGMENT_RECORDS)

    @cached_property
    def desk_spool(self) -> Spool:
        return Spool(self.path / "desk", SEGMENT_RECORDS)

    @cached_property
    def worker(self) -> tuple[Door, NodeAnswerer]:
        return self.new_worker()

    @property
    def door(self) -> Door:
        return self.worker[0]

    def new_worker(self) -> tuple[Door, NodeAnswerer]:
        """One more answering worker: it knows the lists and nobody's session."""
        door = Door(
            self.name.uri,
            self.code,
            self.trust,
            SessionTable(),
            WorkerBudget(self.path / "budget"),
            DatePairs(self.clock.random(32)),
        )
        return door, NodeAnswerer(
            door, self.identity, self.lists, self.worker_spool, self.clock, self.complaints.append
        )

    def block(self, *economies: str) -> None:
        """This economy exchanges nothing with them from now on, or with nobody excluded any more."""
        self.trust.adopt(replace(self.trust.directory, blocked=frozenset(economies)))

    def restart(self) -> None:
        """The worker ends and another takes its place: sessions are forgotten, records are not."""
        self.worker = self.new_worker()

    def forget(self) -> None:
        """The desk starts anew with an empty memory: it never saw any list of any peer."""
        self.state.close()
        self.state = State(Path(":memory:"))

    def receive(self, method: str, call: Call, data: bytes) -> bytes:
        """What this node's worker answers."""
        answerer = self.worker[1]
        return {OPEN_SESSION_METHOD: answerer.open_session, LOOKUP_METHOD: answerer.lookup}[method](call, data)

    def answering_records(self) -> list[Entry]:
        return [entry for _, entry in read(self.path / "worker-0")]

    def asking_records(self) -> list[Entry]:
        return [entry for _, entry in read(self.path / "desk")]

    def stop(self) -> None:
        # Only what was used: making a spool costs the disk two syncs.
        for spool in ("worker_spool", "desk_spool"):
            if spool in self.__dict__:
                self.__dict__[spool].close()
        self.state.close()


@dataclass(frozen=True, slots=True)
class Carriage:
    """One call on its way over a link."""

    link: Link
    method: str
    data: bytes


Deliver = Callable[[bytes], Awaitable[bytes]]
Fault = Callable[[Carriage, Deliver], Awaitable[bytes]]
"""Stands between caller and responder; may change, hold, lose or answer what it is handed."""


class Link:
    """The wire from one node to another: a ``federation.channel.Channel`` that remembers what it carried."""

    def __init__(self, caller: Economy, responder: Economy) -> None:
        self.caller = caller
        self.responder = responder
        self.faults: list[Fault] = []
        self.carried: list[tuple[str, bytes, bytes]] = []
        self._connection = 1

    async def call(self, method: str, data: bytes, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._pass(method, tuple(self.faults), data)
        except TimeoutError as error:
            raise PeerTooSlow("no answer within the deadline") from error

    async def _pass(self, method: str, faults: Sequence[Fault], data: bytes) -> bytes:
        if faults:
            return await faults[0](Carriage(self, method, data), lambda passed: self._pass(method, faults[1:], passed))
        response = self.responder.receive(method, self.caller.call(str(self._connection)), data)
        self.carried.append((method, data, response))
        return response

    def last(self, method: str = LOOKUP_METHOD) -> tuple[bytes, bytes]:
        """The last request that arrived, and its response as it left."""
        return next((request, response) for kind, request, response in reversed(self.carried) if kind == method)

    async def renew(self) -> None:
        self._connection += 1

    async def close(self, grace: float = 0.0) -> None:
        del grace


class World:
    """Economies that may all ask each other everything, unless a test edits the directory. The first one asks."""

    def __init__(
        self,
        path: Path,
        codes: Sequence[str] = ECONOMIES,
        kinds: Mapping[str, Sequence[str]] | None = None,
        edit: Callable[[dict[str, dict[str, Any]]], None] = lambda members: None,
    ) -> None:
        """``kinds``: what an economy promises, all by default. ``edit`` changes the members before they are taken."""
        self._runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        loop = self._runner.get_loop()
        assert isinstance(loop, VirtualTimeLoop)
        self.loop = loop
        self.economies = {code: Economy(code, path / code, loop.time) for code in codes}
        members = {e.code: _member(e, codes, (kinds or {}).get(e.code, ALL_KINDS)) for e in self.economies.values()}
        edit(members)
        self.directory = parse(json.dumps({"federation": "lab", "members": [*members.values()]}).encode())
        self.heard: list[tuple[str, bool]] = []
        self.sisters: list[Economy] = []
        for economy in self.economies.values():
            economy.start(self.directory)
        self.let_ask(self.economies[codes[0]])

    @property
    def nzl(self) -> Economy:
        return self.economies["NZL"]

    @property
    def aus(self) -> Economy:
        return self.economies["AUS"]

    @property
    def usa(self) -> Economy:
        return self.economies["USA"]

    def sister(self, code: str) -> Economy:
        """A second node of an economy, under the same CA."""
        node = Economy(code, self.economies[code].path / "sister", self.loop.time, "node2")
        node.start(self.directory)
        self.sisters.append(node)
        return node

    def let_ask(self, economy: Economy, rules: Rules | None = None) -> None:
        """Give an economy an asker with links to all others, under its own rules."""
        responders: dict[str, Responder] = {economy.code: self._own(economy)}
        for other in self.economies.values():
            if other is not economy:
                responders[other.code] = self._peer(economy, other)

        def broke(error: BaseException) -> None:
            raise error  # a fault at home is a defect here, not a verdict

        economy.asker = Asker(
            economy.trust, responders, rules or Rules(economy.code), economy.desk_spool, economy.clock, broke
        )

    def _own(self, economy: Economy) -> Own:
        name, spool = economy.name.uri, economy.desk_spool
        return Own(name, economy.code, economy.trust, economy.lists, Ages(), spool, economy.clock)

    def _peer(self, economy: Economy, other: Economy) -> Peer:
        def hear(name: str, up: bool, why: str) -> None:
            self.heard.append((name, up))

        link = economy.links[other.code] = Link(economy, other)
        around = Surroundings(economy.clock.instant, economy.clock.random, hear)
        client = PeerClient(other.name.uri, link, economy.identity, economy.trust, around)
        economy.clients[other.code] = client
        return Peer(other.code, [client], Ages(), economy.state, economy.desk_spool, economy.clock)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until ``work`` is done, in virtual time."""
        return self._runner.run(work)

    def let_pass(self, seconds: float) -> None:
        """Let time go by, and everything that falls due meanwhile run."""
        self.run(asyncio.sleep(seconds))

    def ask_all(self, asker: str, documents: Sequence[DocumentInput], **enquiry: Any) -> list[Result]:
        """What a border system of ``asker`` is told about several documents at once."""
        return self.run(self.economies[asker].asker.ask(Enquiry(tuple(documents), **enquiry)))

    def ask(self, asker: str, document: TravelDocument | DocumentInput, **enquiry: Any) -> Result:
        """What a border system of ``asker`` is told about one document."""
        given = as_read(document) if isinstance(document, TravelDocument) else document
        return self.ask_all(asker, [given], **enquiry)[0]

    def close(self) -> None:
        for economy in self.economies.values():
            for client in economy.clients.values():
                self.run(client.close())
        self._runner.close()
        for economy in (*self.economies.values(), *self.sisters):
            economy.stop()


def _member(economy: Economy, codes: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    """An economy's block in the directory (docs/spec/worked/directory.md)."""
    grants = [
        {
            "to": code,
            "lists": ["reported", "issued"],
            "purposes": [purpose.name for purpose in Purpose],
            "until": "2027-11-22T00:00:00Z",
            "reference": "lab",
            "rate_per_second": 1_000_000,
            "questions_per_day": 1_000_000_000,
        }
        for code in codes
        if code != economy.code
    ]
    return {
        "economy": economy.code,
        "cas": [base64.b64encode(economy.ca.public_bytes(Encoding.DER)).decode()],
        "nodes": [{"name": economy.name.uri, "roles": ["answer", "ask"], "addresses": ["127.0.0.1:7443"]}],
        "routes": [{"issuing_state": economy.code, "document_class": "P", "pattern": "*"}],
        "coverage": [{"issuing_state": economy.code, "document_class": "P", "kinds": list(kinds), "expiry_from": None}],
        "grants": grants,
        "ask": [code for code in codes if code != economy.code],
    }
