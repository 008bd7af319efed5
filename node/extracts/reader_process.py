"""A process that reads blocks of an extract, so that a file is read on more than one core.

Started by `node.extracts.reading` as a program of its own. Its standard input gives it one line of JSON that says what to
read and where to (the pepper among it: arguments and environment are for all to see), then blocks, each after a header
of 12 octets: number of its first line, length. For each it prints one line of JSON: a tally, or what went wrong.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from federation.documents import DocumentClass, ListName
from federation.routes import Route, RouteTable
from node.errors import OperatorError
from node.extracts.forms import form_of
from node.extracts.framing import Block
from node.extracts.lines import LineReader, Plausibility
from node.extracts.plain import plain_reader_of
from node.extracts.staging import Stager
from node.store.keys import StoreKeys

BLOCK_HEADER: Final = struct.Struct(">QI")


def stager_of(task: dict[str, Any]) -> Stager:
    """The stager that a task describes."""
    list_name, delta = ListName(task["list"]), bool(task["delta"])
    routes = RouteTable(
        Route(state, DocumentClass(document_class), pattern, economy)
        for state, document_class, pattern, economy in task["routes"]
    )
    keys, economy, columns = StoreKeys(bytes.fromhex(task["pepper"])), task["economy"], task["columns"]
    plausibility = Plausibility(list_name, task["latest_day"])
    reader = LineReader(list_name, keys, routes, economy, delta=delta)
    plain = None if delta else plain_reader_of(list_name, keys, routes, economy, columns, plausibility)
    return Stager(Path(task["path"]), form_of(columns, list_name, delta=delta), reader, plausibility, plain)


def blocks_of(stream: BinaryIO) -> Iterator[Block]:
    """The blocks on a stream, to its end."""
    while header := stream.read(BLOCK_HEADER.size):
        first, length = BLOCK_HEADER.unpack(header)
        yield Block(first, stream.read(length))


def main(source: BinaryIO, target: BinaryIO) -> None:
    """Serve one import."""
    stager: Stager | None = None
    try:
        stager = stager_of(json.loads(source.readline()))
        for block in blocks_of(source):
            _say(target, {"tally": stager.take(block).to_json()})
        stager.close()
        _say(target, {"done": True})
    except OperatorError as error:
        _say(target, {"error": {"code": error.code, "message": error.message}})


def _say(target: BinaryIO, what: dict[str, Any]) -> None:
    target.write(json.dumps(what).encode() + b"\n")
    target.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
