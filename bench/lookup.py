"""Signed single lookups against bare mTLS echo: same machine, same run, same process layout, rounds interleaved.

Both sides are real: the lookup is answered by the workers of a lab node and asked through the node's own client, which
signs each request and verifies each answer; the echo is a server of the same kind that does nothing. Throughput counts
the clients, which share the cores; server CPU counts the answering processes alone.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

from bench.harness import Figure, arguments, report

HERE = Path(__file__).parent
ECHO_RESPONSE_OCTETS = 430
CHANNELS = 8


def main() -> int:
    """Run, print, and say by the exit code whether the floor was met."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--floor", type=float, default=0.0, help="fail when the throughput ratio is below")
    options = parser.parse_args()
    rounds, seconds = (3, 1.0) if options.quick else (9, 4.0)
    with tempfile.TemporaryDirectory(prefix="rmas-bench-") as base:
        lab = Path(base) / "lab"
        _rmas("lab", "up", str(lab), "--economies", "NZL,AUS,PHL", "--records", str(options.records),
              "--workers", str(options.workers))  # fmt: skip
        try:
            figures = _measure(lab, options.workers, options.clients, options.in_flight, rounds, seconds)
        finally:
            _rmas("lab", "down", str(lab), "--delete")
    load = (
        f"{options.records} records, {options.workers} workers, {options.clients} client processes, "
        f"{options.in_flight} in flight over {CHANNELS * options.clients} connections"
    )
    report("signed single lookup against bare mTLS echo", load, figures, as_json=options.json)
    ratio = next(f for f in figures if f.name == "throughput, lookup / echo").median
    return int(ratio < options.floor)


def _rmas(*words: str) -> None:
    subprocess.run([str(Path(sys.executable).parent / "rmas"), *words], check=True, stdout=subprocess.DEVNULL)


def _measure(lab: Path, workers: int, clients: int, in_flight: int, rounds: int, seconds: float) -> list[Figure]:
    states = json.loads(
        subprocess.run(
            [str(Path(sys.executable).parent / "rmas"), "lab", "status", str(lab), "--json"],
            check=True,
            capture_output=True,
        ).stdout
    )
    aus = next(state for state in states if state["economy"] == "AUS")
    answering = [psutil.Process(pid) for pid in aus["pids"] if "node.worker" in psutil.Process(pid).cmdline()]
    port = _free_port()
    echoes = [_start("echo_server.py", lab / "AUS", port, index, ECHO_RESPONSE_OCTETS) for index in range(workers)]
    echoing = [psutil.Process(process.pid) for process in echoes]
    loads = [
        _start("load_client.py", lab / "NZL", aus["peer_address"], f"127.0.0.1:{port}", CHANNELS, in_flight // clients)
        for _ in range(clients)
    ]
    try:
        return _rounds(loads, {"echo": echoing, "lookup": answering}, rounds, seconds)
    finally:
        for process in (*loads, *echoes):
            process.stdin.close()  # type: ignore[union-attr]  # made with a pipe
            process.wait(20)


def _rounds(
    loads: list[subprocess.Popen[str]], servers: dict[str, list[psutil.Process]], rounds: int, seconds: float
) -> list[Figure]:
    rate: dict[str, list[float]] = {"echo": [], "lookup": []}
    cost: dict[str, list[float]] = {"echo": [], "lookup": []}
    middle: dict[str, list[float]] = {"echo": [], "lookup": []}
    high: dict[str, list[float]] = {"echo": [], "lookup": []}
    for number in range(rounds + 1):
        for kind in ("echo", "lookup"):
            _connect_anew(loads, kind)
            before = _cpu(servers[kind])
            results = _run(loads, kind, seconds)
            calls = sum(result["calls"] for result in results)
            latencies = sorted(us for result in results for us in result["latencies_us"])
            if number == 0:  # the first round warms both up
                continue
            rate[kind].append(calls / max(result["seconds"] for result in results))
            cost[kind].append((_cpu(servers[kind]) - before) / calls * 1e6)
            middle[kind].append(latencies[len(latencies) // 2])
            high[kind].append(latencies[len(latencies) * 99 // 100])
    return [
        Figure("throughput, lookup / echo", "ratio", _ratios(rate["lookup"], rate["echo"])),
        Figure("server CPU, echo / lookup", "ratio", _ratios(cost["echo"], cost["lookup"])),
        Figure("lookup throughput", "a second", tuple(rate["lookup"])),
        Figure("echo throughput", "a second", tuple(rate["echo"])),
        Figure("lookup server CPU", "us a call", tuple(cost["lookup"])),
        Figure("echo server CPU", "us a call", tuple(cost["echo"])),
        Figure("lookup p50", "us", tuple(middle["lookup"])),
        Figure("lookup p99", "us", tuple(high["lookup"])),
        Figure("echo p50", "us", tuple(middle["echo"])),
        Figure("echo p99", "us", tuple(high["echo"])),
    ]


def _ratios(above: list[float], below: list[float]) -> tuple[float, ...]:
    return tuple(one / other for one, other in zip(above, below, strict=True))


def _connect_anew(loads: list[subprocess.Popen[str]], kind: str) -> None:
    """New connections, before the round is timed: the kernel deals them out among the workers at random, and one deal
    for all rounds would decide the figure.
    """
    for process in loads:
        process.stdin.write(f"{kind} 0\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    for process in loads:
        process.stdout.readline()  # type: ignore[union-attr]


def _run(loads: list[subprocess.Popen[str]], kind: str, seconds: float) -> list[dict[str, Any]]:
    for process in loads:
        process.stdin.write(f"{kind} {seconds}\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    return [json.loads(process.stdout.readline()) for process in loads]  # type: ignore[union-attr]


def _start(script: str, *words: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None or process.stdout.readline().strip() != "ready":
        raise SystemExit(f"{script} did not start")
    return process


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
