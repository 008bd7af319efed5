"""What a worker writes on its standard error: its log goes on as it is, what gRPC says there is counted and logged.

gRPC's core tells why a handshake failed on standard error and nowhere else, a line or two each time. Left as it is,
strangers could fill the log with it, and no line of it is in the form of all others.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Callable

from node.clock import Clock
from node.logs import Logger

AGAIN_SECONDS = 30.0
PIECE_OCTETS = 65_536
# gRPC's own reasons are fewer; a bound all the same, since part of them is what a stranger's certificate brought about.
MOST_CAUSES = 100

_GRPC = re.compile(rb"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (?P<where>[\w./-]+:\d+)\] (?P<text>.*)", re.DOTALL)
_WHY = re.compile(rb"OPENSSL_internal:(?P<code>[A-Z0-9_]+)(?:: (?P<detail>[A-Za-z0-9 ]+))?")


class WorkerOutput:
    """One worker's standard error, from its start to its end."""

    def __init__(self, pass_on: Callable[[bytes], object], clock: Clock, log: Logger) -> None:
        """``pass_on`` takes whole lines; ``log`` names the worker."""
        self._pass_on = pass_on
        self._clock = clock
        self._log = log
        self._counts: Counter[tuple[str, str]] = Counter()
        self._said: dict[tuple[str, str], float] = {}

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Read to the end, whatever comes: a worker whose standard error nobody reads stands still."""
        rest = b""
        while piece := await stream.read(PIECE_OCTETS):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > PIECE_OCTETS:
                lines, rest = [*lines, rest], b""
            self._take_all(lines)
        self._take_all([rest] if rest else [])
        for what in sorted(self._counts):
            self._say(what)

    def _take_all(self, lines: list[bytes]) -> None:
        for line in lines:
            # A disk without room under our own log is no reason to stop.
            with contextlib.suppress(OSError):
                self.take(line)

    def take(self, line: bytes) -> None:
        """One line, without its end."""
        found = _GRPC.match(line)
        if found is None:
            self._pass_on(line + b"\n")
            return
        why = _WHY.search(found["text"])
        what = ("handshake failed", _cause(why)) if why else ("library", found["where"].decode())
        if what not in self._said and len(self._said) >= MOST_CAUSES:
            what = ("library", "more")
        self._counts[what] += 1
        if self._clock.monotonic() - self._said.get(what, -AGAIN_SECONDS) >= AGAIN_SECONDS:
            self._say(what)

    def _say(self, what: tuple[str, str]) -> None:
        self._said[what] = self._clock.monotonic()
        event, which = what
        count = self._counts.pop(what)
        if event == "library":
            self._log.info("library", logger="grpc", where=which, count=count)
        else:
            self._log.info("handshake failed", cause=which, count=count)


def _cause(why: re.Match[bytes]) -> str:
    """In words: of a certificate that was refused, what was wrong with it."""
    if why["code"] == b"CERTIFICATE_VERIFY_FAILED" and why["detail"]:
        return why["detail"].decode()
    return why["code"].decode().lower().replace("_", " ")
