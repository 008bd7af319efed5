"""What takes octets from a stranger, each with what must hold whatever they are: for Hypothesis and for atheris."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs.signing import verify
from federation import codec, fetch_codec, lookup
from federation.envelope import PayloadType, digest_of, seal
from federation.errors import BadAnswer, InvalidDirectory, Malformed, Refused
from federation.exchange import Answer, Sent, check_lookup_answer, check_open_session
from federation.fetch_codec import FetchRequest, FetchResponse
from federation.lookup import LOOKUP_METHOD
from federation.service import OPEN_SESSION_METHOD
from federation.status import Purpose, RefusalCode
from tests import written_directory
from tests.caller import question
from tests.fake_lists import passport
from tests.world import ALL_KINDS, Carriage, Deliver, World, _member


@dataclass(frozen=True, slots=True)
class Form:
    """Something that is taken apart; ``encode`` where there is one right way to put it together."""

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes] | None = None


FORMS: dict[str, Form] = {
    "LookupRequest": Form(codec.decode_lookup_request),
    "OpenSessionRequest": Form(codec.decode_open_session_request),
    "Response": Form(codec.decode_response),
    "LookupStatement": Form(codec.decode_lookup_statement, codec.encode_lookup_statement),
    "LookupAnswer": Form(codec.decode_lookup_answer, codec.encode_lookup_answer),
    "OpenSessionStatement": Form(codec.decode_open_session_statement, codec.encode_open_session_statement),
    "OpenSessionAnswer": Form(codec.decode_open_session_answer, codec.encode_open_session_answer),
    "FetchTrustRequest": Form(fetch_codec.decode_fetch_request, fetch_codec.encode_fetch_request),
    "FetchTrustResponse": Form(fetch_codec.decode_fetch_response, fetch_codec.encode_fetch_response),
    "Question": Form(lookup.decode_question, lookup.encode_question),
}
_ANSWERS: dict[str, tuple[PayloadType, Callable[[bytes], Any]]] = {
    OPEN_SESSION_METHOD: (PayloadType.OPEN_SESSION_ANSWER, codec.decode_open_session_answer),
    LOOKUP_METHOD: (PayloadType.LOOKUP_ANSWER, codec.decode_lookup_answer),
}


def check_form(name: str, octets: bytes) -> None:
    """Taken apart or ``Malformed``; and what has one spelling was in it."""
    form = FORMS[name]
    with suppress(Malformed):
        value = form.decode(octets)
        assert form.encode is None or form.encode(value) == octets


def check_questions(opened: bytes, digests: bytes) -> None:
    """Opened, or refused as malformed or as not what was signed."""
    with suppress(Malformed, Refused):
        assert len(lookup.open_questions(opened, digests)) * lookup.OPENED_OCTETS == len(opened)


def check_outcome(octet: int, kinds: int) -> None:
    """For exactly the kinds asked, or ``BadAnswer``."""
    with suppress(BadAnswer):
        assert sum(lookup.decode_outcome(octet, kinds)) == kinds


def check_directory(octets: bytes) -> None:
    """A directory, or ``InvalidDirectory`` with a sentence."""
    try:
        written_directory.parse(octets)
    except InvalidDirectory as error:
        assert str(error).endswith((".", "!"))  # noqa: PT017  any of its kind will do


class Wire:
    """Two nodes and what passed between them: a session opened, and one lookup answered in it."""

    def __init__(self, path: Path) -> None:
        self.world = World(path, ("NZL", "AUS"))
        self.nzl, self.aus = self.world.nzl, self.world.aus
        self.aus.register.issue(passport("AUS"))
        self.carried: dict[str, tuple[bytes, bytes]] = {}
        self.nzl.links["AUS"].faults.append(self._listen)
        self.sent: list[Sent] = []
        client = self.nzl.clients["AUS"]
        asking = client.ask([question()], Purpose.BORDER_ENTRY, self.world.loop.time() + 3, self.sent.append)
        self.answer, _ = self.world.run(asking)
        assert client.session is not None
        self.session = client.session

    async def _listen(self, carriage: Carriage, deliver: Deliver) -> bytes:
        response = await deliver(carriage.data)
        self.carried[carriage.method] = carriage.data, response
        return response

    def close(self) -> None:
        """Let go of its files."""
        self.world.close()

    def examples(self) -> dict[str, bytes]:
        """One right example of each form."""
        lookup_request, lookup_response = self.carried[LOOKUP_METHOD]
        opening_request, opening_response = self.carried[OPEN_SESSION_METHOD]
        envelope, opened = codec.decode_lookup_request(lookup_request)
        return {
            "LookupRequest": lookup_request,
            "OpenSessionRequest": opening_request,
            "Response": lookup_response,
            "LookupStatement": envelope.payload,
            "LookupAnswer": codec.decode_response(lookup_response).payload,
            "OpenSessionStatement": codec.decode_open_session_request(opening_request).payload,
            "OpenSessionAnswer": codec.decode_response(opening_response).payload,
            "FetchTrustRequest": fetch_codec.encode_fetch_request(FetchRequest(bytes(32), bytes(32), b"\x01" * 32, 7)),
            "FetchTrustResponse": fetch_codec.encode_fetch_response(FetchResponse(b"\x01" * 32, 9, b"ab")),
            "Question": opened[lookup.SALT_OCTETS :],
        }

    def directory(self) -> dict[str, Any]:
        """The directory of the two, as its JSON says it."""
        return {
            "federation": "lab",
            "members": [_member(one, ("NZL", "AUS"), ALL_KINDS) for one in (self.nzl, self.aus)],
        }

    def respond(self, method: str, octets: bytes) -> RefusalCode | None:
        """AUS answers whatever comes, and signs it; its code when that is a refusal."""
        response = self.aus.receive(method, self.nzl.call(), octets)
        assert self.aus.complaints == []
        expected, decode = _ANSWERS[method]
        envelope = codec.decode_response(response)
        verify(self.aus.message_key.public_key(), envelope.signature, digest_of(expected, envelope.payload))
        refusal = decode(envelope.payload).refusal
        return RefusalCode(refusal) if refusal else None

    def respond_to_member(self, payload: bytes, opened: bytes) -> RefusalCode | None:
        """AUS answers whatever a member signs."""
        own = self.nzl.identity
        envelope = seal(PayloadType.LOOKUP_REQUEST, payload, own.signer, own.key_id)
        return self.respond(LOOKUP_METHOD, codec.encode_lookup_request(envelope, opened))

    def respond_to_opening(self, payload: bytes) -> RefusalCode | None:
        """AUS answers whatever a member signs that wants a session."""
        own = self.nzl.identity
        envelope = seal(PayloadType.OPEN_SESSION_REQUEST, payload, own.signer, own.key_id, own.certificate)
        return self.respond(OPEN_SESSION_METHOD, codec.encode_enveloped(envelope))

    def believe(self, octets: bytes) -> Answer | None:
        """What NZL makes of these octets in the place of the answer; None when it does not believe them."""
        own = self.nzl
        with suppress(Refused, BadAnswer):
            return check_lookup_answer(octets, self.sent[0], own.identity, self.session, own.trust, own.clock.instant())
        return None

    def believe_responder(self, payload: bytes) -> Answer | None:
        """What NZL makes of whatever the responder signs as its answer."""
        other = self.aus.identity
        return self.believe(
            codec.encode_enveloped(seal(PayloadType.LOOKUP_ANSWER, payload, other.signer, other.key_id))
        )

    def check_opening(self, octets: bytes) -> None:
        """A session, or a typed error."""
        own = self.nzl
        with suppress(Refused, BadAnswer):
            check_open_session(octets, self.sent[0], own.identity, self.aus.name.uri, own.trust, own.clock.instant())


def edited(example: bytes, edits: bytes) -> bytes:
    """``example`` with places exchanged, taken out, put in or doubled, four octets an edit: what, where (2), by what."""
    octets = bytearray(example)
    for at in range(0, len(edits) - 3, 4):
        what, place, by = (
            edits[at] % 5,
            int.from_bytes(edits[at + 1 : at + 3], "big") % (len(octets) + 1),
            edits[at + 3],
        )
        match what:
            case 0:
                octets[place : place + 1] = bytes((by,))
            case 1:
                del octets[place : place + 1 + by % 8]
            case 2:
                octets[place:place] = bytes((by,)) * (1 + by % 4)
            case 3:
                octets[place:place] = octets[place : place + by]
            case _:
                octets[place : place + 1] = bytes((octets[place] ^ (1 << by % 8),)) if place < len(octets) else b""
    return bytes(octets)


def as_json(value: Any) -> bytes:
    """JSON as anybody may write it."""
    return json.dumps(value).encode("utf-8", "surrogatepass")
