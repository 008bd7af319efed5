from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node import lab_process, log_size
from node.clock import Clock
from node.lab_process import Process


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with any lab, in a group of its own."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as child:
        yield child
        child.kill()


def identify(pid: int) -> Process:
    return Process(pid, lab_process._stat(pid)[1], lab_process._boot())


def test_a_process_is_known_by_pid_start_and_boot_together(stranger: subprocess.Popen[bytes]) -> None:
    process = identify(stranger.pid)
    assert lab_process.alive(process)
    assert not lab_process.alive(replace(process, started=process.started - 1))
    assert not lab_process.alive(replace(process, boot="another"))
    assert not lab_process.alive(replace(process, pid=2**22 + 1))


def test_a_pid_that_changed_hands_is_never_signalled(stranger: subprocess.Popen[bytes]) -> None:
    """The file of a lab that was not stopped before a reboot names a pid that is now somebody else's."""
    process = identify(stranger.pid)
    for old in (replace(process, started=process.started - 1), replace(process, boot="another")):
        lab_process.request_stop(old)
        assert lab_process.await_stop(old, Clock(), 0)
        assert lab_process.pids(old) == []
    assert stranger.poll() is None


def test_a_process_that_nobody_reaped_is_dead(stranger: subprocess.Popen[bytes]) -> None:
    process = identify(stranger.pid)
    lab_process.request_stop(process)
    assert lab_process.await_stop(process, Clock(), 5)
    assert lab_process._stat(stranger.pid)[0] == "Z"
    assert stranger.wait() == -signal.SIGTERM


def test_a_process_that_does_not_end_is_killed_with_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_process, "STOP_GRACE_SECONDS", 0.3)
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "print(os.getpid(), flush=True) if child == 0 else None\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        process = identify(leader.pid)
        assert lab_process.pids(process) == [leader.pid, child]
        lab_process.request_stop(process)
        assert not lab_process.await_stop(process, Clock(), 0)
        assert leader.wait() == -signal.SIGKILL
    assert lab_process._stat(child)[0] in ("", "Z")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 1}', "null"])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / lab_process.PID_FILE).write_text(content)
    assert lab_process.find(tmp_path) is None


def test_a_log_past_its_size_is_kept_aside_and_every_writer_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "node.log"
    with path.open("ab") as one, path.open("ab") as other:
        one.write(b"x" * 100)
        one.flush()
        assert not log_size.cut(one.fileno(), 100)
        other.write(b"last\n")
        other.flush()
        assert log_size.cut(one.fileno(), 100)
        other.write(b"next\n")
        other.flush()
    assert path.read_bytes() == b"next\n"
    assert (tmp_path / "node.log.1").read_bytes() == b"x" * 100 + b"last\n"


def test_what_is_no_file_is_not_watched() -> None:
    reading, writing = os.pipe()
    try:
        # Returns at once: the event is never set.
        log_size.watch(writing, 1, threading.Event())
    finally:
        os.close(reading)
        os.close(writing)
