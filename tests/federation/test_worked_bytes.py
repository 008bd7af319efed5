"""The worked bytes of docs/spec/worked are what their script writes, and the program reads and writes the very same.

The script shares no code with the program, so wherever the two agree, the pages were enough to write another node.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certs.profiles import Role
from certs.signing import verify
from docs.spec.worked import make, make_trust
from federation import codec
from federation.admission import Admitted, Call, Door, Exchange, Instant, admit_lookup, admit_open_session
from federation.documents import Kind, ListName
from federation.envelope import Envelope, pre_authentication
from federation.errors import BadAnswer, Refused
from federation.exchange import (
    Answer,
    Identity,
    OpenedSession,
    Sent,
    Stamp,
    check_lookup_answer,
    check_open_session,
    compose_lookup,
    compose_open_session,
)
from federation.lookup import LookupAnswer, Question, case_number, decode_question, encode_outcome
from federation.policy import DatePairs
from federation.session import OpenSessionAnswer, Session, SessionTable
from federation.status import Purpose, RefusalCode
from federation.trust import Trust
from tests.written_directory import parse

WORKED = Path(make.__file__).parent
SCENARIOS = ("lookup", "refusal", "session-unknown")
SEALED = [(name, side) for name in ("open-session", *SCENARIOS) for side in ("request", "answer")]


def _file(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((WORKED / f"{name}.json").read_bytes())
    return loaded


KEYS = _file("keys")
DIRECTORY = parse((WORKED / "directory.json").read_bytes())


class DeterministicSigner:
    """A message key that signs as the worked bytes are signed, so that whole messages can be compared."""

    def __init__(self, scalar: str) -> None:
        self._key = ec.derive_private_key(int(scalar, 16), ec.SECP256R1())

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    def sign(self, digest: bytes) -> bytes:
        algorithm = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)
        r, s = decode_dss_signature(self._key.sign(digest, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Unlimited:
    """A day's budget without an end."""

    def spend(self, economy: str, questions: int, limit: int, now_ms: int) -> None:
        pass


def _der(economy: str, role: str) -> bytes:
    return bytes.fromhex(KEYS[economy][role]["certificate"])


def _pem(economy: str, role: str) -> bytes:
    return x509.load_der_x509_certificate(_der(economy, role)).public_bytes(Encoding.PEM)


def _sha256(economy: str, role: str) -> bytes:
    return bytes.fromhex(KEYS[economy][role]["sha256"])


def _identity(economy: str) -> Identity:
    return Identity(
        f"rmas://lab/{economy}/node1",
        DeterministicSigner(KEYS[economy]["message"]["private_key"]),
        _sha256(economy, "message"),
        _der(economy, "message"),
        _sha256(economy, "tls"),
    )


ASKER, RESPONDER = _identity("NZL"), _identity("AUS")
CALL = Call(_pem("NZL", "tls"), "TLSv1.3", "ipv4:198.51.100.64:40000")


def _at(now_ms: int) -> Instant:
    return Instant(datetime.fromtimestamp(now_ms / 1000, UTC), now_ms, now_ms)


def _door() -> Door:
    return Door(RESPONDER.name, "AUS", Trust(DIRECTORY), SessionTable(), Unlimited(), DatePairs(bytes(32)))


def _door_with_session() -> Door:
    """Australia's worker after it opened the worked session."""
    door, opened = _door(), _file("open-session")
    at = _at(opened["at"])
    statement, message, _ = admit_open_session(door, CALL, _message(opened["request"]), at, Exchange())
    session_id = bytes.fromhex(opened["session_id"])
    door.sessions.add(Session(session_id, message, statement.caller_tls_leaf, 1, CALL.connection, at.monotonic_ms))
    return door


def _message(sealed: dict[str, Any]) -> bytes:
    return bytes.fromhex(sealed["message"])


def _session() -> OpenedSession:
    opened = _file("open-session")
    sent = Sent(_message(opened["request"]), bytes.fromhex(opened["request"]["digest"]), ())
    return check_open_session(
        _message(opened["answer"]), sent, ASKER, RESPONDER.name, Trust(DIRECTORY), _at(opened["at"] + 20)
    )


