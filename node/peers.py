"""The other members as this process asks them, kept in step with whom it trusts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from cryptography import x509

from federation.channel import CLOSE_GRACE_SECONDS
from federation.directory import Directory, Member, Node
from node.asking import Responder
from node.responders import Peer

_Reached = tuple[tuple[x509.Certificate, ...], tuple[Node, ...]]


class Peers:
    """A ``Peer`` a member but our own. Used from one event loop.

    ``responders`` is whom questions can be put to, ourselves included; it changes as members come, go, and move.
    """

    def __init__(self, economy: str, own: Responder, build: Callable[[Member], Peer]) -> None:
        """``build`` makes a peer whose clients are not started; ``own`` answers for this economy itself."""
        self._economy = economy
        self._build = build
        self._peers: dict[str, tuple[_Reached, Peer]] = {}
        self._responders: dict[str, Responder] = {economy: own}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def responders(self) -> Mapping[str, Responder]:
        """By economy; the same object from first to last."""
        return self._responders

    def __iter__(self) -> Iterator[Peer]:
        return (peer for _, peer in self._peers.values())

    def take_up(self, directory: Directory) -> None:
        """Ask whom this directory names, where and as whom it names them.

        A member of whom neither CAs nor nodes changed keeps its connections and sessions. What is under way with one
        that did change may still be answered: its clients are closed with the grace of their channels.
        """
        for economy in [one for one in self._peers if one not in directory.members]:
            self._drop(economy)
        for economy, member in directory.members.items():
            reached = (member.cas, member.nodes)
            known = self._peers.get(economy)
            if economy == self._economy or (known is not None and known[0] == reached):
                continue
            self._drop(economy)
            self._add(economy, reached, self._build(member))

    def _add(self, economy: str, reached: _Reached, peer: Peer) -> None:
        self._peers[economy] = (reached, peer)
        if peer.clients:
            self._responders[economy] = peer
        for client in peer.clients:
            client.start()

    def _drop(self, economy: str) -> None:
        known = self._peers.pop(economy, None)
        self._responders.pop(economy, None)
        for client in known[1].clients if known is not None else ():
            task = asyncio.create_task(client.close(CLOSE_GRACE_SECONDS))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Let go of every connection."""
        await asyncio.gather(*(client.close() for peer in self for client in peer.clients), *self._closing)
