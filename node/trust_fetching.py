"""Fetching the trust documents that peers hold, so that what one node takes in reaches all (docs/spec/8-transport.md, 8.7).

Every node of a peer is asked at the start, then within each minute, and at once when it names other documents than ours.
What comes is taken in as if it had been carried by hand: each document is verified, none is believed for its sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from federation.channel import PeerTooSlow, PeerUnreachable
from federation.client import PeerClient
from federation.errors import BadDocument, FederationError, Malformed, Refused
from federation.fetching import Download, Seen
from federation.lookup import Versions
from federation.status import DocumentCode
from federation.trust import Trust
from node import logs
from node.clock import Clock
from node.errors import OperatorError
from node.logs import Logger
from node.responders import Peer
from node.times import rfc3339
from node.trust_store import Outcome, Taken, TrustStore

EVERY_SECONDS: Final = 50.0
JITTER_SECONDS: Final = 10.0
HURRY_SECONDS: Final = 5.0
# What did not hold then may hold later; a bundle is looked at again after so long even if nothing moved.
SEEN_SECONDS: Final = 900.0
LARGE_AT_ONCE: Final = 2


@dataclass(slots=True)
class _Node:
    """What is known of fetching from one node. Times are monotonic seconds, or milliseconds since 1970 (``_ms``).

    ``seen`` brought nothing new while we held ``seen_holding``; ``code`` is of the last failure, empty after a success.
    """

    due: float = 0.0
    started: float = -HURRY_SECONDS
    task: asyncio.Task[None] | None = None
    seen: Seen | None = None
    seen_holding: Versions | None = None
    seen_until: float = 0.0
    fetched_ms: int | None = None
    code: str = ""
    failures: int = 0
    failed_ms: int | None = None
    since_ms: int | None = None
    refused: tuple[str, ...] = ()

    def seen_now(self, held: Versions, now: float) -> Seen | None:
        return self.seen if self.seen_holding == held and now < self.seen_until else None


class FetchTrust:
    """Fetches from every node of ``peers``, whoever these are at the time. Used from one event loop."""

    def __init__(self, store: TrustStore, trust: Trust, peers: Iterable[Peer], clock: Clock, log: Logger) -> None:
        """``store`` is for this object alone. Whoever adopts what it holds watches it (`TrustStore.watch`)."""
        self._store = store
        self._trust = trust
        self._peers = peers
        self._clock = clock
        self._log = log
        self._nodes: dict[str, _Node] = {}
        self._room = asyncio.Semaphore(LARGE_AT_ONCE)
        self._storing = asyncio.Lock()

    def start_due(self) -> None:
        """Ask, beside what else goes on, each node whose turn it is. To be called about every second."""
        now = self._clock.monotonic()
        clients = {client.name: client for peer in self._peers for client in peer.clients}
        self._nodes = {name: self._nodes.get(name) or _Node() for name in clients}
        for name, node in self._nodes.items():
            client = clients[name]
            hurried = client.holds_others and now - node.started >= HURRY_SECONDS
            if (now >= node.due or hurried) and (node.task is None or node.task.done()):
                node.started = now
                # Drawn anew each time, so that nobody is asked by all in one instant.
                jitter = self._clock.random(1)[0] / 127.5 - 1
                node.due = now + EVERY_SECONDS + JITTER_SECONDS * jitter
                node.task = asyncio.create_task(self._fetch(client, node), name=name)
                node.task.add_done_callback(self._ended)

    async def first_round(self, seconds: float) -> None:
        """Ask every node once and wait until all have answered or failed, but no longer than this."""
        self.start_due()
        tasks = [node.task for node in self._nodes.values() if node.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    async def close(self) -> None:
        """Stop asking; what is being taken in is finished by its thread."""
        tasks = [node.task for node in self._nodes.values() if node.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def describe(self, name: str) -> dict[str, Any]:
        """What `rmas status --json` says of the node of this full name; times are RFC 3339 UTC."""
        node = self._nodes.get(name, _Node())
        return {
            "fetched_at": _text(node.fetched_ms),
            "failures": node.failures,
            "code": node.code or None,
            "failed_at": _text(node.failed_ms),
            "failing_since": _text(node.since_ms),
            "refused": len(node.refused),
            "refused_code": node.refused[0] if node.refused else None,
        }

    async def _fetch(self, client: PeerClient, node: _Node) -> None:
        held = self._trust.directory.versions
        try:
            download = await client.fetch_trust(node.seen_now(held, self._clock.monotonic()), self._room)
            taken = await self._take(download.data)
        except (PeerUnreachable, PeerTooSlow) as error:
            self._failed(client.name, node, error, self._log.info)
        except FederationError as error:
            self._failed(client.name, node, error, self._log.warning)
        except OperatorError as error:
            self._log.error("trust documents cannot be kept", code=error.code, cause=error.message)
        else:
            self._fetched(client.name, node)
            self._judge(client.name, node, held, download, taken)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.error("trust documents cannot be fetched", peer=task.get_name(), **logs.describe(error))

    async def _take(self, data: bytes) -> list[Taken]:
        if not data:
            return []
        async with self._storing:
            return await asyncio.to_thread(self._store.take_bundle, data, self._clock.now_ms())

    def _failed(self, name: str, node: _Node, error: FederationError, say: Callable[..., Any]) -> None:
        code, node.failed_ms = _code(error), self._clock.now_ms()
        node.failures += 1
        if node.since_ms is None:
            node.since_ms = node.failed_ms
        if code != node.code:
            say("trust documents cannot be fetched", peer=name, code=code, cause=str(error))
        node.code = code

    def _fetched(self, name: str, node: _Node) -> None:
        if node.code:
            self._log.info("trust documents are fetched again", peer=name)
        node.fetched_ms = self._clock.now_ms()
        node.code, node.failures, node.failed_ms, node.since_ms = "", 0, None, None

    def _judge(self, name: str, node: _Node, held: Versions, download: Download, taken: list[Taken]) -> None:
        """Say what came of it, and remember what need not come again."""
        if not download.data:
            # The same documents are held, or those that were looked at before: what was refused then still is.
            node.refused = node.refused if download.bundle is not None else ()
            return
        new = sum(one.outcome is Outcome.TAKEN for one in taken)
        if new:
            self._log.info("trust documents taken in", peer=name, taken=new)
        # What is older than ours is no fault of anybody's: its holder has yet to ask us.
        codes = [one.code for one in taken if one.outcome is Outcome.REFUSED and one.code != DocumentCode.OLDER]
        refused = tuple(sorted(codes))
        if refused and refused != node.refused:
            cause = next(one.message for one in taken if one.code == refused[0])
            self._log.warning("trust documents refused", peer=name, refused=len(refused), code=refused[0], cause=cause)
        node.refused = refused
        lasting = not new and DocumentCode.NOT_YET not in refused
        node.seen, node.seen_holding = (download.bundle, held) if lasting else (None, None)
        node.seen_until = self._clock.monotonic() + SEEN_SECONDS


def _code(error: FederationError) -> str:
    match error:
        case PeerUnreachable(lost=False, status=status) if status:
            return status
        case PeerUnreachable():
            return "PEER_UNREACHABLE"
        case PeerTooSlow():
            return "DEADLINE"
        case Malformed():
            return "MALFORMED"
        case BadDocument(code=code) | Refused(code=code):
            return code.name
        case _:
            return type(error).__name__


def _text(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
