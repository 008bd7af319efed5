"""Frames of HTTP/2 as a stranger may write them: gRPC calls without a gRPC library between the test and the port.

Nothing is normalised or validated on the way out, so that what a path or a body says on the wire is what the test says.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

TIMEOUT_SECONDS = 10.0
OK, CANCELLED, INVALID_ARGUMENT, UNIMPLEMENTED = 0, 1, 3, 12


class Closed(Exception):
    """The other side ended the connection, in the TLS handshake or after it, without an answer."""


@dataclass(slots=True)
class Reply:
    """What came back on one stream; ``reset`` is the code of RST_STREAM when the stream was cut off."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    reset: int | None = None
    ended: bool = False

    @property
    def grpc_status(self) -> int | None:
        """gRPC's status code, None when none was sent."""
        text = self.headers.get(b"grpc-status")
        return None if text is None else int(text)

    @property
    def message(self) -> bytes:
        """The one message in the body; empty when there is none."""
        return self.body[5:]


def frame(message: bytes) -> bytes:
    """A message as gRPC sends it: not compressed, its length in four octets, itself."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


def connect(port: int, context: ssl.SSLContext | None = None, name: str = "") -> socket.socket:
    """A connection to a port of this machine, with TLS under ``context`` for the host ``name``; raises Closed."""
    plain = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
    if context is None:
        return plain
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except OSError as error:
        plain.close()
        raise Closed(str(error)) from error


class RawConnection:
    """One HTTP/2 connection. Used from one thread."""

    def __init__(self, stream: socket.socket) -> None:
        """Take over a connected socket and say hello; raises Closed."""
        self._socket = stream
        self._socket.settimeout(TIMEOUT_SECONDS)
        self._h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )
        self._replies: dict[int, Reply] = {}
        self._h2.initiate_connection()
        try:
            self._flush()
        except Closed:
            # A caller of TLS 1.3 has finished its handshake before it hears that it was refused: then nobody has this
            # object, so nobody else could close the socket.
            self._socket.close()
            raise

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def local_port(self) -> int:
        """This end's port, by which the connection is found at the other end."""
        return int(self._socket.getsockname()[1])

    def send(
        self, path: bytes, body: bytes, headers: Mapping[bytes, bytes] | None = None, *, end: bool = True
    ) -> Reply:
        """Open a stream with these octets as its path and body; what comes back is filled in by ``receive``."""
        stream = self._h2.get_next_available_stream_id()
        fields = {
            b":method": b"POST",
            b":scheme": b"https",
            b":path": path,
            b":authority": b"node1.lab",
            b"te": b"trailers",
            b"content-type": b"application/grpc",
            **(headers or {}),
        }
        self._h2.send_headers(stream, list(fields.items()))
        reply = self._replies[stream] = Reply()
        for start in range(0, len(body), 16_000):
            self._h2.send_data(stream, body[start : start + 16_000])
        if end:
            self._h2.end_stream(stream)
        self._flush()
        return reply

    def receive(self, reply: Reply) -> Reply:
        """Wait until a stream has ended; raises Closed when the connection does before."""
        while not reply.ended:
            self._read()
        return reply

    def call(self, path: bytes, message: bytes) -> Reply:
        """One unary call."""
        return self.receive(self.send(path, frame(message)))

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except TimeoutError:
            raise  # neither answered nor ended: no outcome of any test
        except OSError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            raise Closed(f"no HTTP/2: {error}") from error
        for event in events:
            self._take(event)
        self._flush()

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                self._replies[event.stream_id].headers.update(dict(event.headers))
            case h2.events.DataReceived():
                self._replies[event.stream_id].body += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self._replies[event.stream_id].ended = True
            case h2.events.StreamReset():
                reply = self._replies[event.stream_id]
                reply.reset, reply.ended = int(event.error_code), True
            case h2.events.ConnectionTerminated():
                raise Closed(f"GOAWAY {event.error_code}")
            case _:
                pass

    def _flush(self) -> None:
        try:
            self._socket.sendall(self._h2.data_to_send())
        except OSError as error:
            raise Closed(str(error)) from error
