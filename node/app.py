"""The composition root: settings stop here, everything else gets plain arguments.

One function a process. Read top to bottom, each says what that process is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import CertsError, UnknownIssuer
from certs.keys import encode_private, fingerprint
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from certs.roots import bundle
from certs.verify import VerifiedLeaf
from federation.admission import Door
from federation.channel import ChannelKeys, GrpcChannel
from federation.client import PeerClient, Surroundings
from federation.directory import Directory, Member
from federation.documents import ListName
from federation.errors import Refused
from federation.exchange import Identity
from federation.policy import DatePairs
from federation.service import ServerKeys
from federation.session import SessionTable
from federation.trust import Trust, bind
from node import specimens
from node.answering import Lists
from node.budget import WorkerBudget
from node.clock import Clock
from node.config import Settings
from node.errors import OperatorError
from node.layout import Layout
from node.secret_file import PEPPER
from node.staged import Register
from node.store.keys import StoreKeys
from node.store.sqlite_reader import open_reader
from node.trusted import Trusted, require_member

BUDGET_FILE = "budget"
STATE_FILE = "state.db"
DESK_SPOOL = "desk"


@dataclass(frozen=True, slots=True)
class Node:
    """What every process of a node shares: who it is, whom it trusts, where its files are."""

    settings: Settings
    layout: Layout
    clock: Clock
    trusted: Trusted
    trust: Trust
    identity: Identity
    tls_key: bytes
    tls_chain: bytes

    @property
    def directory(self) -> Directory:
        """Whom this node trusts now."""
        return self.trust.directory

    def renew_trust(self) -> bool:
        """Take up what has changed since; whether anything has. Raises OperatorError, and what was trusted stays so."""
        if not self.trusted.moved():
            return False
        found = self.trusted.read()
        if found == self.directory:
            # Looked at again to be sure: whoever was verified stays verified, and nobody has to be told.
            return False
        # Also when we are no member any more: then nothing is answered, and nothing of what changed is missed.
        self.trust.adopt(found)
        return True

    @property
    def economy(self) -> str:
        """This economy's code."""
        return self.settings.economy


def process_clock(settings: Settings) -> Clock:
    """The clock of a process, off by what a lab asks for."""
    return Clock(timedelta(seconds=settings.lab.clock_offset_seconds))


def load_node(home: Path, settings: Settings) -> Node:
    """Read keys, certificates and the trust documents, and check that they belong together.

    Raises:
        OperatorError: what is wrong with which file, and what to do.
    """
    layout = Layout.of(home, settings)
    clock = process_clock(settings)
    trusted = Trusted(layout, settings.economy, clock)
    directory = trusted.read()
    require_member(directory, settings.economy)
    trust = Trust(directory)
    try:
        keys = KeyStore(layout.keys)
        tls_key = keys.load("tls")
        tls = load_certificate(layout.certs / "tls.pem")
        message_certificate = load_certificate(layout.certs / "message.pem")
        signer = keys.signer("message")
    except CertsError as error:
        raise OperatorError(error.code, f"{error}.".replace("..", ".")) from error
    tls_leaf = _own_leaf(trust, tls, Role.TLS, clock)
    message_leaf = _own_leaf(trust, message_certificate, Role.MESSAGE, clock)
    _check_own(settings, tls_leaf, message_leaf)
    _check_pair(tls_leaf, tls_key.public_key().public_numbers(), "tls")
    _check_pair(message_leaf, signer.public_key.public_numbers(), "message")
    identity = Identity(
        settings.name.uri,
        signer,
        message_leaf.fingerprint,
        message_certificate.public_bytes(Encoding.DER),
        fingerprint(tls),
    )
    return Node(
        settings, layout, clock, trusted, trust, identity, encode_private(tls_key), tls.public_bytes(Encoding.PEM)
    )


# Whose leaf it is, and no more: a node whose own list is too old starts, so that a fresh one can reach it.
def _own_leaf(trust: Trust, certificate: x509.Certificate, role: Role, clock: Clock) -> VerifiedLeaf:
    try:
        return trust.identify(certificate.public_bytes(Encoding.DER), role, clock.now())
    except Refused as error:
        message = f"certs/{role.name.lower()}.pem is not a certificate peers will take ({error}); run `rmas doctor`."
        raise OperatorError("OWN_CERTIFICATE", message) from error


def _check_own(settings: Settings, tls: VerifiedLeaf, message: VerifiedLeaf) -> None:
    try:
        bind(tls, message)
    except Refused as error:
        raise OperatorError("OWN_CERTIFICATE", f"The two certificates do not go together ({error}).") from error
    if tls.name != settings.name:
        text = f"The certificates are for {tls.name.uri}, the settings for {settings.name.uri}; make them agree."
        raise OperatorError("OWN_CERTIFICATE", text)


def _check_pair(leaf: VerifiedLeaf, numbers: object, name: str) -> None:
    if leaf.public_key.public_numbers() != numbers:
        text = f"keys/{name}.pem is not the key of certs/{name}.pem; put back the one that is."
        raise OperatorError("KEY_MISMATCH", text)


def load_store_keys(node: Node) -> StoreKeys:
    """The keys of the lists, from the pepper's own place; raises ``OperatorError``."""
    return StoreKeys(PEPPER.load(node.layout.pepper))


def list_sources(settings: Settings) -> Mapping[ListName, tuple[str, ...]]:
    """The declared sources of each list."""
    return {ListName.REPORTED: settings.store.sources.reported, ListName.ISSUED: settings.store.sources.issued}


def load_lists(node: Node) -> Lists:
    """A reader of the store and what goes with it; raises ``OperatorError``."""
    keys = load_store_keys(node)
    reader = open_reader(node.layout.store, keys, list_sources(node.settings))
    return Lists(reader, keys, specimens.load(node.layout.specimens))


def register(node: Node, keys: StoreKeys) -> Register:
    """Whose lists these are, for imports and single records."""
    return Register(node.layout.store, keys, list_sources(node.settings), node.directory.routes, node.economy)


def build_door(node: Node) -> Door:
    """What one worker holds against requests."""
    return Door(
        node.identity.name,
        node.economy,
        node.trust,
        SessionTable(),
        WorkerBudget(node.layout.run / BUDGET_FILE),
        DatePairs(node.clock.random(32)),
    )


def server_keys(node: Node) -> ServerKeys:
    """TLS for the peer port: leaves of every member's CAs are let in, and checked again at each call."""
    cas = [ca for member in node.directory.members.values() for ca in member.cas]
    return ServerKeys(node.tls_key, node.tls_chain, bundle(cas, node.clock.now()))


def build_clients(node: Node, member: Member, on_change: Callable[[str, bool, str], None]) -> list[PeerClient]:
    """One client a node of a peer that answers; each channel trusts that peer's CAs alone."""
    try:
        cas = bundle(member.cas, node.clock.now())
    except UnknownIssuer as error:
        # One member without a current CA is that member's trouble, and everybody else is asked as before.
        on_change(member.economy, False, str(error))
        return []
    keys = ChannelKeys(node.tls_key, node.tls_chain, cas)
    around = Surroundings(node.clock.instant, node.clock.random, on_change)
    return [
        PeerClient(one.name.uri, GrpcChannel(one, keys), node.identity, node.trust, around)
        for one in member.nodes
        if "answer" in one.roles and one.addresses
    ]
