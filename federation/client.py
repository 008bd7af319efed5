"""Asking one node of a peer: its session, and whether it is up (docs/spec/8-transport.md).

A peer is up, down or not yet known. A question to one that is down is told so at once while a probe watches in the
background; so a border never waits three seconds for what the node knew already.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from certs.identity import parse_uri
from federation.admission import Instant
from federation.channel import Channel, PeerTooSlow, PeerUnreachable
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
from federation.fetching import CALL_SECONDS, FETCH_SECONDS, FETCH_TRUST_METHOD, Download, Seen
from federation.lookup import LOOKUP_METHOD, SALT_OCTETS, Question
from federation.service import OPEN_SESSION_METHOD
from federation.status import Purpose, RefusalCode
from federation.trust import Trust

PROBE_FIRST_SECONDS = 0.25
PROBE_LONGEST_SECONDS = 5.0
PROBE_TIMEOUT_SECONDS = 3.0
MOMENT_SECONDS = 0.05
DEADLINES_UNTIL_DOWN = 2
FAIR_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the client may not fetch itself: the clock, random bytes, and who hears when a peer goes up or down."""

    instant: Callable[[], Instant]
    random: Callable[[int], bytes]
    on_change: Callable[[str, bool, str], None]


class PeerClient:
    """Asks one node of a peer. Used from one event loop."""

    def __init__(
        self, name: str, channel: Channel, identity: Identity, trust: Trust, surroundings: Surroundings
    ) -> None:
        """``name`` is the full name of the node that ``channel`` leads to.

        ``holds_others`` says that the node named other trust documents than ours, and none were fetched since.
        """
        self.name = name
        self._economy = parse_uri(name).economy
        self.up: bool | None = None
        self.last_error = ""
        self.session: OpenedSession | None = None
        self.holds_others = False
        self._channel = channel
        self._identity = identity
        self._trust = trust
        self._around = surroundings
        self._sequence = 0
        self._late = 0
        self._opening = asyncio.Lock()
        self._probe: asyncio.Task[None] | None = None
        self._closed = False

    async def fetch_trust(self, seen: Seen | None, room: asyncio.Semaphore) -> Download:
        """The trust documents of this node, unverified: fetched whatever stops lookups, and whether it is up or not.

        ``seen`` is a bundle that need not come again. ``room`` bounds how many are fetched at once: what does not come
        with the first piece waits for it. ``holds_others`` is as of now, and set anew by what it says from now on.

        Raises:
            PeerUnreachable, PeerTooSlow; Malformed, Refused as ``Download.take``.
        """
        self.holds_others = False
        download = Download(self._trust.directory.versions, seen)
        try:
            await self._fetch_piece(download, asyncio.get_running_loop().time() + FETCH_SECONDS)
            if not download.complete:
                async with room:
                    until = asyncio.get_running_loop().time() + FETCH_SECONDS
                    while not download.complete:
                        await self._fetch_piece(download, until)
        except PeerUnreachable as error:
            # Who is suspended here is not probed, so nobody else finds out that a connection is dead.
            if error.lost and self.up is None:
                await self._renew()
            raise
        return download

    async def _fetch_piece(self, download: Download, until: float) -> None:
        deadline = min(until, asyncio.get_running_loop().time() + CALL_SECONDS)
        download.take(await self._channel.call(FETCH_TRUST_METHOD, download.request(), deadline))

    def start(self) -> None:
        """Connect in the background, and go on trying."""
        self._watch()

    async def close(self, grace: float = 0.0) -> None:
        """Stop watching and let go of the channel; what is under way may still end within ``grace`` seconds."""
        self._closed = True
        if self._probe is not None:
            self._probe.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._probe
        await self._channel.close(grace)

    async def ask(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, record: Callable[[Sent], None]
    ) -> tuple[Answer, Sent]:
        """The verified answer to up to 500 questions, and the request it answers.

        ``deadline`` is on the loop's clock. ``record`` is called with each sealed request before it leaves. A session
        the peer forgot is opened anew and a broken connection is tried once more, each time as a new request.

        Raises:
            Refused, Distrusted (nothing was asked, or its answer came too late to be believed), BadAnswer,
            PeerUnreachable, PeerTooSlow.
        """
        self._trust.check_member(self._economy, self._around.instant().now)
        if self.up is False:
            raise PeerUnreachable(self.last_error)
        started = asyncio.get_running_loop().time()
        try:
            return await self._ask_again_once(questions, purpose, deadline, record)
        except (PeerTooSlow, TimeoutError) as error:
            # An asker in a hurry says nothing about the peer.
            self._late += asyncio.get_running_loop().time() - started >= FAIR_WAIT_SECONDS
            if self._late >= DEADLINES_UNTIL_DOWN:
                self._set_down("no answer within the deadline, several times")
            raise PeerTooSlow("no answer within the deadline") from error
        except PeerUnreachable as error:
            if error.lost:
                self._set_down(str(error))
            raise

    async def _ask_again_once(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, record: Callable[[Sent], None]
    ) -> tuple[Answer, Sent]:
        known, lost = self.up, False
        self._forget_lapsed()
        session = self.session or await self._open_by(deadline)
        try:
            return await self._ask_once(session, questions, purpose, deadline, record)
        except Refused as refusal:
            self.holds_others |= refusal.code is RefusalCode.CHARTER_OLD
            if refusal.code is not RefusalCode.SESSION_UNKNOWN:
                raise
        except PeerUnreachable as error:
            # Reading twice changes nothing at the peer, and the second is a request of its own.
            if not (error.lost and known):
                raise
            lost = True
        # Another question may have opened a new session meanwhile; only the one that failed is dropped, and its
        # connection with it: one that is going under may take the second request down as well.
        if self.session is session:
            self.session = None
            if lost:
                await self._renew()
        session = self.session or await self._open_by(deadline, again=True)
        return await self._ask_once(session, questions, purpose, deadline, record)

    def _forget_lapsed(self) -> None:
        """A session whose key holds no more is opened anew: the node may have another one by now."""
        if self.session is None:
            return
        try:
            self._trust.check(self.session.responder_key, self._around.instant().now)
        except Refused:
            self.session = None

    async def _ask_once(
        self,
        session: OpenedSession,
        questions: Sequence[Question],
        purpose: Purpose,
        deadline: float,
        record: Callable[[Sent], None],
    ) -> tuple[Answer, Sent]:
        if len(questions) > session.max_questions:
            raise Refused(RefusalCode.MALFORMED, "more questions than this session takes")
        # Never reset, not even with a new session: a number that only grows cannot be used twice by mistake.
        self._sequence += 1
        salt = self._around.random(SALT_OCTETS * len(questions))
        stamp = Stamp(self._sequence, self._around.instant().now_ms, salt)
        sent = compose_lookup(self._identity, session, stamp, self._trust.directory.versions, purpose, questions)
        record(sent)
        data = await self._channel.call(LOOKUP_METHOD, sent.data, deadline)
        answer = check_lookup_answer(data, sent, self._identity, session, self._trust, self._around.instant())
        self._late = 0
        return answer, sent

    async def _open_by(self, deadline: float, *, again: bool = False) -> OpenedSession:
        """A session, by ``deadline`` also where another task is opening it; raises TimeoutError."""
        async with asyncio.timeout_at(deadline):
            return await (self._open_again(deadline) if again else self._open(deadline))

    async def _open_again(self, deadline: float) -> OpenedSession:
        """A session in the place of one that was lost."""
        try:
            return await self._open(deadline)
        except PeerUnreachable as error:
            if not error.lost:
                raise
        # A worker that is killed takes connections for a moment longer, though there may be another beside it.
        await asyncio.sleep(MOMENT_SECONDS)
        if self.session is None and not self._opening.locked():
            await self._renew()
        return await self._open(deadline)

    async def _open(self, deadline: float) -> OpenedSession:
        async with self._opening:
            if self.session is not None:
                return self.session
            self._trust.check_member(self._economy, self._around.instant().now)
            nonce = self._around.random(16)
            versions = self._trust.directory.versions
            sent = compose_open_session(self._identity, self.name, versions, nonce, self._around.instant().now_ms)
            data = await self._channel.call(OPEN_SESSION_METHOD, sent.data, deadline)
            at = self._around.instant()
            try:
                session = check_open_session(data, sent, self._identity, self.name, self._trust, at)
            except Refused as refusal:
                self.holds_others |= refusal.code is RefusalCode.CHARTER_OLD
                raise
            self.holds_others |= session.versions != versions
            self.session = session
            self._set_up()
            return session

    async def _renew(self) -> None:
        # Whoever asked when this client was given up may still be on the way; it makes no new connection for it.
        if self._closed:
            raise PeerUnreachable("the connection was given up")
        await self._channel.renew()

    def _set_up(self) -> None:
        changed, self.up, self.last_error, self._late = self.up is not True, True, "", 0
        if changed:
            self._around.on_change(self.name, True, "")

    def _set_down(self, why: str) -> None:
        changed, self.up, self.last_error, self.session = self.up is not False, False, why, None
        if changed:
            self._around.on_change(self.name, False, why)
        self._watch()

    def _watch(self) -> None:
        if self._closed:
            return
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._probe_until_up())

    async def _probe_until_up(self) -> None:
        wait = PROBE_FIRST_SECONDS
        while self.up is not True:
            try:
                await self._open(asyncio.get_running_loop().time() + PROBE_TIMEOUT_SECONDS)
            except (Refused, BadAnswer) as error:
                # It is there and does not want us: asking gives that very reason, so let questions through.
                self.last_error = str(error)
                self.up = None
            except (PeerUnreachable, PeerTooSlow) as error:
                if self.up is not False:
                    self.up = False
                    self._around.on_change(self.name, False, str(error))
                self.last_error = str(error)
                if self._closed:
                    return
                await self._channel.renew()
            else:
                return
            # Jitter, so that after an outage not all peers come back in one instant.
            jitter = 0.5 + self._around.random(1)[0] / 255
            await asyncio.sleep(wait * jitter)
            wait = min(wait * 2, PROBE_LONGEST_SECONDS)
