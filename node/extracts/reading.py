"""Reading a whole extract: its header here, its lines in this process or, if there are many, in several.

Each reader writes a staging file of its own, so no line travels between processes once it is keyed, and both cores
work. What is staged names no document.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from federation.documents import ListName
from federation.routes import RouteTable
from node.extracts.errors import UnreadableExtract
from node.extracts.forms import Header, read_header
from node.extracts.framing import Block, blocks
from node.extracts.reader_process import BLOCK_HEADER, stager_of
from node.extracts.staging import Tally
from node.store.errors import StoreError
from node.store.keys import StoreKeys

# A second process takes a tenth of a second to start: a file of one block is read before it would be there.
_FEW_BLOCKS: Final = 1
_READERS_MAX: Final = 2
# A bound on what one file may cost; the largest register of passports in force has a fraction of it.
LINES_MAX: Final = 500_000_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What to read: a list of an economy, whole or a delta, and how documents are keyed and routed; the latest day that
    may be meant.
    """

    list_name: ListName
    delta: bool
    keys: StoreKeys
    routes: RouteTable
    economy: str
    latest_day: str


@dataclass(frozen=True, slots=True)
class Extract:
    """A file that was read: the as-of it names, if any, its tally, and the staging files with its lines."""

    as_of: str | None
    tally: Tally
    staged: tuple[Path, ...]


def open_extract(stream: BinaryIO, task: Task) -> tuple[Header, Iterator[Block]]:
    """The header of a file, and the blocks that follow it. Raises UnreadableExtract."""
    every = blocks(stream)
    start = next(every, Block(1, b""))
    header = read_header(start.lines(), task.list_name, delta=task.delta)
    return header, itertools.chain([_after_header(start, header.lines)], every)


def read_extract(header: Header, lines: Iterator[Block], task: Task, directory: Path, progress: Progress) -> Extract:
    """Read the lines of an opened file into staging files in ``directory``.

    ``progress`` is told the octets read. Raises UnreadableExtract, StoreError.
    """
    first = list(itertools.islice(lines, _FEW_BLOCKS + 1))
    told = _told(itertools.chain(first, lines), progress)
    if len(first) <= _FEW_BLOCKS:
        (path,) = _staging_files(directory, 1)
        return Extract(header.as_of, _read_here(told, _said(task, header, path)), (path,))
    readers = min(_READERS_MAX, len(os.sched_getaffinity(0)))
    paths = _staging_files(directory, readers)
    return Extract(header.as_of, _read_apart(told, [_said(task, header, path) for path in paths]), paths)


def _staging_files(directory: Path, readers: int) -> tuple[Path, ...]:
    return tuple(directory / f"lines-{number}.db" for number in range(readers))


def _after_header(block: Block, lines: int) -> Block:
    rest = block.octets.splitlines(keepends=True)[lines:]
    return Block(block.first + lines, b"".join(rest))


def _told(lines: Iterable[Block], progress: Progress) -> Iterator[Block]:
    octets = 0
    for block in lines:
        yield block
        octets += len(block.octets)
        progress(octets)


def _said(task: Task, header: Header, path: Path) -> dict[str, Any]:
    return {
        "list": task.list_name.value,
        "delta": task.delta,
        "pepper": task.keys.pepper().hex(),
        "economy": task.economy,
        "latest_day": task.latest_day,
        "routes": [
            (route.issuing_state, route.document_class.value, route.pattern, route.economy)
            for route in task.routes.routes
        ],
        "columns": header.columns,
        "path": str(path.absolute()),
    }


def _read_here(lines: Iterable[Block], said: dict[str, Any]) -> Tally:
    stager = stager_of(said)
    tally = Tally()
    for block in lines:
        tally.add(stager.take(block))
        tally.check_ranges()
    stager.close()
    return tally


def _read_apart(lines: Iterable[Block], said: Sequence[dict[str, Any]]) -> Tally:
    """Hand each block to whichever process is idle; as many blocks are in memory as there are processes."""
    tally = Tally()
    processes = [_ReaderProcess(each) for each in said]
    idle: SimpleQueue[_ReaderProcess] = SimpleQueue()
    for process in processes:
        idle.put(process)
    try:
        with ThreadPoolExecutor(len(processes)) as pool:
            pending: list[Future[Tally]] = []
            for block in lines:
                process = idle.get()
                pending = _count(tally, pending)
                pending.append(pool.submit(_exchange, process, block, idle))
            for future in pending:
                tally.add(future.result())
        tally.check_ranges()
        for process in processes:
            process.finish()
    finally:
        for process in processes:
            process.stop()
    return tally


def _exchange(process: _ReaderProcess, block: Block, idle: SimpleQueue[_ReaderProcess]) -> Tally:
    try:
        return process.exchange(block)
    finally:
        # Also after a failure, or the next block would wait for ever; its turn raises what went wrong.
        idle.put(process)


def _count(tally: Tally, pending: list[Future[Tally]]) -> list[Future[Tally]]:
    for future in pending:
        if future.done():
            tally.add(future.result())
    # Here and not in the processes, of which each knows its own part.
    tally.check_ranges()
    if tally.lines > LINES_MAX:
        raise UnreadableExtract("TOO_MANY_LINES", f"The file has more than {LINES_MAX:,} lines: split it by source.")
    return [future for future in pending if not future.done()]


class _ReaderProcess:
    """A `node.extracts.reader_process` and the two pipes to it."""

    def __init__(self, said: dict[str, Any]) -> None:
        # Started by exec, not fork: this process may have threads. It finds our packages where we found them.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "node.extracts.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to = self._process.stdin
        self._from = self._process.stdout
        self._send(json.dumps(said).encode() + b"\n")

    def exchange(self, block: Block) -> Tally:
        """What the process made of a block."""
        self._send(BLOCK_HEADER.pack(block.first, len(block.octets)) + block.octets)
        return Tally.from_json(self._answer()["tally"])

    def finish(self) -> None:
        """Return when the process has finished its file."""
        self._to.close()
        self._answer()

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _send(self, octets: bytes) -> None:
        try:
            self._to.write(octets)
            self._to.flush()
        except BrokenPipeError:
            # It has said why before it ended.
            self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._from.readline()
        if not line:
            raise StoreError("READER_DIED", "A process that read the file has died; its message stands above.")
        answer: dict[str, Any] = json.loads(line)
        error = answer.get("error")
        if error is not None:
            raise UnreadableExtract(error["code"], error["message"])
        return answer
