"""The gRPC edge of the asking side: a channel to one node of a peer (docs/spec/8-transport.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import grpc
import grpc.aio

from federation.codec import MAX_MESSAGE_OCTETS
from federation.directory import Node
from federation.errors import FederationError

CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_OCTETS),
    ("grpc.max_send_message_length", MAX_MESSAGE_OCTETS),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.default_compression_algorithm", 0),
)
# What gRPC says when a connection ends under a call: refused or gone, closed by us, and a record that does not decrypt.
_LOST = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN})
# As long as a call may take: what is under way on a connection that is given up may still be answered.
CLOSE_GRACE_SECONDS = 4.0


class PeerUnreachable(FederationError):
    """No connection, or gRPC or TLS refused below the protocol; unsigned, and trusted for nothing.

    ``lost`` says that the connection itself failed, so the next question would fail too; ``status`` is gRPC's code by
    name, empty when there was none.
    """

    def __init__(self, message: str, *, lost: bool = True, status: str = "") -> None:
        super().__init__(message)
        self.lost = lost
        self.status = status


class PeerTooSlow(FederationError):
    """The deadline passed without an answer."""


@dataclass(frozen=True, slots=True)
class ChannelKeys:
    """The TLS half of this node as a caller, and the CAs of the one member it calls, all PEM."""

    private_key: bytes
    chain: bytes
    peer_cas: bytes


class Channel(Protocol):
    """Carries bytes to one node and back. Whatever goes wrong becomes one of two errors."""

    async def call(self, method: str, data: bytes, deadline: float) -> bytes:
        """The response to ``data``; ``deadline`` on the loop's clock. Raises PeerUnreachable or PeerTooSlow."""

    async def renew(self) -> None:
        """Go on with a fresh connection, to the node's next address. Calls on the old one may still end."""

    async def close(self, grace: float = 0.0) -> None:
        """Let go of the connection; what is under way may still end within ``grace`` seconds."""


class GrpcChannel:
    """A channel over mutual TLS that trusts the CAs of the one member it calls, and no other."""

    def __init__(self, node: Node, keys: ChannelKeys) -> None:
        self._node = node
        self._keys = keys
        self._address = 0
        self._channel = self._connect()
        self._closing: set[asyncio.Task[None]] = set()

    def _connect(self) -> grpc.aio.Channel:
        address = self._node.addresses[self._address % len(self._node.addresses)]
        credentials = grpc.ssl_channel_credentials(self._keys.peer_cas, self._keys.private_key, self._keys.chain)
        options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", self._node.name.dns))
        return grpc.aio.secure_channel(address, credentials, options=options)

    async def call(self, method: str, data: bytes, deadline: float) -> bytes:
        """See ``Channel``."""
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise PeerTooSlow("the deadline passed before the question could be put")
        call: Callable[..., Awaitable[bytes]] = self._channel.unary_unary(method)
        try:
            return await call(data, timeout=left)
        except asyncio.CancelledError as error:
            # gRPC cancels what is under way on a channel that is closed. Whoever asked was not cancelled, and must hear.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise PeerUnreachable("the connection was given up while the question was out") from error
        except grpc.aio.UsageError as error:
            raise PeerUnreachable("the connection is being given up") from error
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                raise PeerTooSlow("no answer within the deadline") from error
            code = error.code()
            message = f"{code.name}: {error.details()}"
            raise PeerUnreachable(message, lost=code in _LOST, status=code.name) from error

    async def renew(self) -> None:
        """See ``Channel``: one that failed keeps its backoff and its half-open socket; a fresh one has neither."""
        old, self._address = self._channel, self._address + 1
        self._channel = self._connect()
        # Beside, so that whoever asks again need not wait for those who were under way.
        closing = asyncio.create_task(old.close(CLOSE_GRACE_SECONDS))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self, grace: float = 0.0) -> None:
        """See ``Channel``."""
        await asyncio.gather(self._channel.close(grace or None), *self._closing)
