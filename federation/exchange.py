"""What an asker signs, and what it checks before it believes an answer (docs/spec/4-lookup.md, 4.7).

The other half of ``federation.admission``. Nothing here touches a network or a clock: requests go out as bytes, answers
come in as bytes, and every failed check raises with its own code.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from certs.errors import BadSignature
from certs.profiles import Role
from certs.signing import Signer, verify
from certs.verify import VerifiedLeaf
from federation import codec
from federation.admission import Instant
from federation.documents import Kind, ListName
from federation.envelope import Envelope, PayloadType, seal
from federation.errors import BadAnswer, Distrusted, Malformed, Refused
from federation.lookup import (
    LOOKUP_METHOD,
    PROTOCOL_VERSION,
    SALT_OCTETS,
    LookupAnswer,
    LookupStatement,
    Question,
    Versions,
    decode_outcome,
    encode_question,
    kinds_of,
    question_digests,
    validate_questions,
)
from federation.policy import lists_of
from federation.session import MAX_AHEAD_MS, MAX_VALIDITY_MS, OpenSessionAnswer, OpenSessionStatement
from federation.status import BadAnswerCode, Purpose, RefusalCode
from federation.trust import Trust
from federation.values import value

T = TypeVar("T")

_SALT = struct.Struct(f"{SALT_OCTETS}s")


@dataclass(frozen=True, slots=True)
class Identity:
    """This node as it signs: full name, message key and its leaf, and the digest of its TLS leaf."""

    name: str
    signer: Signer
    key_id: bytes
    certificate: bytes
    tls_leaf: bytes


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session as the asker holds it; ``responder_key`` is the message leaf that must sign every answer, ``versions``
    what the responder held when it was opened.
    """

    session_id: bytes
    responder: str
    responder_key: VerifiedLeaf
    max_questions: int
    max_message_octets: int
    answered_at: int
    versions: Versions


@value(frozen=True, slots=True)
class Sent:
    """A sealed request and what its answer will be held against."""

    data: bytes
    request_digest: bytes
    questions: tuple[Question, ...]


@value(frozen=True, slots=True)
class Answer:
    """A verified answer: per question the outcomes by kind, and when each list asked was cut (ms)."""

    outcomes: tuple[Mapping[Kind, bool], ...]
    as_of: Mapping[ListName, int]
    answered_at: int
    server_time: int
    answer_digest: bytes


def compose_open_session(identity: Identity, responder: str, versions: Versions, nonce: bytes, now_ms: int) -> Sent:
    """A sealed OpenSession request; ``nonce`` is 16 fresh random bytes."""
    statement = OpenSessionStatement(
        (PROTOCOL_VERSION,),
        identity.name,
        responder,
        nonce,
        identity.tls_leaf,
        now_ms,
        now_ms + MAX_VALIDITY_MS,
        versions,
    )
    payload = codec.encode_open_session_statement(statement)
    envelope = seal(PayloadType.OPEN_SESSION_REQUEST, payload, identity.signer, identity.key_id, identity.certificate)
    return Sent(codec.encode_enveloped(envelope), envelope.digest, ())


def check_open_session(
    data: bytes, sent: Sent, identity: Identity, responder: str, trust: Trust, at: Instant
) -> OpenedSession:
    """The session in an OpenSession answer.

    Raises:
        Refused: the responder refused, signed.
        Distrusted: it is not to be trusted at present.
        BadAnswer: it cannot be believed.
    """
    envelope = _believe(codec.decode_response, data)
    leaf = _presented_leaf(envelope, responder, trust, at)
    _check_signature(envelope, PayloadType.OPEN_SESSION_ANSWER, leaf)
    answer = _believe(codec.decode_open_session_answer, envelope.payload)
    _check_addressed(answer, sent, identity, responder)
    if answer.refusal:
        raise _refusal(answer.refusal, answer.retry_after, answer.answered_at, at)
    if abs(answer.answered_at - at.now_ms) > MAX_AHEAD_MS:
        raise BadAnswer(BadAnswerCode.CLOCK, "the session was answered more than 60 s from this clock")
    if answer.protocol_version != PROTOCOL_VERSION:
        raise BadAnswer(BadAnswerCode.MALFORMED, "the session speaks a protocol version that was not offered")
    return OpenedSession(
        answer.session_id,
        responder,
        leaf,
        answer.max_questions,
        answer.max_message_octets,
        answer.answered_at,
        answer.versions,
    )