def _questions(worked: dict[str, Any]) -> list[Question]:
    return [decode_question(bytes.fromhex(one["octets"])) for one in worked["questions"]]


def _compose(worked: dict[str, Any]) -> Sent:
    salt = b"".join(bytes.fromhex(one["random"]) for one in worked["questions"])
    asked_at = _file("open-session")["at"] + 1000
    stamp = Stamp(worked["sequence"], asked_at, salt)
    return compose_lookup(ASKER, _session(), stamp, DIRECTORY.versions, Purpose.BORDER_ENTRY, _questions(worked))


def _admit(worked: dict[str, Any]) -> Admitted:
    at = _at(_file("open-session")["at"] + 1020)
    return admit_lookup(_door_with_session(), CALL, _message(worked["request"]), at, Exchange(), lambda _: True)


def _check(worked: dict[str, Any]) -> Answer:
    at = _at(_file("open-session")["at"] + 1060)
    return check_lookup_answer(_message(worked["answer"]), _compose(worked), ASKER, _session(), Trust(DIRECTORY), at)


def test_the_files_are_what_their_script_writes() -> None:
    written = {path.name: path.read_bytes() for path in WORKED.glob("*.json")}
    assert written == make.files() | make_trust.files(), "run the scripts in docs/spec/worked, and commit"


@pytest.mark.parametrize(("name", "side"), SEALED)
def test_every_step_of_an_envelope_is_the_program_s(name: str, side: str) -> None:
    sealed = _file(name)[side]
    envelope = codec.decode_response(_message(sealed))
    assert envelope == Envelope(
        sealed["payload_type"],
        *(bytes.fromhex(sealed[key]) for key in ("payload", "key_id", "signature", "certificate")),
    )
    assert pre_authentication(envelope.payload_type, envelope.payload).hex() == sealed["pre_authentication"]
    assert envelope.digest.hex() == sealed["digest"]
    signer = ASKER if side == "request" else RESPONDER
    verify(signer.signer.public_key, envelope.signature, sha256(bytes.fromhex(sealed["pre_authentication"])).digest())
    # Field 1 of the message is the envelope as shown; what rides beside it comes after.
    assert sealed["envelope"] in sealed["message"]


class TestOpenSession:
    worked = _file("open-session")

    def test_the_asker_writes_these_very_octets(self) -> None:
        nonce = bytes.fromhex(self.worked["nonce"])
        sent = compose_open_session(ASKER, RESPONDER.name, DIRECTORY.versions, nonce, self.worked["at"])
        assert sent.data == _message(self.worked["request"])

    def test_the_responder_admits_the_request(self) -> None:
        statement, message, _ = admit_open_session(
            _door(), CALL, _message(self.worked["request"]), _at(self.worked["at"]), Exchange()
        )
        assert statement.caller == ASKER.name
        assert message.fingerprint == ASKER.key_id

    def test_the_responder_writes_these_very_octets(self) -> None:
        answer = OpenSessionAnswer(
            bytes.fromhex(self.worked["request"]["digest"]),
            RESPONDER.name,
            ASKER.name,
            bytes.fromhex(self.worked["session_id"]),
            1,
            self.worked["at"] + 20,
            DIRECTORY.versions,
            500,
            codec.MAX_MESSAGE_OCTETS,
            600,
        )
        assert codec.encode_open_session_answer(answer).hex() == self.worked["answer"]["payload"]

    def test_the_asker_believes_the_answer(self) -> None:
        session = _session()
        assert session.session_id.hex() == self.worked["session_id"]
        assert session.responder_key.fingerprint == RESPONDER.key_id


