"""One node of a lab as a process: started so that it outlives the command, told apart from every other, stopped.

A pid alone is nobody's name: after a reboot or a long time it may be another program's. So what is written down is the
pid with the moment its process started, and nothing is signalled that does not fit both.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from node import config_file
from node.clock import Clock
from node.config import ENV_PREFIX
from node.errors import LabError

PROC = Path("/proc")
PID_FILE = "lab.pid"
LOG_FILE = "node.log"
# What a draining node may take beyond its own drain time before it is killed.
STOP_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its pid, the clock tick at which it started, and the boot in which that was."""

    pid: int
    started: int
    boot: str


def start(home: Path) -> Process:
    """Run `rmas serve` for the node in ``home``, detached, its standard error appended to `node.log`.

    One process group a node: its leader is the supervisor, so that a stop reaches all of it and nothing else.
    """
    # A setting in this command's environment is meant for one node, not for all of a lab.
    own = (ENV_PREFIX, "GRPC_VERBOSITY")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(own)}
    with (home / LOG_FILE).open("ab") as log:
        child = subprocess.Popen(
            # -P: this command may be called where a directory of our name lies.
            [sys.executable, "-P", "-m", "node", "serve", "-C", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
    # The child is reaped by nobody when this command ends; until then `alive` sees a dead one for what it is.
    child.returncode = 0
    process = Process(child.pid, _stat(child.pid)[1], _boot())
    config_file.replace(home / PID_FILE, json.dumps(asdict(process)).encode() + b"\n")
    return process


def find(home: Path) -> Process | None:
    """The node's process if it still runs, else None."""
    try:
        process = Process(**json.loads((home / PID_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return process if alive(process) else None


def alive(process: Process) -> bool:
    """Whether this very process runs: same boot, same pid, same start, and not a corpse nobody reaped."""
    state, started = _stat(process.pid)
    return process.boot == _boot() and started == process.started and state not in "ZX"


def pids(process: Process) -> list[int]:
    """All processes of the node, its supervisor first."""
    group = [pid for pid in _all_pids() if pid != process.pid and _group(pid) == process.pid]
    return [process.pid, *sorted(group)] if alive(process) else []


def request_stop(process: Process) -> None:
    """Ask the node to drain and end."""
    _signal(process, signal.SIGTERM)


def await_stop(process: Process, clock: Clock, drain_seconds: float) -> bool:
    """Wait for a node that was asked to end; returns whether it did so by itself.

    One that has not ended after its drain time and some grace is killed with all of its group.
    """
    members = pids(process)
    deadline = clock.monotonic() + drain_seconds + STOP_GRACE_SECONDS
    while alive(process):
        if clock.monotonic() > deadline:
            _kill(process, members, clock)
            return False
        clock.pause(0.02)
    return True


def log_tail(home: Path, lines: int = 6) -> list[str]:
    """The last lines of a node's log."""
    try:
        with (home / LOG_FILE).open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 16_384))
            return log.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def _signal(process: Process, number: signal.Signals) -> None:
    # A handle first, then the check, then the signal through the handle: the pid cannot change hands in between.
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    except OSError as error:
        raise LabError("LAB_SIGNAL", f"Process {process.pid} cannot be stopped: {error.strerror}.") from None
    try:
        if alive(process):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def _kill(process: Process, members: list[int], clock: Clock) -> None:
    # The leader dies first; its group is then checked again, for the workers end by themselves when it is gone.
    group = [Process(pid, _stat(pid)[1], process.boot) for pid in members]
    for one in group:
        if one.pid == process.pid or _group(one.pid) == process.pid:
            _signal(one, signal.SIGKILL)
    # Not for ever: a process in the middle of a call that cannot be interrupted dies when that is over.
    deadline = clock.monotonic() + STOP_GRACE_SECONDS
    while any(alive(one) for one in group) and clock.monotonic() < deadline:
        clock.pause(0.02)


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start tick of a process; empty and 0 when there is none (proc(5), /proc/pid/stat)."""
    try:
        # The name in brackets may hold anything, brackets too; what follows the last one is fixed.
        fields = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return "", 0


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
