"""What a responder checks before it reads a list, in this order and no other (docs/spec/5-refusals.md, 5.1).

Cheap checks come before dear ones, and nothing an attacker wrote is parsed before its signature holds. Each numbered
step has one code. This module decides; ``node.answering`` records, looks up and seals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from certs.profiles import Role
from certs.verify import VerifiedLeaf
from federation import codec, policy
from federation.directory import Directory, Grant
from federation.documents import ListName
from federation.envelope import Envelope, PayloadType, open_envelope
from federation.errors import Malformed, Refused
from federation.lookup import (
    LOOKUP_METHOD,
    OPENED_OCTETS,
    PROTOCOL_VERSION,
    Question,
    Versions,
    open_questions,
    purpose_of,
)
from federation.session import OpenSessionStatement, Session, SessionTable, check_times
from federation.status import Purpose, RefusalCode
from federation.trust import Trust, bind
from federation.values import value

TLS_REQUIRED = "TLSv1.3"
NO_DIGEST = bytes(32)
RATE_WITHOUT_GRANT = 20
OPENING_COST = 5


@value(frozen=True, slots=True)
class Call:
    """What the transport knows of a call: the caller's TLS leaf (PEM), the TLS version, and the connection's name.

    The name is there where a session is opened; a lookup needs none. ``when_gone``, where answers are large, has
    something done once the answer has left or the call was broken off; it says False when that has happened.
    """

    tls_leaf: bytes
    tls_version: str
    connection: str = ""
    when_gone: Callable[[Callable[[], None]], bool] | None = None


@value(frozen=True, slots=True)
class Instant:
    """The responder's clock, read once a call: UTC, the same in milliseconds since 1970, and monotonic milliseconds."""

    now: datetime
    now_ms: int
    monotonic_ms: int


@dataclass(slots=True)
class Exchange:
    """What is known of a call so far; a refusal at any step is sealed and recorded with as much as holds by then."""

    request_digest: bytes = NO_DIGEST
    caller: str = ""
    economy: str = ""
    purpose: int = 0
    questions: int = 0
    authenticated: bool = False


@value(frozen=True, slots=True)
class Admitted:
    """A lookup that passed every check."""

    questions: list[Question]
    purpose: Purpose


class DayBudget(Protocol):
    """Counts a member's questions of the day, over all workers of the node."""

    def spend(self, economy: str, questions: int, limit: int, now_ms: int) -> None:
        """Count ``questions``; raises ``Refused`` (BUDGET) when the day's ``limit`` would be passed."""


@dataclass(slots=True)
class Door:
    """Everything one worker holds against a request. ``full_name`` is this node's, ``budget`` is shared by workers."""

    full_name: str
    economy: str
    trust: Trust
    sessions: SessionTable
    budget: DayBudget
    date_pairs: policy.DatePairs
    rates: dict[str, policy.Rate] = field(default_factory=dict)

    @property
    def directory(self) -> Directory:
        """The member list in force."""
        return self.trust.directory

    def grant_for(self, economy: str) -> Grant | None:
        """What this economy granted that member."""
        own = self.directory.members.get(self.economy)
        return own.grants.get(economy) if own is not None else None

    def take_rate(self, economy: str, questions: int, at: Instant) -> None:
        """Step 2 of every method; raises ``Refused`` (RATE)."""
        rate = self.rates.get(economy)
        if rate is None:
            rate = self.rates.setdefault(economy, policy.Rate(self._granted_rate(economy), at.monotonic_ms))
        rate.take(questions, at.monotonic_ms)

    def renew_rates(self) -> None:
        """After another directory came into force: forget the rates that are granted no more as they were.

        Only those: a member that could have its own forgotten by publishing something would never run out.
        """
        for economy, rate in list(self.rates.items()):
            if rate.per_second != self._granted_rate(economy):
                self.rates.pop(economy, None)

    def _granted_rate(self, economy: str) -> int:
        grant = self.grant_for(economy)
        return grant.rate_per_second if grant is not None else RATE_WITHOUT_GRANT


