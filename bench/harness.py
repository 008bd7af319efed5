"""What every benchmark shares: the machine and versions it ran on, medians, and how figures are printed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("grpcio", "protobuf", "cryptography", "apsw")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, unit, and the value of each round."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds)


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works; not for quoting")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def machine() -> dict[str, Any]:
    """Where this ran."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def report(title: str, load: str, figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures, the load they were measured under, the machine and the versions."""
    where = machine()
    if as_json:
        values = {f.name: {"median": f.median, "unit": f.unit, "rounds": f.rounds} for f in figures}
        json.dump({"benchmark": title, "load": load, "figures": values, "machine": where}, sys.stdout, indent=1)
        print()
        return
    print(f"{title}\n  {load}")
    for figure in figures:
        spread = f"{min(figure.rounds):.4g} to {max(figure.rounds):.4g} in {len(figure.rounds)} rounds"
        print(f"  {figure.name:<44} {figure.median:>10.4g} {figure.unit:<12} {spread}")
    print("  " + ", ".join(f"{name} {value}" for name, value in where.items()))
