"""Records and imports on their way into service: written by the one writer, then served by every worker.

An acknowledgement means both: durable, and no live worker still answers from before it (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from node import importing, records
from node.clock import Clock
from node.desk import Report
from node.records import RecordChange
from node.reports import Outcome
from node.staged import Register
from node.store.ports import Writer
from node.workers import WorkerPool

T = TypeVar("T")


class Feeder:
    """What the desk's PutRecords and AdoptImport lead to, and whoever else needs the writer."""

    def __init__(self, register: Callable[[], Register], writer: Writer, workers: WorkerPool, clock: Clock) -> None:
        """``register`` is asked anew for each change: whose documents are our own may change while we run."""
        self._register = register
        self._writer = writer
        self._workers = workers
        self._clock = clock
        # One thread: the store has one writer, and the loop that asks peers must not wait for a disk.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    async def put_records(self, changes: Sequence[RecordChange]) -> Report:
        """Single records, by hand or by another system of the economy; raises StoreError."""
        return await self._feed(lambda: records.put(self._register(), self._writer, changes, self._clock.now()))

    async def adopt_import(self, staged: str) -> Report:
        """A staged import, by the name of its directory; raises StoreError."""
        return await self._feed(lambda: importing.adopt(self._register(), self._writer, staged, self._clock.now()))

    async def with_writer(self, use: Callable[[Writer], T]) -> T:
        """What ``use`` returns, run where the writer lives."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, use, self._writer)

    async def _feed(self, write: Callable[[], Outcome]) -> Report:
        outcome = await asyncio.get_running_loop().run_in_executor(self._thread, write)
        # Durable from here on. Told only when served: a worker that cannot follow is started anew, and opens the
        # store as it is by then.
        restarted = await self._workers.serve(outcome.epoch) if outcome.epoch is not None else 0
        return Report(outcome.json, outcome.refused, restarted)

    def close(self) -> None:
        """Finish what is being written."""
        self._thread.shutdown(wait=True)
