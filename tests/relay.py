"""A wire that a test can break: a TCP relay before a node's port.

It runs in a thread of its own. Whatever a test does to it, it holds no more than one piece of 64 KiB a direction and
at most 32 connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from enum import Enum
from types import TracebackType
from typing import Any

PIECE = 65_536
MOST_CONNECTIONS = 32
# Pings and their like are smaller, answers and handshakes larger.
HARMED_OCTETS = 200


class Way(Enum):
    """One of the two directions."""

    REQUESTS = "towards the node"
    RESPONSES = "towards the asker"


class Hurt(Exception):
    """The connection ends after these octets: with the end of the stream (FIN), or at once (RST)."""

    def __init__(self, octets: bytes, *, reset: bool) -> None:
        super().__init__()
        self.octets = octets
        self.reset = reset


Harm = Callable[[bytes], bytes]
"""Makes of one piece what arrives of it, or raises ``Hurt``."""


def flip_one_bit(piece: bytes) -> bytes:
    """In the middle, past any header of TLS."""
    place = len(piece) // 2
    return piece[:place] + bytes((piece[place] ^ 0x20,)) + piece[place + 1 :]


def reset_half_way(piece: bytes) -> bytes:
    """Half of it, and the connection is gone."""
    raise Hurt(piece[: len(piece) // 2], reset=True)


def end_half_way(piece: bytes) -> bytes:
    """Half of it and the end of the stream, as if that were all."""
    raise Hurt(piece[: len(piece) // 2], reset=False)


class Relay:
    """Passes everything on until it is told otherwise."""

    def __init__(self, port: int, target: int) -> None:
        """Listen on ``port`` of this machine for the node at ``target``."""
        self._target = target
        self._held: set[Way] = set()
        self._released = asyncio.Event()
        self._harm: Harm | None = None
        self._harms_left = 0
        self._waiting = 0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._connect, "127.0.0.1", port))

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hold(self, *ways: Way) -> None:
        """Keep what goes these ways. Nobody is told, and nothing is lost: it goes on when all is well again."""

        async def change() -> None:
            self._held.update(ways)
            self._released.clear()

        self._run(change())

    def hurt_responses(self, harm: Harm, times: int = 1 << 30) -> None:
        """Do ``harm`` to the next pieces from the node that could be an answer."""

        async def change() -> None:
            self._harm, self._harms_left = harm, times

        self._run(change())

    def heal(self) -> None:
        """Pass everything on again, what was held first."""

        async def change() -> None:
            self._held.clear()
            self._harm = None
            self._released.set()

        self._run(change())

    def reset_all(self) -> None:
        """End every connection at both ends with RST, as a host does that has started anew."""

        async def change() -> None:
            for pair in list(self._pairs):
                for end in pair:
                    _end(end, reset=True)

        self._run(change())

    @property
    def outgoing_ports(self) -> list[int]:
        """This relay's own ports of the connections that it has to the node."""

        async def look() -> list[int]:
            return [outside.get_extra_info("sockname")[1] for _, outside in self._pairs]

        return self._run(look())

    @property
    def is_holding(self) -> bool:
        """Whether anything is held back at this moment."""

        async def look() -> bool:
            return self._waiting > 0

        return bool(self._run(look()))

    def close(self) -> None:
        """End everything."""

        async def change() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(change())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(10)

    async def _connect(self, from_asker: asyncio.StreamReader, to_asker: asyncio.StreamWriter) -> None:
        if len(self._pairs) >= MOST_CONNECTIONS:
            _end(to_asker, reset=True)
            return
        try:
            from_node, to_node = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _end(to_asker, reset=True)
            return
        pair = (to_asker, to_node)
        self._pairs.add(pair)
        ways = (
            asyncio.ensure_future(self._carry(from_asker, to_node, Way.REQUESTS)),
            asyncio.ensure_future(self._carry(from_node, to_asker, Way.RESPONSES)),
        )
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            reset = any(task.result() for task in done)
        finally:
            self._pairs.discard(pair)
            for task in ways:
                task.cancel()
        for end in pair:
            _end(end, reset=reset)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way) -> bool:
        """Until one side ends; whether that was with RST."""
        try:
            while piece := await source.read(PIECE):
                self._waiting += 1
                while way in self._held:
                    await self._released.wait()
                self._waiting -= 1
                sink.write(self._treated(piece, way))
                await sink.drain()
        except Hurt as hurt:
            with contextlib.suppress(OSError):
                sink.write(hurt.octets)
                await sink.drain()
            return hurt.reset
        except OSError:
            return True
        return False

    def _treated(self, piece: bytes, way: Way) -> bytes:
        if way is Way.REQUESTS or len(piece) < HARMED_OCTETS or self._harm is None or not self._harms_left:
            return piece
        self._harms_left -= 1
        return self._harm(piece)


def _end(end: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset and not end.is_closing():
        # What is waiting is thrown away, and the other side hears RST.
        linger = struct.pack("ii", 1, 0)
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        end.transport.abort()
    end.close()
