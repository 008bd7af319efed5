"""Handing the trust documents held here to whichever member asks for them (docs/spec/8-transport.md, 8.7).

They are put together once for each change of the store and handed out from memory; while nothing moves, no call touches
the disk. Nothing here is secret, and nothing here is believed because we said it.
"""

from __future__ import annotations

import threading
from typing import Final

from federation.admission import Call, Door
from federation.errors import BadDocument, Refused
from federation.fetching import Offer, admit_caller, answer_fetch, offer_of, read_request
from federation.lookup import Versions
from federation.membership import others_digest
from federation.status import RefusalCode
from node.clock import Clock
from node.errors import OperatorError
from node.trust_store import TrustStore

# Pieces of 200 KiB that wait for a caller who does not read: as many a member as one that fetches from every worker at
# once has under way, and no more.
MOST_ON_THEIR_WAY: Final = 8
AGAIN_SECONDS: Final = 1.0


class TrustServing:
    """Serves the documents of one store. Its methods may be called from several threads."""

    def __init__(self, store: TrustStore, door: Door, clock: Clock) -> None:
        """``store`` is for this object alone. Raises OperatorError EPOCH_MISSING."""
        self._store = store
        self._door = door
        self._clock = clock
        self._moved = store.watch()
        self._reading = threading.Lock()
        self._offered: tuple[int, Offer] | None = None
        self._failed: tuple[float, Exception] | None = None
        self._counting = threading.Lock()
        self._on_their_way: dict[str, int] = {}

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        """The piece of the documents that a member asks for.

        Raises:
            Refused: as `federation.fetching.admit_caller` and `answer_fetch`; OVERLOADED for a member that does not read
                what it asks for.
            OperatorError, BadDocument: the documents cannot be read, or are more than one bundle holds.
        """
        at = self._clock.instant()
        economy = admit_caller(self._door, call, at)
        request = read_request(data)
        self._count(economy, call)
        return answer_fetch(request, self._offer(at.now_ms))

    def _count(self, economy: str, call: Call) -> None:
        if call.when_gone is None:
            return
        with self._counting:
            under_way = self._on_their_way.get(economy, 0)
            if under_way >= MOST_ON_THEIR_WAY:
                raise Refused(RefusalCode.OVERLOADED, "too many answers wait for this member to read them")
            self._on_their_way[economy] = under_way + 1
        if not call.when_gone(lambda: self._gone(economy)):
            self._gone(economy)

    def _gone(self, economy: str) -> None:
        with self._counting:
            left = self._on_their_way.pop(economy) - 1
            if left:
                self._on_their_way[economy] = left

    def _offer(self, now_ms: int) -> Offer:
        """What is held now. While one call puts it together, others are handed what was held before."""
        offered = self._offered
        if offered is not None and offered[0] == self._moved():
            return offered[1]
        if not self._reading.acquire(blocking=offered is None):
            assert offered is not None
            return offered[1]
        try:
            return self._put_together(now_ms)
        finally:
            self._reading.release()

    def _put_together(self, now_ms: int) -> Offer:
        # First: what changes while it is read is read again.
        epoch = self._moved()
        if self._offered is not None and self._offered[0] == epoch:
            return self._offered[1]
        now = self._clock.monotonic()
        if self._failed is not None and now - self._failed[0] < AGAIN_SECONDS:
            raise self._failed[1]
        try:
            documents = self._store.load(now_ms)
            data = self._store.bundle(now_ms)
        except (OperatorError, BadDocument) as error:
            self._failed = (now, error)
            raise
        membership = documents.succession.effective()
        held = Versions(membership.version, membership.digest, others_digest(documents))
        offer = offer_of(held, data)
        self._offered, self._failed = (epoch, offer), None
        return offer
