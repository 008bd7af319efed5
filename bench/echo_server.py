"""A bare mTLS echo in the layout of an answering worker: the ceiling that `bench/lookup.py` compares with.

``python bench/echo_server.py HOME PORT INDEX RESPONSE_OCTETS``: same TLS keys, server options, threads and pinning as a
worker of the node in HOME; answers every call with RESPONSE_OCTETS zero octets. Stops when standard input closes.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from federation.admission import Call
from federation.service import ServerIdentity, build_server
from node import app, config


class Echo:
    """Answers without looking."""

    def __init__(self, response: bytes) -> None:
        self._response = response

    def open_session(self, call: Call, data: bytes) -> bytes:
        """The same octets whatever comes."""
        del call, data
        return self._response

    def lookup(self, call: Call, data: bytes) -> bytes:
        """The same octets whatever comes."""
        del call, data
        return self._response

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        """The same octets whatever comes."""
        del call, data
        return self._response


def main() -> None:
    """Serve until standard input closes."""
    home, port, index, octets = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    settings = config.load(home)
    node = app.load_node(home, settings)
    if settings.peer.pin:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[index % len(cores)]})
    server = build_server(
        Echo(bytes(octets)),
        ServerIdentity(app.server_keys(node)),
        [f"127.0.0.1:{port}"],
        settings.peer.threads,
        print,
    )
    server.start()
    gc.freeze()
    print("ready", flush=True)
    sys.stdin.buffer.read()
    server.stop(None)


if __name__ == "__main__":
    main()
