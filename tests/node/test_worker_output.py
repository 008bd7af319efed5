"""What a worker writes, sorted: its own lines untouched, gRPC's counted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog

from node import logs
from node.worker_output import MOST_CAUSES, PIECE_OCTETS, WorkerOutput
from tests.virtual_time import VirtualTimeLoop, WorldClock

OURS = b'{"time": "2026-11-22T08:00:00.000Z", "level": "info", "event": "ready"}'
FAILED = b"I1122 09:02:55.472112   11222 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: "
EXPIRED = FAILED + (b"error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired")
NO_CERTIFICATE = FAILED + (
    b"error:100000c0:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE: Invalid certificate"
)
OTHER = b"E1122 09:02:55.472112   11222 ssl_transport_security_utils.cc:89] SSL_write failed with error SSL_ERROR_SSL"


class Heard:
    """An output, what it passed on, what it logged, and time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.passed: list[bytes] = []
        clock = WorldClock(lambda: self.seconds, "supervisor")
        self.output = WorkerOutput(self.passed.append, clock, logs.logger(worker=0))

    def take(self, *lines: bytes) -> list[dict[str, Any]]:
        with structlog.testing.capture_logs() as said:
            for line in lines:
                self.output.take(line)
        return [{key: line[key] for key in line if key not in ("log_level", "worker")} for line in said]

    def follow(self, *pieces: bytes) -> list[dict[str, Any]]:
        async def act() -> None:
            stream = asyncio.StreamReader()
            for piece in pieces:
                stream.feed_data(piece)
            stream.feed_eof()
            await self.output.follow(stream)

        with structlog.testing.capture_logs() as said, asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(act())
        return [dict(line) for line in said]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("line", [OURS, b"Fatal Python error: Segmentation fault", b"", b"I1122 is not gRPC's"])
def test_what_is_not_grpcs_goes_on_as_it_is(heard: Heard, line: bytes) -> None:
    assert heard.take(line) == []
    assert heard.passed == [line + b"\n"]


def test_why_a_handshake_failed_is_logged_in_words(heard: Heard) -> None:
    assert heard.take(EXPIRED, NO_CERTIFICATE, OTHER) == [
        {"event": "handshake failed", "cause": "certificate has expired", "count": 1},
        {"event": "handshake failed", "cause": "peer did not return a certificate", "count": 1},
        {"event": "library", "logger": "grpc", "where": "ssl_transport_security_utils.cc:89", "count": 1},
    ]
    assert heard.passed == []


def test_the_same_cause_again_is_counted_and_said_every_half_minute(heard: Heard) -> None:
    """However often strangers come, the log does not grow with them."""
    assert len(heard.take(EXPIRED)) == 1
    assert heard.take(*[EXPIRED] * 999) == []
    heard.seconds = 30.0
    assert [line["count"] for line in heard.take(EXPIRED)] == [1000]
    assert heard.take(*[EXPIRED] * 5) == []
    assert [line["count"] for line in heard.follow(EXPIRED + b"\n")] == [6]


def test_causes_without_end_become_one(heard: Heard) -> None:
    lines = [OTHER.replace(b":89]", b":%d]" % number) for number in range(1000, 3000)]
    assert len(heard.take(*lines)) == MOST_CAUSES + 1


def test_lines_are_put_together_from_pieces_and_the_last_needs_no_end(heard: Heard) -> None:
    heard.follow(OURS[:20], OURS[20:] + b"\n" + OURS[:5], OURS[5:])
    assert heard.passed == [OURS + b"\n"] * 2


def test_a_log_without_room_does_not_stop_the_reading(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the worker would stand still as soon as the pipe is full."""
    taken: list[bytes] = []

    def full(line: bytes) -> None:
        taken.append(line)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(heard.output, "_pass_on", full)
    heard.follow(OURS + b"\n" + OURS + b"\n")
    assert len(taken) == 2


def test_a_line_without_end_is_passed_on_in_pieces(heard: Heard) -> None:
    heard.follow(*[b"x" * PIECE_OCTETS] * 5)
    assert sum(len(piece.strip()) for piece in heard.passed) == 5 * PIECE_OCTETS
    assert max(map(len, heard.passed)) <= 2 * PIECE_OCTETS + 1
