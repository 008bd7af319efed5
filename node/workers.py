"""The answering workers as the supervisor holds them: started, watched, restarted, drained (docs/architecture.md)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from node.clock import Clock
from node.logs import Logger
from node.worker import EXIT_OPERATOR, worker_directory
from node.worker_output import WorkerOutput
from node.worker_status import WorkerStatus, read_status

READY_SECONDS = 60.0
SERVE_SECONDS = 5.0
SILENT_SECONDS = 5
RESTART_FIRST_SECONDS = 0.2
RESTART_LONGEST_SECONDS = 10.0
STEADY_SECONDS = 30.0
POLL_SECONDS = 0.05
KILL_AFTER_SECONDS = 5.0
LAST_WORDS_SECONDS = 1.0
# What the supervisor sets for itself (what its own connections suffer is told by those who ask); workers speak up.
QUIET_GRPC = ("GRPC_VERBOSITY", "NONE")


@dataclass(slots=True)
class _Place:
    """One worker's place, whichever process fills it."""

    index: int
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    task: asyncio.Task[None] | None = None


class WorkerPool:
    """``count`` worker processes of the node in ``home``."""

    def __init__(self, home: Path, spool: Path, count: int, clock: Clock, log: Logger) -> None:
        self._home = home
        self._spool = spool
        self._clock = clock
        self._log = log
        self._places = [_Place(index) for index in range(count)]
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start every worker, and keep them running until ``stop``."""
        for place in self._places:
            place.task = asyncio.create_task(self._keep(place))

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return [p.process.pid for p in self._places if p.process is not None and p.process.returncode is None]

    @property
    def restarts(self) -> int:
        """How often a worker had to be started again."""
        return sum(place.restarts for place in self._places)

    def statuses(self) -> list[tuple[int, WorkerStatus | None]]:
        """Each worker's state; None while its process has not written one."""
        return [(place.index, self._status(place)) for place in self._places]

    def ready(self) -> bool:
        """Whether every worker answers."""
        return all(status is not None and status.ready for _, status in self.statuses())

    async def wait_ready(self, told_to_stop: asyncio.Event) -> bool:
        """Wait until every worker answers; False when one does not in time, or when the wait is for nothing."""
        await self._until(lambda: self.ready() or told_to_stop.is_set(), READY_SECONDS)
        return self.ready()

    async def serve(self, epoch: int) -> int:
        """Wait until every worker serves a change of the store; restart those that do not within 5 s.

        Returns how many were restarted. A restarted worker opens the store anew and so serves it, or is not there.
        """
        if await self._until(lambda: not self._behind(epoch), SERVE_SECONDS):
            return 0
        behind = self._behind(epoch)
        for place in behind:
            self._log.warning("worker does not serve a change in time", worker=place.index)
            if place.process is not None and place.process.returncode is None:
                place.process.kill()
        await self._until(lambda: not self._behind(epoch), READY_SECONDS)
        return len(behind)

    async def stop(self, drain_seconds: float) -> None:
        """Let every worker finish what it took, then make sure none is left."""
        self._stopping.set()
        for place in self._places:
            if place.process is not None and place.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    place.process.terminate()
        tasks = [place.task for place in self._places if place.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=drain_seconds + KILL_AFTER_SECONDS)
        for place in self._places:
            if place.task in late and place.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    place.process.kill()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _status(self, place: _Place) -> WorkerStatus | None:
        status = read_status(worker_directory(self._spool, place.index))
        # What an earlier process left in the file says nothing about this one.
        if status is None or place.process is None or status.pid != place.process.pid:
            return None
        return status if place.process.returncode is None else None

    def _behind(self, epoch: int) -> list[_Place]:
        def serves(status: WorkerStatus | None) -> bool:
            return status is not None and status.epoch >= epoch

        # A place without a process answers nobody: its next process opens the store as it is by then.
        return [p for p in self._places if p.process is not None and not serves(self._status(p))]

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = self._clock.monotonic() + seconds
        while not condition():
            if self._clock.monotonic() > end or self._stopping.is_set():
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def _keep(self, place: _Place) -> None:
        wait = RESTART_FIRST_SECONDS
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            code = await self._run(place)
            if self._stopping.is_set():
                # One that was told to end before it had begun, or could not begin, has nothing to drain.
                if code not in (0, EXIT_OPERATOR, -signal.SIGTERM):
                    self._log.error("worker did not drain", worker=place.index, exit_code=code)
                return
            place.restarts += 1
            self._log.error("worker ended", worker=place.index, exit_code=code, restarts=place.restarts)
            if self._clock.monotonic() - started > STEADY_SECONDS:
                wait = RESTART_FIRST_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(wait * 2, RESTART_LONGEST_SECONDS)

    async def _run(self, place: _Place) -> int:
        """One process in that place, from its start to its end; its exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "node.worker",
            str(self._home),
            str(place.index),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if (name, value) != QUIET_GRPC},
        )
        place.process = process
        if self._stopping.is_set():
            # It came into being after all others had been told to end.
            process.terminate()
        watcher = asyncio.create_task(self._kill_when_silent(place, process))
        follower = asyncio.create_task(self._follow(place, process))
        try:
            code = await process.wait()
            # Its last words, which say why it died, before anybody says that it did.
            await asyncio.wait({follower}, timeout=LAST_WORDS_SECONDS)
            return code
        finally:
            watcher.cancel()
            follower.cancel()

    async def _follow(self, place: _Place, process: asyncio.subprocess.Process) -> None:
        if process.stderr is not None:
            await WorkerOutput(_pass_on, self._clock, self._log.bind(worker=place.index)).follow(process.stderr)

    async def _kill_when_silent(self, place: _Place, process: asyncio.subprocess.Process) -> None:
        """A worker whose heart stopped, or never began to beat, holds its place and answers nobody."""
        silent, last = 0, 0
        while silent < (SILENT_SECONDS if last else READY_SECONDS):
            # Counted, not read off a clock: after a pause of the whole machine nobody has been silent.
            await asyncio.sleep(1)
            status = self._status(place)
            beat = status.beat_ms if status is not None else last
            silent, last = (silent + 1 if beat == last else 0), beat
        process.kill()
        self._log.error("worker is silent and is killed", worker=place.index)


def _pass_on(line: bytes) -> None:
    while line:
        line = line[os.write(sys.stderr.fileno(), line) :]
