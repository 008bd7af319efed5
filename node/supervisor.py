"""The supervisor: one process that holds the node together (docs/architecture.md, processes).

It owns everything that is written, starts the workers that answer, serves the desk, and asks peers. If it dies, the
workers stop with it; if one of them dies, it starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from grpc_health.v1 import health, health_pb2_grpc

from federation.codec import MAX_MESSAGE_OCTETS
from federation.directory import Member
from federation.documents import ListName
from node import app, desk, jobs, logs, status
from node.answering import Lists
from node.asking import Asker, Rules
from node.config import Settings
from node.desk import Doors
from node.errors import OperatorError
from node.feeding import Feeder
from node.layout import Layout
from node.lock import NodeLock
from node.logs import Logger
from node.peers import Peers
from node.responders import Ages, Own, Peer
from node.secret_file import OFFICERS
from node.spool import Spool
from node.state import State
from node.store.ports import Reader
from node.store.sqlite_writer import SqliteWriter, open_writer
from node.trust_fetching import FetchTrust
from node.trusting import open_store
from node.workers import QUIET_GRPC, WorkerPool

DESK_MESSAGE_OCTETS = 16 * MAX_MESSAGE_OCTETS
DESK_GRACE_SECONDS = 5.0
FIRST_ROUND_SECONDS = 10.0
EXIT_NOT_READY = 1


def run(home: Path, settings: Settings) -> int:
    """Run the node in ``home`` until SIGTERM or SIGINT; the exit code.

    Raises:
        OperatorError: it cannot start; the message says why and what to do.
    """
    home = home.absolute()
    clock = app.process_clock(settings)
    logs.configure(clock, process="supervisor", economy=settings.economy)
    os.environ.setdefault(*QUIET_GRPC)
    # The socket's path may be longer than Linux allows; from here it is short.
    os.chdir(home)
    layout = Layout.of(home, settings)
    with NodeLock(layout.run / "lock"):
        node = app.load_node(home, settings)
        _check_addresses(settings.peer.listen)
        return asyncio.run(_serve(node))


def _check_addresses(addresses: Sequence[str]) -> None:
    """Bind each address plainly first: with SO_REUSEPORT a second node would share the port without an error."""
    for address in addresses:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # Only past a connection that is closing: a port that somebody listens on is still refused.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                message = (
                    f"{address} cannot be listened on ({error.strerror}); stop what holds it or change peer.listen."
                )
                taken = error.errno == errno.EADDRINUSE
                raise OperatorError("ADDRESS_TAKEN" if taken else "ADDRESS_UNUSABLE", message) from error


@dataclass(frozen=True, slots=True)
class _Files:
    """What the supervisor alone writes, and its own reader of the lists."""

    writer: SqliteWriter
    state: State
    spool: Spool
    lists: Lists

    @property
    def reader(self) -> Reader:
        return self.lists.reader


@contextmanager
def _open_files(node: app.Node) -> Iterator[_Files]:
    with contextlib.ExitStack() as stack:
        writer = open_writer(node.layout.store, app.load_store_keys(node))
        stack.callback(writer.close)
        lists = app.load_lists(node)
        stack.callback(lists.reader.close)
        state = State(node.layout.store / app.STATE_FILE)
        stack.callback(state.close)
        spool = Spool(node.layout.spool / app.DESK_SPOOL)
        stack.callback(spool.close)
        yield _Files(writer, state, spool, lists)


async def _serve(node: app.Node) -> int:
    log = logs.logger(node=node.identity.name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    started_ms = node.clock.now_ms()
    async with AsyncExitStack() as stack:
        files = stack.enter_context(_open_files(node))
        peers = await stack.enter_async_context(_peers(node, files, log))
        # Before anything is asked or answered: what happened while we were down, or since the backup that was restored.
        fetch = await stack.enter_async_context(_fetching(node, peers, log))
        workers = await stack.enter_async_context(_workers(node, log))

        def on_fault(error: BaseException) -> None:
            # The kind alone: a message might hold what was asked.
            log.error("a lookup failed at home", error=type(error).__name__)

        asker = Asker(node.trust, peers.responders, _rules(node), files.spool, node.clock, on_fault)
        feeder = Feeder(lambda: app.register(node, files.lists.keys), files.writer, workers, node.clock)
        stack.callback(feeder.close)

        async def describe() -> dict[str, Any]:
            lists = await feeder.with_writer(lambda writer: {name: writer.state(name) for name in ListName})
            return status.describe(node, workers, lists, files.reader, list(peers), started_ms, fetch.describe)

        doors = Doors(asker, describe, feeder.put_records, feeder.adopt_import)
        checks = await stack.enter_async_context(_desk(node, doors, on_fault))
        await stack.enter_async_context(
            _jobs(jobs.Surroundings(node, feeder, files.state, workers, checks, log, fetch, peers))
        )
        if await workers.wait_ready(stop):
            log.info("ready", workers=len(workers.pids))
        elif not stop.is_set():
            log.error("workers did not become ready")
            return EXIT_NOT_READY
        await stop.wait()
        log.info("draining")
    log.info("stopped")
    return 0


@asynccontextmanager
async def _workers(node: app.Node, log: Logger) -> AsyncIterator[WorkerPool]:
    count = node.settings.peer.workers or len(os.sched_getaffinity(0))
    pool = WorkerPool(node.layout.home, node.layout.spool, count, node.clock, log)
    pool.start()
    try:
        yield pool
    finally:
        await pool.stop(node.settings.peer.drain_seconds)


@asynccontextmanager
async def _peers(node: app.Node, files: _Files, log: Logger) -> AsyncIterator[Peers]:
    def on_change(name: str, up: bool, why: str) -> None:
        log.info("peer reachable" if up else "peer unreachable", peer=name, cause=why)

    def build(member: Member) -> Peer:
        clients = app.build_clients(node, member, on_change)
        return Peer(member.economy, clients, ages, files.state, files.spool, node.clock)

    ages = _ages(node)
    own = Own(node.identity.name, node.economy, node.trust, files.lists, ages, files.spool, node.clock)
    peers = Peers(node.economy, own, build)
    peers.take_up(node.directory)
    try:
        yield peers
    finally:
        await peers.close()


@asynccontextmanager
async def _fetching(node: app.Node, peers: Peers, log: Logger) -> AsyncIterator[FetchTrust]:
    """Fetch what peers hold: from each that can be reached before the node starts, and from then on by a job."""
    fetch = FetchTrust(open_store(node.layout), node.trust, peers, node.clock, log)
    try:
        await fetch.first_round(FIRST_ROUND_SECONDS)
        if await asyncio.to_thread(node.renew_trust):
            peers.take_up(node.directory)
        yield fetch
    finally:
        await fetch.close()


def _ages(node: app.Node) -> Ages:
    return Ages(node.settings.asking.reported_max_age, node.settings.asking.issued_max_age)


def _rules(node: app.Node) -> Rules:
    asking = node.settings.asking
    path = node.layout.officers
    if not path.exists():
        OFFICERS.create(path, node.clock)
    return Rules(node.economy, frozenset(asking.withhold), dict(asking.advice), OFFICERS.load(path))


@asynccontextmanager
async def _desk(
    node: app.Node, doors: Doors, on_fault: Callable[[BaseException], None]
) -> AsyncIterator[health.aio.HealthServicer]:
    path = node.layout.desk_socket
    # We hold the node's lock, so whatever lies there is left over.
    path.unlink(missing_ok=True)
    server = grpc.aio.server(
        options=(
            ("grpc.max_receive_message_length", DESK_MESSAGE_OCTETS),
            ("grpc.max_send_message_length", DESK_MESSAGE_OCTETS),
        )
    )
    desk.serve(server, doors, on_fault)
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    relative = os.path.relpath(path)
    # Made for nobody else, opened afterwards as far as the operator says: never the other way round.
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{relative}")
    finally:
        os.umask(before)
    path.chmod(int(node.settings.desk.mode, 8))
    await server.start()
    try:
        yield checks
    finally:
        await checks.enter_graceful_shutdown()
        await server.stop(DESK_GRACE_SECONDS)
        path.unlink(missing_ok=True)


@asynccontextmanager
async def _jobs(around: jobs.Surroundings) -> AsyncIterator[None]:
    # A job that came due while the machine slept runs once, at once: the default would skip it silently.
    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    jobs.register(scheduler, around)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
