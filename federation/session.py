"""Sessions: replay refused in constant memory, without trusting clocks (docs/spec/3-envelope-and-session.md, 3.7).

A session lives in the one worker that made it. Forgetting one is always safe: the caller is told, signed, that the
session is unknown, opens another and asks again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from certs.verify import VerifiedLeaf
from federation.errors import Refused
from federation.lookup import Versions
from federation.status import RefusalCode

SESSION_ID_OCTETS = 16
WINDOW = 1024
_WHOLE_WINDOW = (1 << WINDOW) - 1
MAX_SEQUENCE = 2**63 - 1
IDLE_MS = 600_000
SESSIONS_PER_PEER = 64
MAX_AHEAD_MS = 60_000
MAX_BEHIND_MS = 60_000
MAX_VALIDITY_MS = 10_000


@dataclass(frozen=True, slots=True)
class OpenSessionStatement:
    """The caller's signed half. Times are milliseconds since 1970 UTC."""

    protocol_versions: tuple[int, ...]
    caller: str
    responder: str
    nonce: bytes
    caller_tls_leaf: bytes
    issued_at: int
    not_after: int
    versions: Versions


@dataclass(frozen=True, slots=True)
class OpenSessionAnswer:
    """The responder's signed half; ``refusal`` is 0 when the session is open."""

    request_digest: bytes
    responder: str
    caller: str
    session_id: bytes
    protocol_version: int
    answered_at: int
    versions: Versions
    max_questions: int
    max_message_octets: int
    idle_seconds: int
    refusal: int = 0
    retry_after: int = 0


def check_times(issued_at: int, not_after: int, now_ms: int) -> None:
    """Clocks bound validity and nothing else (spec 3.6).

    Raises:
        Refused: CLOCK when issued more than 60 s ahead, ended more than 60 s ago, or valid for more than 10 s.
    """
    if issued_at > now_ms + MAX_AHEAD_MS:
        raise Refused(RefusalCode.CLOCK, "issued more than 60 s ahead of this clock")
    if not_after < now_ms - MAX_BEHIND_MS:
        raise Refused(RefusalCode.CLOCK, "ended more than 60 s ago by this clock")
    if not 0 <= not_after - issued_at <= MAX_VALIDITY_MS:
        raise Refused(RefusalCode.CLOCK, "valid for longer than 10 s, or for less than nothing")


class SequenceWindow:
    """Which sequence numbers were used: the highest and a bit for each of the 1,024 up to it (RFC 4303, 3.4.3)."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen = 0

    def accept(self, sequence: int) -> None:
        """Take ``sequence`` once.

        Raises:
            Refused: REPLAY for a number outside 1 to 2^63-1, used before, or 1,024 or more behind the highest.
        """
        if not 1 <= sequence <= MAX_SEQUENCE:
            raise Refused(RefusalCode.REPLAY, "a sequence number is 1 to 2^63-1")
        ahead = sequence - self._highest
        if ahead > 0:
            # A jump wider than the window empties it: shifting by the jump itself would build an integer that big.
            self._seen = (self._seen << ahead | 1) & _WHOLE_WINDOW if ahead < WINDOW else 1
            self._highest = sequence
            return
        if -ahead >= WINDOW:
            raise Refused(RefusalCode.REPLAY, "the sequence number is behind the window")
        bit = 1 << -ahead
        if self._seen & bit:
            raise Refused(RefusalCode.REPLAY, "the sequence number was used before")
        self._seen |= bit


@dataclass(slots=True)
class Session:
    """One caller's session: bound to both message leaves, the caller's TLS leaf and the protocol version."""

    session_id: bytes
    caller: VerifiedLeaf
    caller_tls_leaf: bytes
    protocol_version: int
    connection: str
    last_used_ms: int
    window: SequenceWindow = field(default_factory=SequenceWindow)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, sequence: int, now_ms: int) -> None:
        """Use a sequence number, once; raises ``Refused`` (REPLAY). Calls of one session come on several threads."""
        with self.lock:
            self.window.accept(sequence)
            self.last_used_ms = now_ms


class SessionTable:
    """The sessions of one worker, bounded per member; at the cap a node loses its own oldest, nobody else's (B07).

    The bound is the member's and not the node's, because a member's CA can make node names without end. Every ``now_ms`` here is monotonic milliseconds: setting a clock back must not keep or drop a session.
    """

    def __init__(self, per_peer: int = SESSIONS_PER_PEER, idle_ms: int = IDLE_MS) -> None:
        self._per_peer = per_peer
        self._idle_ms = idle_ms
        self._lock = threading.Lock()
        self._by_id: dict[bytes, Session] = {}
        self._by_economy: dict[str, OrderedDict[bytes, Session]] = {}
        self._keys: dict[bytes, tuple[VerifiedLeaf, int]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, session: Session) -> None:
        """Keep a session; the one its connection had is forgotten, and at the member's cap the node's own oldest.

        A node without any loses the member's oldest.
        """
        economy = session.caller.name.economy
        with self._lock:
            own = self._by_economy.setdefault(economy, OrderedDict())
            for old in [s for s in own.values() if s.connection == session.connection]:
                self._drop(economy, old.session_id)
            if len(own) >= self._per_peer:
                name = session.caller.name
                oldest = next((s for s in own.values() if s.caller.name == name), next(iter(own.values())))
                self._drop(economy, oldest.session_id)
            own[session.session_id] = session
            self._by_id[session.session_id] = session
            key_id = session.caller.fingerprint
            self._keys[key_id] = (session.caller, self._keys.get(key_id, (session.caller, 0))[1] + 1)

    def find(self, session_id: bytes, now_ms: int) -> Session:
        """The session of that id (``now_ms`` monotonic); raises ``Refused`` (SESSION_UNKNOWN), also after ten idle minutes."""
        session = self._by_id.get(session_id)
        if session is None:
            raise Refused(RefusalCode.SESSION_UNKNOWN, "this worker knows no such session")
        if now_ms - session.last_used_ms > self._idle_ms:
            with self._lock:
                self._drop(session.caller.name.economy, session_id)
            raise Refused(RefusalCode.SESSION_UNKNOWN, "the session was idle for more than ten minutes")
        return session

    def key(self, key_id: bytes) -> VerifiedLeaf:
        """The message leaf of that id, if any session here was opened with it; raises ``Refused`` (SESSION_UNKNOWN)."""
        known = self._keys.get(key_id)
        if known is None:
            raise Refused(RefusalCode.SESSION_UNKNOWN, "no session here was opened with that message key")
        return known[0]

    def forget_idle(self, now_ms: int) -> None:
        """Drop every session idle for longer than the limit; called by a timer, so memory follows the living."""
        with self._lock:
            idle = [s for s in self._by_id.values() if now_ms - s.last_used_ms > self._idle_ms]
            for session in idle:
                self._drop(session.caller.name.economy, session.session_id)

    def _drop(self, economy: str, session_id: bytes) -> None:
        session = self._by_id.pop(session_id, None)
        if session is None:
            return
        del self._by_economy[economy][session_id]
        key_id = session.caller.fingerprint
        leaf, count = self._keys[key_id]
        # Replaced or removed in one step: `key` reads without the lock, and must never miss a key still in use.
        if count > 1:
            self._keys[key_id] = (leaf, count - 1)
        else:
            del self._keys[key_id]