def _check_transport(door: Door, call: Call, cost: int, at: Instant, exchange: Exchange) -> VerifiedLeaf:
    # 1. TLS leaf: a current certificate of a current member, checked at every call, so that what stopped being
    #    true since the handshake bites on connections already open (oracle 5).
    leaf = door.trust.identify(call.tls_leaf, Role.TLS, at.now)
    door.trust.check_fresh(leaf, at.now)
    name = leaf.name
    exchange.caller, exchange.economy = name.uri, name.economy
    if call.tls_version != TLS_REQUIRED:
        raise Refused(RefusalCode.VERSION, "the connection is older than TLS 1.3")
    door.trust.check_member(name.economy, at.now)
    # 2. The member's rate, before any signature is worked on: verifying is what a flood would spend.
    door.take_rate(name.economy, cost, at)
    return leaf


def _check_names(
    caller: str, responder: str, tls_digest: bytes, leaf: VerifiedLeaf, exchange: Exchange, door: Door
) -> None:
    if responder != door.full_name:
        raise Refused(RefusalCode.AUDIENCE, "the statement names another responder")
    if caller == door.full_name:
        raise Refused(RefusalCode.AUDIENCE, "the statement was made by this very node (reflection)")
    if caller != exchange.caller or tls_digest != leaf.fingerprint:
        raise Refused(RefusalCode.CERT_BINDING, "the statement is bound to another TLS certificate")


def _check_charter(theirs: Versions, ours: Versions) -> None:
    older = theirs.charter_version < ours.charter_version
    other = theirs.charter_version == ours.charter_version and theirs.charter_digest != ours.charter_digest
    if older or other:
        raise Refused(RefusalCode.CHARTER_OLD, "the member list asked under is not the one in force here")


def admit_open_session(
    door: Door, call: Call, data: bytes, at: Instant, exchange: Exchange
) -> tuple[OpenSessionStatement, VerifiedLeaf, Envelope]:
    """Every check of spec 5.2, in its order; the statement, the caller's message leaf, and the envelope.

    Raises:
        Refused: the code of the first step that failed.
    """
    try:
        return _admit_open_session(door, call, data, at, exchange)
    except Malformed as error:
        raise Refused(RefusalCode.MALFORMED, str(error)) from error


def _admit_open_session(
    door: Door, call: Call, data: bytes, at: Instant, exchange: Exchange
) -> tuple[OpenSessionStatement, VerifiedLeaf, Envelope]:
    tls = _check_transport(door, call, OPENING_COST, at, exchange)
    envelope = codec.decode_open_session_request(data)
    exchange.request_digest = envelope.digest
    if not envelope.certificate:
        raise Refused(RefusalCode.MALFORMED, "OpenSession comes without the caller's message certificate")
    message = door.trust.leaf(envelope.certificate, Role.MESSAGE, at.now)
    bind(tls, message)
    if envelope.key_id != message.fingerprint:
        raise Refused(RefusalCode.CERT_BINDING, "the key id is not that of the certificate sent")
    _open(envelope, PayloadType.OPEN_SESSION_REQUEST, message, exchange)
    statement = codec.decode_open_session_statement(envelope.payload)
    _check_names(statement.caller, statement.responder, statement.caller_tls_leaf, tls, exchange, door)
    if PROTOCOL_VERSION not in statement.protocol_versions:
        raise Refused(RefusalCode.VERSION, f"this node speaks protocol version {PROTOCOL_VERSION} alone")
    _check_charter(statement.versions, door.directory.versions)
    check_times(statement.issued_at, statement.not_after, at.now_ms)
    return statement, message, envelope


def admit_lookup(
    door: Door, call: Call, data: bytes, at: Instant, exchange: Exchange, imported: Callable[[ListName], bool]
) -> Admitted:
    """Every check of spec 5.1 on one lookup, in its order. ``imported`` says whether a list was imported in full.

    Raises:
        Refused: the code of the first step that failed; nothing was looked up.
    """
    try:
        return _admit_lookup(door, call, data, at, exchange, imported)
    except Malformed as error:
        raise Refused(RefusalCode.MALFORMED, str(error)) from error


