from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEAVES_A_LOG = """
def test_leaves_a_log(tmp_path, markers):
    (tmp_path / "node.log").write_text("asked for " + markers[7])
"""
PRINTS = """
def test_prints(markers):
    print("asked for", markers[7].lower())
"""
LEAVES_SCRATCH = """
import tempfile
def test_leaves_scratch(markers):
    with tempfile.NamedTemporaryFile("w", delete=False) as scratch:
        scratch.write(markers[7])
"""
LEAVES_AT_TEARDOWN = """
import pytest
@pytest.fixture(scope="session")
def node(tmp_path_factory, markers):
    yield
    (tmp_path_factory.mktemp("node") / "spool").write_text(markers[7])
def test_uses_the_node(node): pass
"""
KEEPS_INPUT_APART = """
def test_imports(tmp_path, markers):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "full.csv").write_text(markers[7])
    (tmp_path / "store").write_text("nothing to see")
"""


def _run(directory: Path, source: str) -> subprocess.CompletedProcess[str]:
    # Below "input", or the leak planted here would fail the run that plants it.
    directory = directory / "input"
    directory.mkdir()
    test = directory / "test_planted.py"
    test.write_text(source)
    options = ["-c", os.devnull, "--rootdir", str(directory), "--basetemp", str(directory / "base")]
    plugins = ["-p", "tests.skips", "-p", "tests.leaks.plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugins, str(test)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (LEAVES_A_LOG, "node.log at offset 10"),
        (PRINTS, "Captured stdout call of test_planted.py::test_prints at offset 10"),
        (LEAVES_SCRATCH, "base/tmp/"),
        (LEAVES_AT_TEARDOWN, "spool at offset 0"),
    ],
)
def test_a_run_that_leaves_a_number_behind_fails_and_says_where(tmp_path: Path, source: str, place: str) -> None:
    """N08: the number itself is not repeated."""
    run = _run(tmp_path, source)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert place in run.stdout
    assert "1 passed, 1 error in" in run.stdout
    assert "a document number, raw" in run.stdout


def test_input_files_do_not_fail_a_run(tmp_path: Path) -> None:
    run = _run(tmp_path, KEEPS_INPUT_APART)
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert run.stdout.splitlines()[-1] == "skipped: none"
