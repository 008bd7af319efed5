"""Records and imports on their way into service: written by the one writer, then served by every worker.

An acknowledgement means both: durable, and no live worker still answers from before it (DESIGN, store and import).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from node import app
from node.desk import Change, Report
from node.store.sqlite_writer import SqliteWriter
from node.workers import WorkerPool


class Feeder:
    """What the desk's PutRecords and AdoptImport lead to."""

    def __init__(self, node: app.Node, writer: SqliteWriter, workers: WorkerPool) -> None:
        self._node = node
        self._writer = writer
        self._workers = workers
        # One thread: the store has one writer, and the loop that asks peers must not wait for a disk.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def put_records(self, changes: Sequence[Change]) -> Report:
        """Single records, by hand or by another system of the economy."""
        raise NotImplementedError

    async def adopt_import(self, staged: str) -> Report:
        """A staged import."""
        raise NotImplementedError

    async def _write(self, write: Callable[[], tuple[int, str, bool]]) -> Report:
        epoch, report, refused = await asyncio.get_running_loop().run_in_executor(self._thread, write)
        restarted = await self._workers.serve(epoch)
        return Report(report, refused, restarted)

    def close(self) -> None:
        """Finish what is being written."""
        self._thread.shutdown(wait=True)