def _admit_lookup(
    door: Door, call: Call, data: bytes, at: Instant, exchange: Exchange, imported: Callable[[ListName], bool]
) -> Admitted:
    # 1-2. Size was bounded by the transport. TLS leaf, then the member's rate: one for the call, which pays for taking
    # the frame apart, and the rest when the questions can be counted.
    tls = _check_transport(door, call, 1, at, exchange)
    envelope, opened = codec.decode_lookup_request(data)
    exchange.request_digest = envelope.digest
    further = len(opened) // OPENED_OCTETS - 1
    if further > 0:
        door.take_rate(tls.name.economy, further, at)
    # 3. The message key by its id, under the same tests as the TLS leaf.
    message = _message_key(door, envelope, tls, at)
    # 4. The signature, over the bytes received.
    _open(envelope, PayloadType.LOOKUP_REQUEST, message, exchange)
    # 5. Only now is anything inside read. The questions are part of what was signed, so they are held against their
    # digests before the session is touched: a changed one must not use up the sequence number of the right one.
    if envelope.certificate:
        raise Refused(RefusalCode.MALFORMED, "a lookup comes without a certificate: its session has it")
    statement = codec.decode_lookup_statement(envelope.payload)
    questions = open_questions(opened, statement.question_digests)
    exchange.questions = len(questions)
    # 6. Method, names, TLS digest, version, charter. One directory to the end, whichever comes into force meanwhile.
    directory = door.directory
    if statement.method != LOOKUP_METHOD:
        raise Refused(RefusalCode.METHOD, "the statement was made for another method")
    _check_names(statement.caller, statement.responder, statement.caller_tls_leaf, tls, exchange, door)
    if statement.protocol_version != PROTOCOL_VERSION:
        raise Refused(RefusalCode.VERSION, f"this session speaks protocol version {PROTOCOL_VERSION}")
    _check_charter(statement.versions, directory.versions)
    # 7. Session and sequence. The number is used up whatever follows: a refused request is not asked again as it is.
    session = door.sessions.find(statement.session_id, at.monotonic_ms)
    _check_session(session, tls, message)
    session.take(statement.sequence, at.monotonic_ms)
    # 8. Times.
    check_times(statement.issued_at, statement.not_after, at.now_ms)
    # 9. Routes and lists.
    purpose = purpose_of(statement)
    exchange.purpose = purpose
    policy.check_routes(questions, purpose, directory, door.economy)
    own = directory.members.get(door.economy)
    if own is None:
        # Specimens pass the routes, and an economy that has left answers for nothing.
        raise Refused(RefusalCode.NOT_MINE, "this node's economy is no member")
    policy.check_lists(questions, purpose, own, imported)
    # 10. Purpose, grant, budget. Nodes of one economy need no grant.
    economy = tls.name.economy
    if economy != door.economy:
        grant = policy.check_grant(questions, purpose, own.grants.get(economy), at.now_ms)
        door.date_pairs.check(economy, questions, at.now_ms)
        door.budget.spend(economy, len(questions), grant.questions_per_day, at.now_ms)
    return Admitted(questions, purpose)


def _open(envelope: Envelope, expected: PayloadType, message: VerifiedLeaf, exchange: Exchange) -> None:
    try:
        open_envelope(envelope, expected, message.public_key)
    except Refused as refusal:
        # A signature that holds over another kind of statement is the caller's doing, and is recorded as such.
        exchange.authenticated = refusal.code is not RefusalCode.BAD_SIGNATURE
        raise
    exchange.authenticated = True


def _message_key(door: Door, envelope: Envelope, tls: VerifiedLeaf, at: Instant) -> VerifiedLeaf:
    if envelope.key_id == tls.fingerprint:
        raise Refused(RefusalCode.KEY_PURPOSE, "a statement is signed with the message key, not the TLS key")
    message = door.sessions.key(envelope.key_id)
    door.trust.check(message, at.now)
    bind(tls, message)
    return message


def _check_session(session: Session, tls: VerifiedLeaf, message: VerifiedLeaf) -> None:
    bound = session.caller_tls_leaf == tls.fingerprint and session.caller.fingerprint == message.fingerprint
    if not bound:
        raise Refused(RefusalCode.SESSION_UNKNOWN, "the session belongs to other certificates")