@value(frozen=True, slots=True)
class Stamp:
    """What makes one request unlike any other: a sequence number never used before in the session, the time, and 16
    fresh random bytes a question, so that no digest can be searched for a number.
    """

    sequence: int
    now_ms: int
    salt: bytes


def compose_lookup(
    identity: Identity,
    session: OpenedSession,
    stamp: Stamp,
    versions: Versions,
    purpose: Purpose,
    questions: Sequence[Question],
) -> Sent:
    """A sealed lookup of 1 to 500 questions; raises ``InvalidDocument`` (BATCH_SIZE) for another number."""
    validate_questions(questions)
    opened = b"".join(
        [
            salt + encode_question(question)
            for (salt,), question in zip(_SALT.iter_unpack(stamp.salt), questions, strict=True)
        ]
    )
    statement = LookupStatement(
        PROTOCOL_VERSION,
        LOOKUP_METHOD,
        identity.name,
        session.responder,
        session.session_id,
        stamp.sequence,
        stamp.now_ms,
        stamp.now_ms + MAX_VALIDITY_MS,
        purpose,
        identity.tls_leaf,
        versions,
        question_digests(opened),
    )
    payload = codec.encode_lookup_statement(statement)
    envelope = seal(PayloadType.LOOKUP_REQUEST, payload, identity.signer, identity.key_id)
    return Sent(codec.encode_lookup_request(envelope, opened), envelope.digest, tuple(questions))


def check_lookup_answer(
    data: bytes, sent: Sent, identity: Identity, session: OpenedSession, trust: Trust, at: Instant
) -> Answer:
    """What must hold before an outcome is believed, in this order (spec 4.7). Ages are judged by the caller.

    Raises:
        Refused: the responder refused, signed; its ``causes`` mark questions.
        Distrusted: the responder, or its key, is not to be trusted at present.
        BadAnswer: BAD_SIGNATURE, MALFORMED, DIGEST, RESPONDER, COUNT, CLOCK or DATA_REGRESSION.
    """
    # 1. The key: that of the session, or, with a certificate (a worker that lost the session), one proved by path.
    envelope = _believe(codec.decode_response, data)
    leaf = session.responder_key
    if envelope.key_id != leaf.fingerprint:
        leaf = _presented_leaf(envelope, session.responder, trust, at)
    else:
        # Its member may have been suspended, or the key revoked, while the question was out.
        _current(trust, leaf, at)
    # 2. The signature, over the bytes received; then, and only then, what they say.
    _check_signature(envelope, PayloadType.LOOKUP_ANSWER, leaf)
    answer = _believe(codec.decode_lookup_answer, envelope.payload)
    # 3. This very request, from the node asked, to this node.
    _check_addressed(answer, sent, identity, session.responder)
    # 4. Another key than the session's may say one thing: that the session is gone.
    if leaf is not session.responder_key and answer.refusal != RefusalCode.SESSION_UNKNOWN:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, "the answer is signed by another key than the session's")
    # A refusal is an answer without outcomes.
    if answer.refusal:
        refusal = _refusal(answer.refusal, answer.retry_after, answer.answered_at, at)
        refusal.causes = _causes(answer, sent)
        raise refusal
    # 5. One outcome a question, for exactly the kinds asked.
    if len(answer.outcomes) != len(sent.questions):
        raise BadAnswer(BadAnswerCode.COUNT, "as many outcomes as questions are needed")
    outcomes = tuple(
        [decode_outcome(octet, question.kinds) for octet, question in zip(answer.outcomes, sent.questions, strict=True)]
    )
    # 6. Times: answered now, from lists cut before.
    if abs(answer.answered_at - at.now_ms) > MAX_AHEAD_MS:
        raise BadAnswer(BadAnswerCode.CLOCK, "answered more than 60 s from this node's clock")
    return Answer(outcomes, _as_of(answer, sent), answer.answered_at, answer.server_time, envelope.digest)


