"""Importing an extract, from CSV to served: a running node takes it through `rmas import`, as an operator would.

Timed is the command as a whole, its start and its report included, until every worker serves the list. Memory is the
command's and that of the processes it starts, resident, summed, at its highest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.harness import Figure, arguments, report

RMAS = str(Path(sys.executable).parent / "rmas")
SAMPLE_SECONDS = 0.02


def main() -> int:
    """Run, print, and say by the exit code whether speed and memory kept to what was asked."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--records", type=int, default=0, help="lines of the extract [1,000,000; with --quick 50,000]")
    parser.add_argument("--rounds", type=int, default=0, help="imports of each list [3; with --quick 1]")
    parser.add_argument("--floor", type=float, default=0.0, help="fail below so many records a second")
    parser.add_argument("--memory", type=float, default=0.0, help="fail above so many mebibytes")
    options = parser.parse_args()
    records = options.records or (50_000 if options.quick else 1_000_000)
    rounds = options.rounds or (1 if options.quick else 3)
    with tempfile.TemporaryDirectory(prefix="rmas-bench-") as base:
        lab = Path(base) / "lab"
        _run(RMAS, "lab", "up", str(lab), "--economies", "NZL,AUS", "--records", "0", "--workers", "2")
        try:
            figures = [figure for name in ("reported", "issued") for figure in _measure(lab, name, records, rounds)]
        finally:
            _run(RMAS, "lab", "down", str(lab), "--delete")
    report("importing, from CSV to served", f"{records} lines, two workers serving", figures, as_json=options.json)
    speed = min(figure.median for figure in figures if figure.unit == "records/s")
    memory = max(max(figure.rounds) for figure in figures if figure.unit == "MiB")
    return int(speed < options.floor or 0 < options.memory < memory)


def _measure(lab: Path, list_name: str, records: int, rounds: int) -> Iterator[Figure]:
    extract = lab.parent / f"{list_name}.csv"
    # All new, then all of them as they were: what a register sends every night.
    runs: dict[str, list[tuple[float, float]]] = {"new": [], "again": []}
    for number in range(rounds):
        _write(extract, list_name, records, number)
        for measured in runs.values():
            seconds, mebibytes = _import(lab / "NZL", extract, list_name, records)
            measured.append((records / seconds, mebibytes))
    for kind, measured in runs.items():
        yield Figure(f"{list_name}, {kind}", "records/s", tuple(speed for speed, _ in measured))
        yield Figure(f"{list_name}, {kind}: memory", "MiB", tuple(mebibytes for _, mebibytes in measured))


def _write(path: Path, list_name: str, records: int, number: int) -> None:
    """An extract in no order of its numbers, all of them different in each round."""
    fields, facts = {
        "reported": ("status,reported_on", "stolen,2025-{m:02}-{d:02}"),
        "issued": ("date_of_birth,date_of_expiry", "19{y:02}-{m:02}-{d:02},20{e:02}-{m:02}-{d:02}"),
    }[list_name]
    with path.open("w", encoding="ascii") as file:
        file.write(f"document_number,issuing_state,document_class,{fields},reference\n")
        for n in range(records):
            varied = facts.format(y=20 + n % 80, m=1 + n % 12, d=1 + n % 28, e=27 + n % 10)
            file.write(f"L{'ABCDEFGH'[number % 8]}{n * 7919 % records:07},NZL,P,{varied},PS-{number}-{n}\n")


def _import(home: Path, extract: Path, list_name: str, records: int) -> tuple[float, float]:
    cut = datetime.now(UTC).isoformat()
    words = ["import", str(extract), "-C", str(home), "--list", list_name, "--full", "--as-of", cut, "--json"]
    started = time.monotonic()
    with subprocess.Popen([RMAS, *words, "--allow-drop", str(records)], stdout=subprocess.PIPE) as process:
        peak = _Peak(process.pid)
        output, _ = process.communicate()
    seconds = time.monotonic() - started
    told: dict[str, Any] = json.loads(output)
    if process.returncode or told["accepted"] != records or not told["served"]:
        raise SystemExit(f"The import was not taken: {told}")
    return seconds, peak.stop() / 2**20


class _Peak:
    """The highest resident memory of a process and its children, sampled."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._octets = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._octets

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self._octets = max(self._octets, sum(one.memory_info().rss for one in family))
            except psutil.NoSuchProcess:
                continue


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
