"""One answering worker: a process of its own, started by exec and pinned to a core (docs/architecture.md).

``python -m node.worker HOME INDEX``. It reads TLS and message key, pepper and store, writes only its own spool
directory, and stops when its standard input closes: that is the supervisor's end of a pipe, so a supervisor that dies
takes its workers along whatever killed it.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import google.protobuf.internal.api_implementation as protobuf_backend

from certs.errors import CertsError
from federation.service import ServerIdentity, build_server
from node import app, logs
from node.answering import NodeAnswerer
from node.config import load
from node.errors import OperatorError
from node.spool import Spool
from node.trust_serving import TrustServing
from node.trusting import open_store
from node.worker_status import StatusWriter, WorkerStatus

BEAT_SECONDS = 0.2
IDLE_SWEEP_BEATS = 150
QUIET_SECONDS = 0.5
EXIT_OPERATOR = 2


def worker_directory(spool: Path, index: int) -> Path:
    """Where worker ``index`` keeps its spool and status."""
    return spool / f"worker-{index}"


class Worker:
    """The parts of one worker and its loop."""

    def __init__(self, home: Path, index: int) -> None:
        """Raises ``OperatorError`` or ``OSError`` when the worker cannot be put together."""
        settings = load(home)
        self._node = app.load_node(home, settings)
        self._log = logs.logger(worker=index)
        directory = worker_directory(self._node.layout.spool, index)
        self._lists = app.load_lists(self._node)
        self._door = app.build_door(self._node)
        self._spool = Spool(directory)
        self._status = StatusWriter(directory)
        self._faults: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._stop = threading.Event()
        self._ready = False
        self._answerer = NodeAnswerer(
            self._door,
            self._node.identity,
            self._lists,
            self._spool,
            self._node.clock,
            self._fault,
            lambda: not self._spool.failed,
        )
        self._answerer.documents = TrustServing(open_store(self._node.layout), self._door, self._node.clock).fetch_trust
        self._shown = ServerIdentity(app.server_keys(self._node))
        peer = settings.peer
        self._server = build_server(self._answerer, self._shown, peer.listen, peer.threads, self._fault)
        self._drain_seconds = peer.drain_seconds

    def _fault(self, error: BaseException) -> None:
        # The kind alone: a message might hold what a peer sent. One line a kind and beat, however often it happens.
        self._faults[type(error).__name__] += 1

    def run(self) -> int:
        """Answer until told to stop, then drain."""
        self._server.start()
        self._ready = True
        signal.signal(signal.SIGTERM, lambda *_: self._stop.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=self._watch_parent, name="parent", daemon=True).start()
        # Everything made so far lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        beats = 0
        while not self._stop.wait(BEAT_SECONDS):
            beats += 1
            self._beat()
            self._renew_trust()
            if beats % IDLE_SWEEP_BEATS == 0:
                self._door.sessions.forget_idle(int(self._node.clock.monotonic() * 1000))
                self._log_faults()
        return self._drain()

    def _beat(self) -> None:
        try:
            epoch = self._lists.reader.view().epoch
        except OperatorError as error:
            self._fault(error)
            epoch = 0
        counts = self._answerer.counts
        answered = counts.get(0, 0)
        self._status.write(
            WorkerStatus(
                os.getpid(),
                self._ready and not self._spool.failed,
                int(self._node.clock.monotonic() * 1000),
                epoch,
                answered,
                sum(counts.values()) - answered,
                len(self._door.sessions),
                self._faults.total(),
            )
        )

    def _renew_trust(self) -> None:
        """What was taken in since bites from here on, on open connections too; new ones see the members of now."""
        try:
            if self._node.renew_trust():
                self._door.renew_rates()
                self._shown.replace(app.server_keys(self._node))
        except (OperatorError, CertsError) as error:
            # Whom we trusted stays so, and whom TLS lets in; it is tried again.
            self._fault(error)

    def _log_faults(self) -> None:
        for kind, count in self._faults.items():
            if count != self._told[kind]:
                self._log.error("faults while answering", error=kind, count=count)
        self._told = self._faults.copy()

    def _watch_parent(self) -> None:
        # Not through sys.stdin: an interpreter that ends while a thread waits in its buffer aborts.
        while os.read(sys.stdin.fileno(), 1):
            pass
        self._stop.set()

    def _drain(self) -> int:
        self._ready = False
        self._beat()
        # No new calls; those taken are finished. What is cut off after the grace is asked again by its asker.
        stopped = self._server.stop(grace=self._drain_seconds)
        before = -1
        while not stopped.wait(QUIET_SECONDS):
            self._beat()
            answers = sum(self._answerer.counts.values())
            if answers == before:
                # Nothing is being answered. A connection that does not hear that we go, or a call that never comes to
                # its end, must not keep a worker alive whose supervisor died, nor its ports from the next one.
                self._server.stop(grace=None)
            before = answers
        self._spool.close()
        self._log_faults()
        return 0


def main() -> int:
    """The process's entry."""
    home, index = Path(sys.argv[1]), int(sys.argv[2])
    settings = load(home)
    clock = app.process_clock(settings)
    logs.configure(clock, process="worker", worker=index, economy=settings.economy)
    logging.captureWarnings(True)  # what a library warns of comes from what a stranger sent, and is a line as any other
    if protobuf_backend.Type() != "upb":
        logs.logger().error("protobuf is not the upb backend", cause=protobuf_backend.Type())
        return EXIT_OPERATOR
    if settings.peer.pin:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[index % len(cores)]})
    try:
        return Worker(home, index).run()
    except OperatorError as error:
        logs.logger().error("worker cannot start", code=error.code, message=error.message)
        return EXIT_OPERATOR


if __name__ == "__main__":
    sys.exit(main())
