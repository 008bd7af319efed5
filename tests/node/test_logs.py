from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from node import logs
from node.clock import Clock
from node.log_fields import ALLOWED_FIELDS
from node.printable import escape


class Noon(Clock):
    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    out = io.StringIO()
    logs.configure(Noon(), stream=out, process="worker")
    yield out
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_event_and_what_was_bound(stream: io.StringIO) -> None:
    logs.logger(worker=1).info("started", peer="AUS")
    assert lines(stream) == [
        {
            "time": "2026-11-22T12:00:00.123Z",
            "level": "info",
            "event": "started",
            "process": "worker",
            "worker": 1,
            "peer": "AUS",
        }
    ]


def test_a_field_that_is_not_on_the_list_is_dropped_and_counted(stream: io.StringIO, markers: tuple[str, ...]) -> None:
    before = logs.dropped().get("document_number", 0)
    logs.logger().info("asked", document_number=markers[0], peer="AUS")
    (line,) = lines(stream)
    assert markers[0] not in stream.getvalue()
    assert line["fields_dropped"] == 1
    assert logs.dropped()["document_number"] == before + 1


def test_an_object_is_named_by_its_class_not_by_what_it_says(stream: io.StringIO, markers: tuple[str, ...]) -> None:
    class Passport:
        def __repr__(self) -> str:
            return markers[0]

    logs.logger().info("asked", code=Passport(), where=[Passport()])
    (line,) = lines(stream)
    assert (line["code"], line["where"]) == ("<Passport>", ["<Passport>"])


@pytest.mark.parametrize(
    "hostile",
    [
        'AUS\n{"level": "info", "event": "forged"}',
        "AUS\r\nforged",
        "\x1b[2J\x1b]0;title\x07",
        "\u202eSUA\u2066",
        "AUS\u2028forged",
        "a\u200bb",
        "\ud800",
        "\x85",
    ],
)
def test_text_can_neither_start_a_line_nor_steer_a_terminal(stream: io.StringIO, hostile: str) -> None:
    """K11: log injection by CRLF, ANSI and bidirectional characters."""
    logs.logger().info("asked", peer=hostile)
    written = stream.getvalue()
    assert len(written.splitlines()) == 1
    assert all(character.isprintable() for character in written.rstrip("\n"))
    assert lines(stream)[0]["peer"] == escape(hostile)


def test_a_long_text_is_cut(stream: io.StringIO) -> None:
    logs.logger().info("asked", peer="x" * 10_000)
    assert len(lines(stream)[0]["peer"]) < 600


def test_an_unexpected_error_is_told_by_class_and_place_never_by_text(
    stream: io.StringIO, markers: tuple[str, ...]
) -> None:
    try:
        int(markers[0] + "!")
    except ValueError as error:
        logs.logger().error("unexpected", **logs.describe(error))
    (line,) = lines(stream)
    assert line["error"] == "ValueError"
    assert line["where"][-1].startswith("test_logs.py:")
    assert markers[0] not in stream.getvalue()


def test_a_library_is_quoted_without_its_values(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("bad value %s", "N7654321")
    logging.getLogger("some.library").warning(f"bad value {'N7654321'} in text")  # noqa: G004  as careless libraries do
    first, second = lines(stream)
    assert (first["logger"], first["message"]) == ("some.library", "bad value %s")
    assert second["message"] == "bad value # in text"


def test_a_library_that_chats_is_not_heard(stream: io.StringIO) -> None:
    logging.getLogger("some.library").info("hello")
    assert stream.getvalue() == ""


def test_no_field_is_named_for_what_a_log_must_not_hold() -> None:
    """Oracle 4. A name on the list is a promise about every value it will ever have."""
    assert not {
        name for name in ALLOWED_FIELDS if "number" in name or "birth" in name or "mrz" in name or "name" in name
    }
