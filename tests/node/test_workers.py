"""The pool of workers over processes that do what a test says, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from node import logs
from node.worker import worker_directory
from node.worker_status import StatusWriter, WorkerStatus
from node.workers import READY_SECONDS, SILENT_SECONDS, WorkerPool
from tests.virtual_time import VirtualTimeLoop, WorldClock

DRAIN_SECONDS = 30.0


class FakeProcess:
    """A worker that ends when a test says so, or when it is told to."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stderr = asyncio.StreamReader()
        self._ended = asyncio.Event()

    def end(self, code: int) -> None:
        self.returncode = code
        self.stderr.feed_eof()
        self._ended.set()

    def terminate(self) -> None:
        self.end(0)

    def kill(self) -> None:
        self.end(-signal.SIGKILL)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode


class Nursery:
    """Starts fake workers in the place of real ones."""

    def __init__(self, path: Path, runner: asyncio.Runner) -> None:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualTimeLoop)
        self.path, self.loop, self.run = path, loop, runner.run
        self.clock = WorldClock(loop.time, "supervisor")
        self.started: list[FakeProcess] = []
        self.born = asyncio.Event()
        self.slow_start = 0.0
        self._pids = itertools.count(100)

    async def start(self, *_command: str, **_: object) -> FakeProcess:
        """Stands for ``asyncio.create_subprocess_exec``."""
        await asyncio.sleep(self.slow_start)
        self.started.append(process := FakeProcess(next(self._pids)))
        self.born.set()
        return process

    def pool(self) -> WorkerPool:
        return WorkerPool(self.path, self.path, 1, self.clock, logs.logger())

    async def beat(self, seconds: float) -> None:
        """The last worker shows for so long that it lives."""
        writer = StatusWriter(worker_directory(self.path, 0))
        end = self.loop.time() + seconds
        while self.loop.time() < end:
            now_ms = int(self.clock.monotonic() * 1000)
            writer.write(WorkerStatus(self.started[-1].pid, True, now_ms, 1, 0, 0, 0, 0))
            await asyncio.sleep(0.2)


@pytest.fixture
def nursery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        nursery = Nursery(tmp_path, runner)
        monkeypatch.setattr(asyncio, "create_subprocess_exec", nursery.start)
        yield nursery


def test_a_worker_that_ends_is_started_again_each_time_a_little_later(nursery: Nursery) -> None:
    async def act() -> list[float]:
        pool, waits = nursery.pool(), []
        pool.start()
        await asyncio.sleep(0.01)
        for _ in range(8):
            ended = nursery.loop.time()
            nursery.started[-1].end(1)
            nursery.born.clear()
            await nursery.born.wait()
            waits.append(nursery.loop.time() - ended)
        await pool.stop(DRAIN_SECONDS)
        assert pool.restarts == 8
        return waits

    assert nursery.run(act()) == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10], abs=0.05)


def test_a_node_stops_at_once_while_a_worker_waits_to_be_started_again(nursery: Nursery) -> None:
    async def act() -> float:
        pool = nursery.pool()
        pool.start()
        for _ in range(7):
            await asyncio.sleep(11)
            nursery.started[-1].end(1)
        await asyncio.sleep(0.01)
        before = nursery.loop.time()
        await pool.stop(DRAIN_SECONDS)
        return nursery.loop.time() - before

    assert nursery.run(act()) < 0.1


def test_a_worker_that_came_into_being_while_the_node_stopped_ends_with_it(nursery: Nursery) -> None:
    nursery.slow_start = 1.0

    async def act() -> float:
        pool = nursery.pool()
        pool.start()
        await asyncio.sleep(0.5)
        await pool.stop(DRAIN_SECONDS)
        return nursery.loop.time()

    assert nursery.run(act()) < 2.0
    assert [process.returncode for process in nursery.started] == [0]


def test_a_worker_that_does_not_drain_is_killed_and_said_so(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeProcess, "terminate", lambda process: None)

    async def act() -> float:
        pool = nursery.pool()
        pool.start()
        await asyncio.sleep(0.01)
        beating = asyncio.create_task(nursery.beat(60))
        await pool.stop(DRAIN_SECONDS)
        beating.cancel()
        return nursery.loop.time()

    with structlog.testing.capture_logs() as said:
        assert DRAIN_SECONDS < nursery.run(act()) < DRAIN_SECONDS + 10
    assert nursery.started[0].returncode == -signal.SIGKILL
    assert [line["event"] for line in said] == ["worker did not drain"]


def test_a_silent_worker_is_killed_and_replaced(nursery: Nursery) -> None:
    async def act() -> None:
        pool = nursery.pool()
        pool.start()
        await asyncio.sleep(0.01)
        await nursery.beat(3)
        await asyncio.sleep(SILENT_SECONDS - 1)
        assert len(nursery.started) == 1
        await asyncio.sleep(3)
        assert nursery.started[0].returncode == -signal.SIGKILL
        assert len(nursery.started) == 2
        await pool.stop(DRAIN_SECONDS)

    nursery.run(act())


def test_a_worker_that_never_begins_is_killed_and_replaced(nursery: Nursery) -> None:
    async def act() -> None:
        pool = nursery.pool()
        pool.start()
        await asyncio.sleep(READY_SECONDS - 1)
        assert len(nursery.started) == 1
        await asyncio.sleep(3)
        assert nursery.started[0].returncode == -signal.SIGKILL
        assert len(nursery.started) == 2
        await pool.stop(DRAIN_SECONDS)

    nursery.run(act())


def test_nobody_waits_for_workers_of_a_node_that_was_told_to_stop(nursery: Nursery) -> None:
    async def act() -> float:
        pool, told = nursery.pool(), asyncio.Event()
        pool.start()
        nursery.loop.call_later(1.0, told.set)
        assert not await pool.wait_ready(told)
        waited = nursery.loop.time()
        await pool.stop(DRAIN_SECONDS)
        return waited

    assert nursery.run(act()) < 1.2


def test_after_a_pause_of_the_whole_machine_no_worker_has_been_silent(nursery: Nursery) -> None:
    """ATTACKS F05: the supervisor may wake before its workers do."""

    async def act() -> None:
        pool = nursery.pool()
        pool.start()
        await asyncio.sleep(0.01)
        await nursery.beat(3)
        nursery.loop.pass_time(600)
        await asyncio.sleep(1.5)
        await nursery.beat(20)
        assert nursery.started[0].returncode is None
        await pool.stop(DRAIN_SECONDS)

    nursery.run(act())
