"""Structured logs: one JSON object a line on standard error.

Only fields on the allow-list leave the process, so that no document number can be logged by accident: a new field is a
decision made here. Text is escaped, so that a peer's name or a file's content can neither start a new line nor steer
a terminal.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog

from node.clock import Clock
from node.log_fields import ALLOWED_FIELDS
from node.printable import escape, mask

_dropped: Counter[str] = Counter()
_bound: dict[str, object] = {}

Logger = structlog.typing.FilteringBoundLogger


def configure(clock: Clock, *, stream: TextIO | None = None, level: int = logging.INFO, **bound: object) -> None:
    """Send this process's logs, and those of the libraries it uses, to ``stream`` (standard error by default).

    ``bound`` fields (process, worker, economy …) stand in every line.
    """
    out = stream or sys.stderr

    def stamp(_: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"time": now, "level": name, **event}

    structlog.reset_defaults()
    structlog.configure(
        processors=[stamp, _allow, _render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    _bound.clear()
    _bound.update(bound)
    _adopt_library_logs(level)


def logger(**fields: object) -> Logger:
    """A logger whose every line carries ``fields``. The event is a short fixed text; what varies goes into fields."""
    return cast(Logger, structlog.get_logger(**fields))


def dropped() -> Mapping[str, int]:
    """How many values were withheld since the start, by the name of the field that is not on the allow-list."""
    return dict(_dropped)


def describe(error: BaseException) -> dict[str, object]:
    """Fields for an error nobody expected: its class and where it rose, never its text, which may quote what was read."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}


def _allow(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept: dict[str, Any] = {"event": _safe(event.pop("event", ""))}
    withheld = 0
    for name, value in {**_bound, **event}.items():
        if name in ALLOWED_FIELDS:
            kept[name] = _safe(value)
        else:
            _dropped[name] += 1
            withheld += 1
    if withheld:
        kept["fields_dropped"] = withheld
    return kept


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, bytes):
        return value.hex()[:64]
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value[:50]]
    # An object's text is not ours to vouch for: its repr may hold anything.
    return f"<{type(value).__name__}>"


def _render(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    first = {name: event.pop(name) for name in ("time", "level", "event")}
    return json.dumps({**first, **event}, ensure_ascii=False)


class _LibraryHandler(logging.Handler):
    """Passes on what a library logs: the template without its arguments, since those may hold anything.

    A library that fills its template itself is why whatever looks like a document number is masked as well.
    """

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name, "message": mask(str(record.msg))}
        if record.exc_info and record.exc_info[1]:
            fields |= describe(record.exc_info[1])
        logger().log(record.levelno, "library", **fields)


def _adopt_library_logs(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(max(level, logging.WARNING))
