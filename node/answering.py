"""Answering a peer: admit, record, look up, seal, record (docs/spec/5-refusals.md, in its order).

Whatever happens, the peer gets a sealed answer or none at all; no path leads from a failure to a no-match.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from federation import codec
from federation.admission import (
    NO_DIGEST,
    Call,
    Door,
    Exchange,
    Instant,
    admit_lookup,
    admit_open_session,
)
from federation.documents import Kind, ListName
from federation.envelope import Envelope, PayloadType, seal
from federation.errors import Malformed, Refused
from federation.exchange import Identity
from federation.lookup import (
    ISSUED_KINDS,
    MAX_QUESTIONS,
    PROTOCOL_VERSION,
    LookupAnswer,
    Question,
    encode_outcome,
    kinds_of,
)
from federation.session import IDLE_MS, SESSION_ID_OCTETS, OpenSessionAnswer, Session
from federation.status import Purpose, RefusalCode
from node.budget import DAY_MS
from node.clock import Clock
from node.specimens import Specimens
from node.spool import Entry, Event, Spool, SpoolFull
from node.store.errors import StoreError
from node.store.keys import StoreKeys
from node.store.ports import Reader, Tags, View

# About 19 MB of spool a member and worker; what is refused beyond is only counted.
REFUSALS_RECORDED_A_DAY = 100_000


@dataclass(frozen=True, slots=True)
class Lists:
    """What outcomes are read from: the store's reader, the keys of its records, and the specimens."""

    reader: Reader
    keys: StoreKeys
    specimens: Specimens


def look_up(
    questions: Sequence[Question], purpose: Purpose, view: View, lists: Lists, now_ms: int
) -> tuple[bytes, int, int]:
    """One octet a question, and when the reported and the issued list were cut (ms), 0 for a list not asked.

    Specimens are always of now.

    Raises:
        StoreError: the lists cannot be read; never an outcome.
    """
    asked = kinds_of(questions)
    if purpose is Purpose.TEST:
        outcomes = bytes(encode_outcome(q.kinds, *lists.specimens.outcome(q)) for q in questions)
        reported_ms = issued_ms = now_ms
    else:
        outcomes = _read(questions, asked, view, lists.keys)
        reported_ms, issued_ms = view.data_as_of(ListName.REPORTED) or 0, view.data_as_of(ListName.ISSUED) or 0
    return outcomes, reported_ms if asked & Kind.REPORTED else 0, issued_ms if asked & ISSUED_KINDS else 0


def _read(questions: Sequence[Question], asked: int, view: View, store_keys: StoreKeys) -> bytes:
    """One octet a question, read from one view. The work does not depend on what is found.

    Every question reads every list that any question of the request asks: a batch's cost follows from its size.
    """
    keys = [store_keys.key(q.document) for q in questions]
    nothing: list[Tags] = [()] * len(keys)
    reported = view.find(ListName.REPORTED, keys) if asked & Kind.REPORTED else nothing
    issued = view.find(ListName.ISSUED, keys) if asked & ISSUED_KINDS else nothing
    outcomes = bytearray()
    for question, key, on_reported, on_issued in zip(questions, keys, reported, issued, strict=True):
        dates = False
        if question.kinds & Kind.ISSUED_DATES:
            dates = store_keys.tag(key, question.birth, question.expiry) in on_issued
        outcomes.append(encode_outcome(question.kinds, bool(on_reported), bool(on_issued), dates))
    return bytes(outcomes)


