"""What a stranger sees first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.mark.slow
def test_the_demo_shows_six_verdicts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, DEMO], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = re.findall(r"^  [-+!~?] ([A-Z_]+)  answered by", done.stdout, flags=re.MULTILINE)
    assert verdicts == ["ALERT", "CLEAR", "NOT_REPORTED", "MISMATCH", "NOT_RECOGNISED", "NO_ANSWER"]
    assert "6 of 6 verdicts" in done.stdout
    assert not (tmp_path / "demo").exists()