def _causes(answer: LookupAnswer, sent: Sent) -> bytes:
    if len(answer.causes) not in (0, len(sent.questions)):
        raise BadAnswer(BadAnswerCode.COUNT, "a refusal marks another number of questions than were asked")
    if not set(answer.causes) <= {0, 1}:
        raise BadAnswer(BadAnswerCode.MALFORMED, "a question is marked as a cause with 1, or not with 0")
    return answer.causes


def _as_of(answer: LookupAnswer, sent: Sent) -> dict[ListName, int]:
    """When each list asked was cut; a list asked and not dated, or dated later than the answer, is not believed."""
    asked = lists_of(kinds_of(sent.questions))
    reported, issued = answer.reported_as_of, answer.issued_as_of
    dated = {}
    if reported:
        dated[ListName.REPORTED] = reported
    if issued:
        dated[ListName.ISSUED] = issued
    if tuple(dated) != asked:
        raise BadAnswer(BadAnswerCode.MALFORMED, "the lists dated are not the lists asked")
    if max(reported, issued) > answer.answered_at:
        raise BadAnswer(BadAnswerCode.DATA_REGRESSION, "a list is dated later than the answer")
    return dated


def _presented_leaf(envelope: Envelope, responder: str, trust: Trust, at: Instant) -> VerifiedLeaf:
    if not envelope.certificate:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, "signed by a key that this session does not know")
    try:
        leaf = trust.leaf(envelope.certificate, Role.MESSAGE, at.now)
    except Distrusted:
        raise
    except Refused as error:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, f"the responder's certificate does not hold ({error})") from error
    if leaf.name.uri != responder:
        raise BadAnswer(BadAnswerCode.RESPONDER, "the certificate names another node than the one asked")
    if leaf.fingerprint != envelope.key_id:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, "the key id is not that of the certificate sent")
    return leaf


def _current(trust: Trust, leaf: VerifiedLeaf, at: Instant) -> None:
    try:
        trust.check(leaf, at.now)
        trust.check_member(leaf.name.economy, at.now)
    except Distrusted:
        raise
    except Refused as error:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, f"the responder's certificate does not hold ({error})") from error


def _check_signature(envelope: Envelope, expected: PayloadType, leaf: VerifiedLeaf) -> None:
    try:
        verify(leaf.public_key, envelope.signature, envelope.digest)
    except BadSignature as error:
        raise BadAnswer(BadAnswerCode.BAD_SIGNATURE, "the signature does not hold") from error
    if envelope.payload_type != expected:
        raise BadAnswer(BadAnswerCode.MALFORMED, "the payload type is not that of an answer to this request")


def _check_addressed(answer: LookupAnswer | OpenSessionAnswer, sent: Sent, identity: Identity, asked: str) -> None:
    if answer.responder != asked:
        raise BadAnswer(BadAnswerCode.RESPONDER, "the answer names another responder than the one asked")
    if answer.request_digest != sent.request_digest:
        raise BadAnswer(BadAnswerCode.DIGEST, "the answer belongs to another request")
    # A responder that refuses the TLS leaf cannot say who is calling; it leaves the name empty.
    if answer.caller != identity.name and not (answer.refusal and not answer.caller):
        raise BadAnswer(BadAnswerCode.RESPONDER, "the answer was made for another caller")


def _refusal(code: int, retry_after: int, answered_at: int, at: Instant) -> Refused:
    try:
        known = RefusalCode(code)
    except ValueError as error:
        raise BadAnswer(BadAnswerCode.MALFORMED, "the refusal code is none of the closed set") from error
    message = "refused"
    if known is RefusalCode.CLOCK:
        offset = round((answered_at - at.now_ms) / 1000)
        message = f"its clock is {abs(offset)} s {'ahead of' if offset > 0 else 'behind'} this node's"
    return Refused(known, message, retry_after=retry_after)


def _believe(decoder: Callable[[bytes], T], data: bytes) -> T:
    try:
        return decoder(data)
    except Malformed as error:
        raise BadAnswer(BadAnswerCode.MALFORMED, str(error)) from error