@pytest.mark.parametrize("name", SCENARIOS)
class TestRequest:
    def test_the_asker_writes_these_very_octets(self, name: str) -> None:
        worked = _file(name)
        assert _compose(worked).data == _message(worked["request"])

    def test_a_changed_octet_beside_the_statement_is_refused(self, name: str) -> None:
        """The questions ride beside what is signed; their digests are inside."""
        worked = _file(name)
        data = bytearray(_message(worked["request"]))
        data[-1] ^= 1
        worked["request"] = {**worked["request"], "message": data.hex()}
        with pytest.raises(Refused) as refused:
            _admit(worked)
        assert refused.value.code in (RefusalCode.BAD_SIGNATURE, RefusalCode.MALFORMED)


class TestLookup:
    worked = _file("lookup")

    def test_the_responder_admits_the_request_and_reads_the_questions(self) -> None:
        admitted = _admit(self.worked)
        assert admitted.questions == _questions(self.worked)
        assert admitted.purpose is Purpose.BORDER_ENTRY

    def test_the_responder_writes_these_very_octets(self) -> None:
        opened_at = _file("open-session")["at"]
        outcomes = [(7, False, True, True), (1, True, False, False), (3, False, False, False)]
        answer = LookupAnswer(
            bytes.fromhex(self.worked["request"]["digest"]),
            RESPONDER.name,
            ASKER.name,
            opened_at + 1040,
            opened_at - 7_200_000,
            opened_at - 86_400_000,
            bytes(encode_outcome(*one) for one in outcomes),
            server_time=3,
        )
        assert codec.encode_lookup_answer(answer).hex() == self.worked["answer"]["payload"]

    def test_the_asker_believes_the_answer(self) -> None:
        answer = _check(self.worked)
        assert answer.outcomes == (
            {Kind.REPORTED: False, Kind.ISSUED: True, Kind.ISSUED_DATES: True},
            {Kind.REPORTED: True},
            {Kind.REPORTED: False, Kind.ISSUED: False},
        )
        assert set(answer.as_of) == {ListName.REPORTED, ListName.ISSUED}

    def test_both_sides_derive_the_case_numbers_shown(self) -> None:
        derived = [case_number(bytes.fromhex(self.worked["request"]["digest"]), index) for index in (1, 2)]
        assert derived == self.worked["case_numbers"][1:]

    def test_an_answer_to_another_request_is_not_believed(self) -> None:
        sent = replace(_compose(self.worked), request_digest=bytes(32))
        at = _at(_file("open-session")["at"] + 1060)
        with pytest.raises(BadAnswer, match="DIGEST"):
            check_lookup_answer(_message(self.worked["answer"]), sent, ASKER, _session(), Trust(DIRECTORY), at)


class TestRefusal:
    worked = _file("refusal")

    def test_the_responder_refuses_with_these_marks(self) -> None:
        with pytest.raises(Refused) as refused:
            _admit(self.worked)
        assert (refused.value.code, refused.value.causes.hex()) == (self.worked["refusal"], self.worked["causes"])

    def test_the_asker_reads_code_and_marks(self) -> None:
        with pytest.raises(Refused) as refused:
            _check(self.worked)
        assert (refused.value.code, refused.value.causes.hex()) == (self.worked["refusal"], self.worked["causes"])


class TestSessionUnknown:
    worked = _file("session-unknown")

    def test_a_worker_without_the_session_refuses(self) -> None:
        at = _at(_file("open-session")["at"] + 1020)
        with pytest.raises(Refused, match="SESSION_UNKNOWN"):
            admit_lookup(_door(), CALL, _message(self.worked["request"]), at, Exchange(), lambda _: True)

    def test_the_asker_knows_the_worker_by_its_certificate(self) -> None:
        """The session may have been opened under a message leaf that the node has since renewed."""
        at = _at(_file("open-session")["at"] + 1060)
        trust = Trust(DIRECTORY)
        renewed = replace(_session(), responder_key=trust.leaf(ASKER.certificate, Role.MESSAGE, at.now))
        with pytest.raises(Refused, match="SESSION_UNKNOWN"):
            check_lookup_answer(_message(self.worked["answer"]), _compose(self.worked), ASKER, renewed, trust, at)
