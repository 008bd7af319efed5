"""The client that docs/reference/desk-api.md shows is run against a node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import LabRun

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "desk_client.py"


def _ask(node: Path, zone: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLE, "run/desk.sock"],
        input="\n".join(zone),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=node,
        env={"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    ("status", "said", "code"), [("issued", "CLEAR CONTINUE: ", 0), ("stolen", "ALERT REFER: ", 10)]
)
def test_it_prints_the_verdict_on_a_zone(lab: LabRun, status: str, said: str, code: int) -> None:
    done = _ask(lab.path / "NZL", lab.specimen("AUS", status)["mrz"])
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(said)


def test_without_a_node_it_says_no_answer(tmp_path: Path) -> None:
    done = _ask(tmp_path, ["", ""])
    assert (done.returncode, done.stderr) == (30, "")
    assert done.stdout.startswith("NO_ANSWER ASK_LATER: ")


def test_the_page_shows_this_very_program() -> None:
    page = (ROOT / "docs" / "reference" / "desk-api.md").read_text()
    assert f"```python\n{EXAMPLE.read_text()}```" in page
