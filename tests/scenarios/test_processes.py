"""Workers that die, freeze or stand beside each other: nothing is answered twice, and nothing from before a change."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2

from federation.documents import Kind
from federation.exchange import Sent
from federation.status import RefusalCode
from federation.verdict import Verdict
from node import config, config_file, lab, lab_process
from node.clock import Clock
from node.desk_client import connect, socket_address
from node.errors import OperatorError
from node.layout import Layout
from node.spool import Event, read
from node.times import rfc3339
from tests.codes import code_of
from tests.foreign_node import ForeignNode, Line, question_about
from tests.node.command import run
from tests.pair import Pair, eventually

pytestmark = pytest.mark.slow

ROUNDS = 100
UNKNOWN = RefusalCode.SESSION_UNKNOWN


@pytest.fixture
def caller(pair: Pair) -> ForeignNode:
    """NZL by hand, beside the node that runs."""
    return ForeignNode(pair.lab.home("NZL"))


def worker_at(pair: Pair, port: int) -> int:
    """The pid of AUS's worker to which a connection leads from that port of this machine; 0 when there is none."""
    for pid in filter(None, pair.workers()):
        if any(one.raddr[1:] == (port,) for one in psutil.Process(pid).net_connections("tcp")):
            return pid
    return 0


def nzls_worker(pair: Pair) -> int:
    """The worker of AUS that has the running NZL's connection."""
    (pid,) = {worker_at(pair, port) for port in pair.relay.outgoing_ports} - {0}
    return pid


@contextmanager
def lines_to(pair: Pair, caller: ForeignNode, each: int = 1) -> Iterator[dict[int, list[Line]]]:
    """By worker, ``each`` connections of its own. The kernel gives them out, so it takes as many tries as it takes."""
    lines: dict[int, list[Line]] = {pid: [] for pid in pair.workers()}
    tried: list[Line] = []
    try:
        while any(len(found) < each for found in lines.values()):
            assert len(tried) < 60, "one worker gets no connections"
            tried.append(line := Line(caller, "AUS", pair.hidden))
            lines[worker_at(pair, line.connection.local_port)].append(line)
        yield {pid: found[:each] for pid, found in lines.items()}
    finally:
        for line in tried:
            line.close()


def all_ready(pair: Pair, but: int = 0) -> bool:
    """Whether every worker is ready, and none of them is ``but``."""
    pids = pair.workers()
    return all(pids) and but not in pids


def code_in(line: Line, sent: Sent, session_of: Line) -> object:
    """What becomes of a request made in the session of another line."""
    return code_of(partial(line.put, sent, session_of.session))


def test_one_request_to_every_worker_at_once_is_answered_once(pair: Pair, caller: ForeignNode) -> None:
    """ATTACKS B08: by two connections to each of two workers."""
    question = question_about(pair.specimen("issued"))
    with lines_to(pair, caller, each=2) as lines:
        home, (its_own, _) = next(iter(lines.items()))
        every = [(pid, line) for pid, found in lines.items() for line in found]
        for number in range(ROUNDS):
            sent = caller.lookup(its_own.session, question)
            turned = every[number % len(every) :] + every[: number % len(every)]
            # All are on their way before any is waited for.
            waiting = [(pid, line, line.start(sent)) for pid, line in turned]
            heard = Counter(
                (pid == home, code_of(partial(line.finish, reply, sent, its_own.session)))
                for pid, line, reply in waiting
            )
            assert heard == {(True, None): 1, (True, RefusalCode.REPLAY): 1, (False, UNKNOWN): 2}


