"""Killed at any moment, the store has the old list or the new one, and everything that was acknowledged (H01, H02)."""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.node.passport_office import PassportOffice, hour
from tests.node.under_fire import FED_FROM, number_of

ROOT = Path(__file__).parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.node.under_fire", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_ended_before_or_after_any_effect_a_step_has_been_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    """H01, H02: each fsync, rename, commit and removal, one after the other."""
    with start("effects", str(tmp_path)) as process:
        output, _ = process.communicate()
    assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    states, runs = lines[0]["states"], lines[1:]
    assert len(runs) > 60
    for run in runs:
        # What was told stands; the step under way stands as a whole or left no trace.
        assert run["seen"] in states[run["told"] : run["told"] + 2], run
    assert {run["told"] for run in runs} == set(range(len(states) - 1))
    assert any(run["seen"] == states[run["told"] + 1] for run in runs)


class Fed:
    """A store that is fed by a program, which is killed; and what that program had acknowledged."""

    def __init__(self, root: Path, count: int) -> None:
        self.root = root
        self.count = count
        self.version = 0
        self.told: set[str] = set()
        self.cycle_seconds = 0.5

    def run_and_kill(self, chance: random.Random) -> None:
        with start("feed", str(self.root), str(self.count)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            started = time.monotonic()
            # Anywhere in the first two imports of this run, staging and switching included.
            deadline = started + chance.uniform(0, 2 * self.cycle_seconds)
            while (left := deadline - time.monotonic()) > 0:
                if select.select([process.stdout], [], [], left)[0]:
                    self.note(process.stdout.readline(), started)
            process.kill()
            for line in process.stdout:
                self.note(line, started)

    def note(self, line: str, started: float) -> None:
        kind, number = line.split()
        if kind == "full":
            self.version = int(number)
            self.cycle_seconds = max(0.05, time.monotonic() - started)
        else:
            self.told.add(f"QZZ{int(number):05}")

    def check(self) -> None:
        office = PassportOffice(self.root, now=hour(12))
        try:
            as_of = office.as_of()
            version = round((as_of - FED_FROM) / timedelta(minutes=1)) if as_of is not None else 0
            assert version in (self.version, self.version + 1)
            told = sorted(self.told)
            assert office.found(*told) == [(0,)] * len(told)
            for other in range(max(1, version - 1), version + 2):
                numbers = [number_of(other, n) for n in range(self.count)]
                expected = (0,) if other == version else ()
                for first in range(0, self.count, 5_000):
                    assert set(office.found(*numbers[first : first + 5_000])) == {expected}
            # The next import has a version of its own, acknowledged or not.
            self.version = version
        finally:
            office.close()


@pytest.mark.slow
def test_killed_at_random_the_list_is_never_lost_nor_mixed(tmp_path: Path) -> None:
    """H01, H02: fifteen cycles of a small list; `make soak` runs two hundred of a million records."""
    fed, chance = Fed(tmp_path / "store", 2_000), random.Random(20261122)
    for _ in range(15):
        fed.run_and_kill(chance)
        fed.check()
    assert fed.version > 1


@pytest.mark.soak
def test_two_hundred_kills_while_a_million_records_are_imported(tmp_path: Path) -> None:
    """H01, H02."""
    fed, chance = Fed(tmp_path / "store", 1_000_000), random.Random(20261123)
    fed.cycle_seconds = 20
    for _ in range(200):
        fed.run_and_kill(chance)
        fed.check()
    assert fed.version > 50
