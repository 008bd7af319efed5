from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.skips import closing_line

ROOT = Path(__file__).parents[1]
LEAVES_OUT = """
import pytest
def test_runs(): pass
def test_needs_root(): pytest.skip("needs root:\\n run as root")
@pytest.mark.skipif(True, reason="needs a second core")
def test_needs_a_core(): pass
@pytest.mark.soak
def test_lasts(): pass
@pytest.mark.xfail(reason="known")
def test_fails(): assert False
"""


def test_the_last_line_of_a_run_says_what_was_left_out_and_why(tmp_path: Path) -> None:
    test = tmp_path / "test_left_out.py"
    test.write_text(LEAVES_OUT)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = soak: long\n")
    options = ["-c", str(tmp_path / "pytest.ini"), "-p", "tests.skips", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-m", "not soak", str(test)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.splitlines()[-1] == (
        "skipped: test_left_out.py::test_needs_root (needs root: run as root); "
        "test_left_out.py::test_needs_a_core (needs a second core); 1 soak tests (minutes to hours each: make soak)"
    )


def test_a_run_that_leaves_nothing_out_says_so() -> None:
    assert closing_line([], soak=0, other=0) == "skipped: none"


def test_tests_left_out_for_one_reason_share_it() -> None:
    line = closing_line([("a", "no IPv6"), ("b", "no IPv6")], soak=0, other=3)
    assert line == "skipped: a, b (no IPv6); 3 tests (not selected on the command line)"