def test_the_sessions_of_a_worker_end_with_it_and_its_askers_hardly_notice(pair: Pair, caller: ForeignNode) -> None:
    """ATTACKS B09: killed between taking a request and answering it, with another answered before."""
    killed, restarts = nzls_worker(pair), pair.status()["worker_restarts"]
    with lines_to(pair, caller) as lines:
        (line,) = lines[killed]
        earlier = caller.lookup(line.session, question_about(pair.specimen("issued")))
        line.put(earlier)
    spool = pair.lab.layout("NZL").spool / "desk"
    before = sum(1 for _ in read(spool))
    os.kill(killed, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(pair.ask)
        eventually(lambda: any(entry.event is Event.ASKING for _, entry in read(spool, before)))
        os.kill(killed, signal.SIGKILL)
        assert result.result().verdict is Verdict.CLEAR
    eventually(lambda: all_ready(pair, but=killed))
    assert pair.status()["worker_restarts"] == restarts + 1
    with lines_to(pair, caller) as lines:
        for (other,) in lines.values():
            assert code_in(other, earlier, line) is UNKNOWN
            assert other.ask(question_about(pair.specimen("stolen"))).outcomes[0][Kind.REPORTED]


def test_a_copy_of_a_node_knows_none_of_its_sessions(pair: Pair, caller: ForeignNode, tmp_path: Path) -> None:
    """ATTACKS B09: the whole directory, started as a second node."""
    copy, port = tmp_path / "copy", lab._free_ports(1, Clock())[0]
    left_out = shutil.ignore_patterns("*.sock", lab_process.PID_FILE, lab_process.LOG_FILE)
    shutil.copytree(pair.lab.home("AUS"), copy, ignore=left_out)
    config_file.change(copy / config.CONFIG_FILE, "peer", {"listen": [f"127.0.0.1:{port}"], "workers": 1})
    process = lab_process.start(copy)
    try:
        eventually(lambda: is_up(copy), 20)
        with Line(caller, "AUS", pair.hidden) as line, Line(caller, "AUS", port) as other:
            earlier = caller.lookup(line.session, question_about(pair.specimen("issued")))
            line.put(earlier)
            assert code_in(other, earlier, line) is UNKNOWN
            assert other.ask(question_about(pair.specimen("stolen"))).outcomes[0][Kind.REPORTED]
            assert code_in(line, earlier, line) is RefusalCode.REPLAY
    finally:
        lab_process.request_stop(process)
        assert lab_process.await_stop(process, Clock(), 10)


def is_up(home: Path) -> bool:
    try:
        with connect(Layout.of(home, config.load(home)).desk_socket) as desk:
            return bool(desk.status()["state"] == "ready")
    except OperatorError:
        return False


def test_a_directory_has_one_node_at_a_time(pair: Pair) -> None:
    """ATTACKS H08."""
    second = subprocess.run(
        [sys.executable, "-m", "node", "serve", "-C", str(pair.lab.home("AUS"))],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 2
    assert "NODE_RUNNING" in second.stderr
    assert pair.ask().verdict is Verdict.CLEAR


def test_health_says_when_a_worker_is_gone_and_the_others_answer_meanwhile(pair: Pair) -> None:
    options = (("grpc.use_local_subchannel_pool", 1),)
    socket = pair.lab.layout("AUS").desk_socket
    with socket_address(socket) as address, grpc.insecure_channel(address, options) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")

        def is_serving(service: str) -> bool:
            request = health_pb2.HealthCheckRequest(service=service).SerializeToString()
            answer = health_pb2.HealthCheckResponse.FromString(check(request, timeout=5))
            return answer.status == health_pb2.HealthCheckResponse.SERVING

        eventually(lambda: is_serving(""))
        gone = pair.workers()[0]

        def is_noticed() -> bool:
            # Whatever takes its place goes as well, so that it stays gone for as long as it takes to notice.
            place = pair.status()["workers"][0]
            if place["pid"]:
                os.kill(place["pid"], signal.SIGKILL)
            assert pair.ask().verdict is Verdict.CLEAR
            return not is_serving("federation.v1.PeerService")

        eventually(is_noticed)
        assert not is_serving("")
        eventually(lambda: all_ready(pair, but=gone))
        eventually(lambda: is_serving("federation.v1.PeerService"))


def test_a_frozen_worker_gives_no_answer_and_goes_on_when_it_thaws(pair: Pair) -> None:
    """ATTACKS F05: what it says late, to nobody, is not taken for the answer to what was asked since."""
    frozen = nzls_worker(pair)
    os.kill(frozen, signal.SIGSTOP)
    try:
        late = pair.ask("stolen", deadline_ms=500)
        assert (late.verdict, late.reason) == (Verdict.NO_ANSWER, "DEADLINE")
    finally:
        os.kill(frozen, signal.SIGCONT)
    eventually(lambda: pair.ask("issued", deadline_ms=500).verdict is Verdict.CLEAR)
    assert pair.ask("stolen").verdict is Verdict.ALERT
    assert frozen in pair.workers()


def test_an_import_is_acknowledged_when_no_worker_answers_from_before_it(
    pair: Pair, caller: ForeignNode, tmp_path: Path, markers: tuple[str, ...]
) -> None:
    """A worker that cannot follow is replaced first."""
    stuck = nzls_worker(pair)
    file = tmp_path / "input" / "theft.csv"
    file.parent.mkdir()
    file.write_text(
        "document_number,issuing_state,document_class,status,reported_on,reference,action\n"
        f"{markers[150]},AUS,P,stolen,2026-01-02,theft 150,add\n"
    )
    os.kill(stuck, signal.SIGSTOP)
    home = pair.lab.home("AUS")
    now = rfc3339(Clock().now_ms())
    done = run("import", file, "--list", "reported", "--delta", "--as-of", now, "-C", home, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stuck not in pair.workers()
    specimen = {"issuing_state": "AUS", "document_class": "P", "document_number": markers[150]}
    with lines_to(pair, caller) as lines:
        for (line,) in lines.values():
            assert line.ask(question_about(specimen, Kind.REPORTED)).outcomes[0][Kind.REPORTED]