class _Snapshot:
    """One view of the lists, taken at first use and the same from then on; raises ``StoreError`` like its reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._view: View | None = None

    @property
    def view(self) -> View:
        if self._view is None:
            self._view = self._reader.view()
        return self._view

    def imported(self, name: ListName) -> bool:
        return self.view.data_as_of(name) is not None


def _no_documents(call: Call, data: bytes) -> bytes:
    del call, data
    raise Refused(RefusalCode.NO_DATA, "this node holds no trust documents")


class NodeAnswerer:
    """Answers peers for one worker."""

    def __init__(
        self,
        door: Door,
        identity: Identity,
        lists: Lists,
        spool: Spool,
        clock: Clock,
        on_fault: Callable[[BaseException], None],
        serving: Callable[[], bool] = lambda: True,
    ) -> None:
        """``on_fault`` hears of what an operator must see; ``serving`` says whether the node is ready to answer.

        ``documents`` may be set to what hands out trust documents (`node.trust_serving`); else there are none.
        """
        self._door = door
        self._identity = identity
        self._lists = lists
        self._spool = spool
        self._clock = clock
        self._on_fault = on_fault
        self._serving = serving
        self.documents: Callable[[Call, bytes], bytes] = _no_documents
        self.counts: dict[int, int] = {}
        self._refusals: dict[str, tuple[int, int]] = {}

    def open_session(self, call: Call, data: bytes) -> bytes:
        """Open a session, or refuse signed; the certificate rides along both ways."""
        at = self._clock.instant()
        exchange = Exchange()
        try:
            statement, message, _ = admit_open_session(self._door, call, data, at, exchange)
        except Refused as refusal:
            return self._seal_session(self._session_refused(exchange, data, refusal, at))
        session_id = self._clock.random(SESSION_ID_OCTETS)
        self._door.sessions.add(
            Session(session_id, message, statement.caller_tls_leaf, PROTOCOL_VERSION, call.connection, at.monotonic_ms)
        )
        return self._seal_session(self._session_answer(exchange, session_id, at))

    def lookup(self, call: Call, data: bytes) -> bytes:
        """Answer one lookup, or refuse signed."""
        started = self._clock.monotonic()
        at = self._clock.instant()
        exchange = Exchange()
        try:
            try:
                answer = self._answer(call, data, at, exchange, started)
            except Refused as refusal:
                answer = self._refusal(exchange, data, refusal, at)
            envelope = self._seal(answer)
            # Before the answer can leave. What is refused before a signature holds is only counted, else anybody
            # could fill the spool.
            if not answer.refusal:
                self._record(Event.ANSWERED, exchange, at, 0, envelope.digest)
            elif exchange.authenticated and self._records_refusal(exchange, at):
                self._record(Event.REFUSED, exchange, at, answer.refusal, envelope.digest)
        except SpoolFull as full:
            # Without a record there is no answer: an outcome nobody can account for must not leave (oracle 8).
            self._on_fault(full)
            answer = self._refusal(exchange, data, Refused(RefusalCode.OVERLOADED, str(full), retry_after=60), at)
            envelope = self._seal(answer)
        self.counts[answer.refusal] = self.counts.get(answer.refusal, 0) + 1
        return codec.encode_enveloped(envelope)

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        """A piece of the trust documents held here: unsigned, for they prove themselves. Raises Refused."""
        return self.documents(call, data)

    def _seal(self, answer: LookupAnswer) -> Envelope:
        us = self._identity
        certificate = us.certificate if answer.refusal == RefusalCode.SESSION_UNKNOWN else b""
        payload = codec.encode_lookup_answer(answer)
        return seal(PayloadType.LOOKUP_ANSWER, payload, us.signer, us.key_id, certificate)

    def _answer(self, call: Call, data: bytes, at: Instant, exchange: Exchange, started: float) -> LookupAnswer:
        if not self._serving():
            raise Refused(RefusalCode.OVERLOADED, "the node is not ready", retry_after=1)
        try:
            # 1. Every check. One view for everything: the lists that policy finds imported are the ones read and dated
            # below. It is taken when it is first needed: what the store is like is no stranger's business.
            snapshot = _Snapshot(self._lists.reader)
            admitted = admit_lookup(self._door, call, data, at, exchange, snapshot.imported)
            view = snapshot.view
            # 2. Recorded before the lists are read: from here on a kill leaves a trace of what was asked.
            self._record(Event.ASKED, exchange, at)
            # 3. Look up.
            found = look_up(admitted.questions, admitted.purpose, view, self._lists, at.now_ms)
        except StoreError as error:
            # A list that cannot be read is a list that is not there; it is never an empty one (oracle 1).
            self._on_fault(error)
            raise Refused(RefusalCode.NO_DATA, "the lists cannot be read") from error
        outcomes, reported_as_of, issued_as_of = found
        spent = self._clock.monotonic() - started
        return LookupAnswer(
            exchange.request_digest,
            self._identity.name,
            exchange.caller,
            at.now_ms,
            reported_as_of,
            issued_as_of,
            outcomes,
            server_time=math.ceil(spent * 10_000),
        )

    def _records_refusal(self, exchange: Exchange, at: Instant) -> bool:
        """So many a member and day, that nobody can fill the disk by being refused."""
        day = at.now_ms // DAY_MS
        known_day, count = self._refusals.get(exchange.economy, (day, 0))
        count = count + 1 if known_day == day else 1
        self._refusals[exchange.economy] = (day, count)
        return count <= REFUSALS_RECORDED_A_DAY

    def _record(
        self, event: Event, exchange: Exchange, at: Instant, code: int = 0, answer_digest: bytes = NO_DIGEST
    ) -> None:
        self._spool.append(
            Entry(
                event,
                at.now_ms,
                exchange.economy,
                exchange.purpose,
                exchange.questions,
                exchange.request_digest,
                answer_digest,
                code,
            )
        )

    def _refusal(self, exchange: Exchange, data: bytes, refusal: Refused, at: Instant) -> LookupAnswer:
        return LookupAnswer(
            _digest_of(exchange, data, lambda octets: codec.decode_lookup_request(octets)[0]),
            self._identity.name,
            exchange.caller,
            at.now_ms,
            refusal=refusal.code,
            retry_after=refusal.retry_after,
            causes=refusal.causes,
        )

    def _session_answer(self, exchange: Exchange, session_id: bytes, at: Instant) -> OpenSessionAnswer:
        return OpenSessionAnswer(
            exchange.request_digest,
            self._identity.name,
            exchange.caller,
            session_id,
            PROTOCOL_VERSION,
            at.now_ms,
            self._door.directory.versions,
            MAX_QUESTIONS,
            codec.MAX_MESSAGE_OCTETS,
            IDLE_MS // 1000,
        )

    def _session_refused(self, exchange: Exchange, data: bytes, refusal: Refused, at: Instant) -> OpenSessionAnswer:
        return OpenSessionAnswer(
            _digest_of(exchange, data, codec.decode_open_session_request),
            self._identity.name,
            exchange.caller,
            bytes(SESSION_ID_OCTETS),
            PROTOCOL_VERSION,
            at.now_ms,
            self._door.directory.versions,
            MAX_QUESTIONS,
            codec.MAX_MESSAGE_OCTETS,
            IDLE_MS // 1000,
            refusal=refusal.code,
            retry_after=refusal.retry_after,
        )

    def _seal_session(self, answer: OpenSessionAnswer) -> bytes:
        payload = codec.encode_open_session_answer(answer)
        envelope = seal(
            PayloadType.OPEN_SESSION_ANSWER,
            payload,
            self._identity.signer,
            self._identity.key_id,
            self._identity.certificate,
        )
        return codec.encode_enveloped(envelope)


def _digest_of(exchange: Exchange, data: bytes, decode: Callable[[bytes], Envelope]) -> bytes:
    """The request's digest even when a check failed before it was needed, so that its refusal names it."""
    if exchange.request_digest != NO_DIGEST:
        return exchange.request_digest
    try:
        return decode(data).digest
    except Malformed:
        return NO_DIGEST
