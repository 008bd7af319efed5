"""A node at another's door, acting by hand: every statement can be changed before it is sealed, and the seal after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from certs.signing import Signer
from federation import codec
from federation.admission import Call
from federation.documents import Kind
from federation.envelope import PayloadType, seal
from federation.exchange import OpenedSession, Sent, check_open_session, compose_open_session
from federation.lookup import (
    LOOKUP_METHOD,
    LookupAnswer,
    LookupStatement,
    Question,
    decode_outcome,
    encode_question,
    question_digests,
)
from federation.service import OPEN_SESSION_METHOD
from federation.session import OpenSessionStatement, SequenceWindow
from federation.status import Purpose, RefusalCode
from tests.fake_lists import passport
from tests.world import Economy

ALL_KINDS = int(Kind.REPORTED | Kind.ISSUED | Kind.ISSUED_DATES)
BIRTH_CHARACTERS, EXPIRY_CHARACTERS = "600412", "310102"


def question(state: str = "AUS", place: int = 0, kinds: int = ALL_KINDS) -> Question:
    """A question about one of the 200 passports, with the dates they have in every list here."""
    dates = (BIRTH_CHARACTERS, EXPIRY_CHARACTERS) if kinds & Kind.ISSUED_DATES else ()
    return Question(kinds, passport(state, place), *dates)


def same(statement: Any) -> Any:
    return statement


class Caller:
    """One connection of a node to another."""

    def __init__(self, caller: Economy, responder: Economy, connection: str = "by hand") -> None:
        self.caller = caller
        self.responder = responder
        self.call: Call = caller.call(connection)
        self.session: OpenedSession | None = None
        self.sequence = 0

    def opening(
        self,
        change: Callable[[OpenSessionStatement], OpenSessionStatement] = same,
        signer: Signer | None = None,
        certificate: bytes | None = None,
        key_id: bytes | None = None,
    ) -> bytes:
        """A sealed OpenSession request."""
        own = self.caller.identity
        sent = self._compose()
        statement = change(codec.decode_open_session_statement(codec.decode_response(sent.data).payload))
        envelope = seal(
            PayloadType.OPEN_SESSION_REQUEST,
            codec.encode_open_session_statement(statement),
            signer or own.signer,
            own.key_id if key_id is None else key_id,
            own.certificate if certificate is None else certificate,
        )
        return codec.encode_enveloped(envelope)

    def _compose(self) -> Sent:
        clock = self.caller.clock
        versions = self.caller.trust.directory.versions
        return compose_open_session(
            self.caller.identity, self.responder.name.uri, versions, clock.random(16), clock.now_ms()
        )

    def open(self) -> Caller:
        """Open a session, as a node does."""
        sent = self._compose()
        data = self.responder.receive(OPEN_SESSION_METHOD, self.call, sent.data)
        own = self.caller
        self.session = check_open_session(
            data, sent, own.identity, self.responder.name.uri, own.trust, own.clock.instant()
        )
        return self

    def try_open(self, data: bytes) -> RefusalCode | None:
        """The code with which an OpenSession is refused, None when it is not."""
        response = self.responder.receive(OPEN_SESSION_METHOD, self.call, data)
        refusal = codec.decode_open_session_answer(codec.decode_response(response).payload).refusal
        return RefusalCode(refusal) if refusal else None

    def statement(self, *questions: Question) -> tuple[LookupStatement, bytes]:
        """The next statement over these questions, and the questions that ride beside it."""
        assert self.session is not None
        self.sequence += 1
        clock, own = self.caller.clock, self.caller.identity
        opened = b"".join(clock.random(16) + encode_question(one) for one in questions)
        statement = LookupStatement(
            1,
            LOOKUP_METHOD,
            own.name,
            self.session.responder,
            self.session.session_id,
            self.sequence,
            clock.now_ms(),
            clock.now_ms() + 10_000,
            Purpose.BORDER_ENTRY,
            own.tls_leaf,
            self.caller.trust.directory.versions,
            question_digests(opened),
        )
        return statement, opened

    def request(
        self,
        *questions: Question,
        change: Callable[[LookupStatement], LookupStatement] = same,
        signer: Signer | None = None,
        key_id: bytes | None = None,
        payload_type: PayloadType = PayloadType.LOOKUP_REQUEST,
        rewrite: Callable[[bytes], bytes] = same,
    ) -> bytes:
        """A sealed lookup; ``change`` and ``rewrite`` act before it is signed, on the statement and on its octets."""
        own = self.caller.identity
        statement, opened = self.statement(*(questions or (question(self.responder.code),)))
        payload = rewrite(codec.encode_lookup_statement(change(statement)))
        envelope = seal(payload_type, payload, signer or own.signer, key_id or own.key_id)
        return codec.encode_lookup_request(envelope, opened)

    def answer(self, data: bytes) -> LookupAnswer:
        """What the responder says to these octets, taken at its word."""
        response = self.responder.receive(LOOKUP_METHOD, self.call, data)
        return codec.decode_lookup_answer(codec.decode_response(response).payload)

    def send(self, data: bytes) -> RefusalCode | None:
        """The code with which these octets are refused, None when they are answered."""
        refusal = self.answer(data).refusal
        return RefusalCode(refusal) if refusal else None

    def outcome(self, asked: Question) -> Mapping[Kind, bool]:
        """Ask one question as a node does."""
        answer = self.answer(self.request(asked))
        assert not answer.refusal
        return decode_outcome(answer.outcomes[0], asked.kinds)

    @property
    def window(self) -> SequenceWindow:
        """The responder's side of the session."""
        assert self.session is not None
        door = self.responder.door
        return door.sessions.find(self.session.session_id, self.responder.clock.instant().monotonic_ms).window

    def traces(self) -> tuple[int, int, int]:
        """What a refused request must not have moved: reads of the lists, the window."""
        window = self.window
        return self.responder.register.reads, window._highest, window._seen
