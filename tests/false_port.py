"""What may stand where a peer's port should be: a listener that speaks TLS with whatever it was given, or none."""

from __future__ import annotations

import socket
import ssl
import threading
from types import TracebackType

PLAIN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class FalsePort:
    """Takes connections one after the other, completes what handshake it can, says something, and hangs up."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        """With no context it answers in plain text."""
        self.connections = 0
        self.handshakes = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="false port")

    @property
    def number(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> FalsePort:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(2)
            try:
                self._meet(connection)
            except OSError:
                connection.close()

    def _meet(self, connection: socket.socket) -> None:
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            # A client of TLS 1.3 has finished before it tells us that it does not like our certificate: only what it
            # says after that shows that it went on.
            self.handshakes += bool(connection.recv(4096)) and self._context is not None
            connection.sendall(PLAIN_ANSWER)
