"""What can go wrong, or be done, on a link: each function makes one ``tests.world.Fault``.

The first half is the network's and a thief's on the way; the second is a responder's that lies, or is taken over, with
keys of its own: whatever ``resealed`` changes is signed as it should be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from certs.signing import KeySigner, Signer
from federation import codec
from federation.channel import PeerUnreachable
from federation.envelope import PayloadType, seal
from federation.lookup import LOOKUP_METHOD, LookupAnswer
from federation.service import OPEN_SESSION_METHOD
from federation.session import OpenSessionAnswer
from tests.world import Carriage, Deliver, Economy, Fault


def only(method: str, fault: Fault) -> Fault:
    """``fault`` on calls of one method; the others pass."""

    async def chosen(carriage: Carriage, deliver: Deliver) -> bytes:
        return await (fault(carriage, deliver) if carriage.method == method else deliver(carriage.data))

    return chosen


def once(fault: Fault) -> Fault:
    """``fault`` on the next call alone."""
    left = [fault]

    async def first(carriage: Carriage, deliver: Deliver) -> bytes:
        return await (left.pop()(carriage, deliver) if left else deliver(carriage.data))

    return first


async def unreachable(carriage: Carriage, deliver: Deliver) -> bytes:
    """No connection."""
    raise PeerUnreachable("UNAVAILABLE: connection refused")


async def lose_request(carriage: Carriage, deliver: Deliver) -> bytes:
    """The request never arrives, and nobody says so."""
    await asyncio.sleep(3600)
    raise AssertionError("no deadline is an hour away")


async def lose_response(carriage: Carriage, deliver: Deliver) -> bytes:
    """The responder answers; the answer never arrives."""
    await deliver(carriage.data)
    return await lose_request(carriage, deliver)


def delay(seconds: float) -> Fault:
    """The response comes late."""

    async def late(carriage: Carriage, deliver: Deliver) -> bytes:
        response = await deliver(carriage.data)
        await asyncio.sleep(seconds)
        return response

    return late


def flip_bit(data: bytes, position: int) -> bytes:
    """``data`` with one bit changed; positions past the end count from the start again."""
    flipped = bytearray(data)
    at, bit = divmod(position % (len(data) * 8), 8)
    flipped[at] ^= 1 << bit
    return bytes(flipped)


def change_request(change: Callable[[bytes], bytes]) -> Fault:
    """The request arrives changed."""

    async def changed(carriage: Carriage, deliver: Deliver) -> bytes:
        return await deliver(change(carriage.data))

    return changed


def change_response(change: Callable[[bytes], bytes]) -> Fault:
    """The response arrives changed."""

    async def changed(carriage: Carriage, deliver: Deliver) -> bytes:
        return change(await deliver(carriage.data))

    return changed


def flip_request_bit(position: int) -> Fault:
    return change_request(lambda data: flip_bit(data, position))


def flip_response_bit(position: int) -> Fault:
    return change_response(lambda data: flip_bit(data, position))


def truncate_response(octets: int) -> Fault:
    return change_response(lambda data: data[: -(octets % len(data)) or None])


def extend_response(octets: bytes) -> Fault:
    return change_response(lambda data: data + octets)


async def replay_older_response(carriage: Carriage, deliver: Deliver) -> bytes:
    """The responder is asked, and what it said to an earlier request is delivered (B12)."""
    older = [response for method, _, response in carriage.link.carried if method == carriage.method]
    fresh = await deliver(carriage.data)
    return older[0] if older else fresh


async def reflect(carriage: Carriage, deliver: Deliver) -> bytes:
    """The caller gets its own request back (B06)."""
    return carriage.data


def answered_by(other: Economy) -> Fault:
    """Another member's node takes the call and answers it (A14)."""

    async def elsewhere(carriage: Carriage, deliver: Deliver) -> bytes:
        return other.receive(carriage.method, carriage.link.caller.call("elsewhere"), carriage.data)

    return elsewhere


async def restart_worker(carriage: Carriage, deliver: Deliver) -> bytes:
    """The worker that holds the session ends before the request arrives (B09)."""
    carriage.link.responder.restart()
    return await deliver(carriage.data)


class Swap:
    """Two responses on their way at one moment change places (A14)."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bytes, asyncio.Future[bytes]]] = []

    async def __call__(self, carriage: Carriage, deliver: Deliver) -> bytes:
        response = await deliver(carriage.data)
        if self._waiting:
            other, future = self._waiting.pop()
            future.set_result(response)
            return other
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((response, future))
        return await future


# --- a responder with keys of its own -------------------------------------------------------------------------------


def resealed(
    tamper: Callable[[LookupAnswer], LookupAnswer],
    signer: Signer | None = None,
    key_id: bytes | None = None,
    certificate: bytes = b"",
    payload_type: PayloadType = PayloadType.LOOKUP_ANSWER,
) -> Fault:
    """The responder says something else, and signs it; by default with its own message key, as it should."""

    async def lie(carriage: Carriage, deliver: Deliver) -> bytes:
        response = await deliver(carriage.data)
        if carriage.method != LOOKUP_METHOD:
            return response
        said = codec.decode_lookup_answer(codec.decode_response(response).payload)
        own = carriage.link.responder.identity
        payload = codec.encode_lookup_answer(tamper(said))
        envelope = seal(payload_type, payload, signer or own.signer, key_id or own.key_id, certificate)
        return codec.encode_enveloped(envelope)

    return lie


def session_resealed(tamper: Callable[[OpenSessionAnswer], OpenSessionAnswer]) -> Fault:
    """The responder opens a session and says something else of it, under its own key."""

    async def lie(carriage: Carriage, deliver: Deliver) -> bytes:
        response = await deliver(carriage.data)
        if carriage.method != OPEN_SESSION_METHOD:
            return response
        envelope = codec.decode_response(response)
        own = carriage.link.responder.identity
        payload = codec.encode_open_session_answer(tamper(codec.decode_open_session_answer(envelope.payload)))
        return codec.encode_enveloped(
            seal(PayloadType.OPEN_SESSION_ANSWER, payload, own.signer, own.key_id, own.certificate)
        )

    return lie


def signed_by_tls_key(responder: Economy) -> Fault:
    """The responder signs with the key it was given for TLS (A10)."""
    return resealed(lambda answer: answer, KeySigner(responder.tls_key))


def signed_by(other: Economy, *, says_so: bool) -> Fault:
    """Another member's message key signs, under its own key id or under the responder's."""
    return resealed(lambda answer: answer, other.identity.signer, other.identity.key_id if says_so else None)


def refusing(code: int, causes: bytes = b"") -> Callable[[LookupAnswer], LookupAnswer]:
    """The answer as a refusal with that code."""

    def refuse(answer: LookupAnswer) -> LookupAnswer:
        return replace(
            answer, outcomes=b"", reported_as_of=0, issued_as_of=0, server_time=0, refusal=code, causes=causes
        )

    return refuse
