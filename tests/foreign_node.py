"""A member's node in the hand of a test: the keys of a lab's economy, and what can be put on the wire with them."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.keys import decode_private
from federation.documents import Kind, birth_characters, expiry_characters, travel_document
from federation.exchange import (
    Answer,
    OpenedSession,
    Sent,
    Stamp,
    check_lookup_answer,
    check_open_session,
    compose_lookup,
    compose_open_session,
)
from federation.lookup import ALL_KINDS, LOOKUP_METHOD, SALT_OCTETS, Question
from federation.service import OPEN_SESSION_METHOD
from federation.status import Purpose
from node import app, config
from node.enquiry import DocumentInput
from tests.raw_h2 import OK, RawConnection, Reply, connect, frame


@dataclass(frozen=True, slots=True)
class Credentials:
    """A private key of whatever kind, and the certificates shown for it, the leaf first."""

    key: Any
    chain: tuple[x509.Certificate, ...]


TLS_1_2 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
ANY_TLS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def tls_context(
    shown: Credentials | None,
    trusted: Sequence[x509.Certificate] = (),
    *,
    server: bool = False,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = ANY_TLS,
    protocols: Sequence[str] = ("h2",),
) -> ssl.SSLContext:
    """TLS as OpenSSL speaks it when nothing is too weak for it; what is refused, the other side refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = versions
    if protocols:
        context.set_alpn_protocols(list(protocols))
    if trusted:
        context.load_verify_locations(cadata=_pem(trusted).decode())
    if shown is not None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "pair.pem"
            key = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.write_bytes(key + _pem(shown.chain))
            context.load_cert_chain(path)
    return context


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


class ForeignNode:
    """One economy's node, by its own directory: every key it has, and statements that are right."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.node = app.load_node(home, config.load(home))
        self._sequences = count(1)

    def credentials(self, role: str = "tls") -> Credentials:
        """What the node has of one role: ``tls``, ``message`` or ``ca``."""
        certificate = x509.load_pem_x509_certificate((self.home / "certs" / f"{role}.pem").read_bytes())
        return Credentials(decode_private((self.home / "keys" / f"{role}.pem").read_bytes()), (certificate,))

    def responder(self, economy: str) -> str:
        """The full name of a member's node."""
        return self.node.directory.members[economy].nodes[0].name.uri

    def context(self, economy: str, **choices: Any) -> ssl.SSLContext:
        """TLS towards one member, trusting its CAs alone; with the node's own leaf unless another is ``shown``."""
        shown = choices.pop("shown", self.credentials())
        return tls_context(shown, self.node.directory.members[economy].cas, **choices)

    def connect(self, economy: str, port: int, **choices: Any) -> RawConnection:
        """A connection to a worker of another member, choices as for ``context``; raises Closed."""
        name = self.node.directory.members[economy].nodes[0].name.dns
        return RawConnection(connect(port, self.context(economy, **choices), name))

    def open_session(self, economy: str) -> Sent:
        """A request for a session, sealed."""
        node = self.node
        nonce, now_ms = node.clock.random(16), node.clock.now_ms()
        return compose_open_session(node.identity, self.responder(economy), node.directory.versions, nonce, now_ms)

    def opened(self, data: bytes, sent: Sent, economy: str) -> OpenedSession:
        """The session in an answer; raises Refused or BadAnswer."""
        node = self.node
        at = node.clock.instant()
        return check_open_session(data, sent, node.identity, self.responder(economy), node.trust, at)

    def lookup(self, session: OpenedSession, *questions: Question, purpose: Purpose = Purpose.BORDER_ENTRY) -> Sent:
        """A lookup in that session, sealed, under a sequence number never used before."""
        node = self.node
        stamp = Stamp(next(self._sequences), node.clock.now_ms(), node.clock.random(SALT_OCTETS * len(questions)))
        return compose_lookup(node.identity, session, stamp, node.directory.versions, purpose, questions)

    def answer(self, data: bytes, sent: Sent, session: OpenedSession) -> Answer:
        """A verified answer; raises Refused or BadAnswer."""
        node = self.node
        return check_lookup_answer(data, sent, node.identity, session, node.trust, node.clock.instant())


class Line:
    """A connection to one worker of a member, with a session on it."""

    def __init__(self, caller: ForeignNode, economy: str, port: int) -> None:
        """Connect and open; raises Closed, Refused or BadAnswer."""
        self.caller = caller
        self.connection = caller.connect(economy, port)
        sent = caller.open_session(economy)
        self.session = caller.opened(self._call(OPEN_SESSION_METHOD, sent), sent, economy)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, *questions: Question) -> Answer:
        """Put a lookup and verify its answer; raises Refused, BadAnswer or Closed."""
        return self.put(self.caller.lookup(self.session, *questions))

    def put(self, sent: Sent, session: OpenedSession | None = None) -> Answer:
        """Put what was sealed before, perhaps in another session; raises as ``ask`` does."""
        return self.caller.answer(self._call(LOOKUP_METHOD, sent), sent, session or self.session)

    def start(self, sent: Sent) -> Reply:
        """Put what was sealed before, and do not wait."""
        return self.connection.send(LOOKUP_METHOD.encode(), frame(sent.data))

    def finish(self, reply: Reply, sent: Sent, session: OpenedSession | None = None) -> Answer:
        """Wait for what was started; raises as ``ask`` does."""
        return self.caller.answer(self.connection.receive(reply).message, sent, session or self.session)

    def close(self) -> None:
        """Let go of the connection; the session stays until the worker forgets it."""
        self.connection.close()

    def _call(self, method: str, sent: Sent) -> bytes:
        reply = self.connection.call(method.encode(), sent.data)
        assert reply.grpc_status == OK, reply.headers
        return reply.message


def question_about(specimen: dict[str, Any], kinds: int = ALL_KINDS) -> Question:
    """The question a border would put about a specimen of a lab."""
    document = travel_document(specimen["issuing_state"], specimen["document_class"], specimen["document_number"])
    if not kinds & Kind.ISSUED_DATES:
        return Question(kinds, document)
    birth, expiry = birth_characters(specimen["date_of_birth"]), expiry_characters(specimen["date_of_expiry"])
    return Question(kinds, document, birth, expiry)


def handed_over(specimen: dict[str, Any]) -> DocumentInput:
    """A specimen of a lab as a border system hands it over."""
    return DocumentInput(
        (),
        specimen["issuing_state"],
        specimen["document_class"],
        specimen["document_number"],
        specimen["date_of_birth"],
        specimen["date_of_expiry"],
    )
