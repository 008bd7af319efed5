"""docs/setup-two-nodes.md does what it says: its commands, in its order, in one shell."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "setup-two-nodes.md"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_two_nodes_set_up_by_hand_answer_each_other(tmp_path: Path) -> None:
    text = PAGE.read_text()
    for port in ("7443", "7444"):
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}")
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))
    # Whatever happens, nothing keeps running: the nodes are jobs of this shell.
    script = f"set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{commands}"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-m", "-c", script],
        cwd=tmp_path,
        env={"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = re.findall(r"^. (CLEAR|ALERT|MISMATCH|NOT_RECOGNISED|NO_ANSWER)$", done.stdout, flags=re.MULTILINE)
    assert verdicts == ["CLEAR", "ALERT", "MISMATCH", "NOT_RECOGNISED", "NO_ANSWER"]
    assert re.findall(r"ends with (\d+)", done.stdout) == ["10", "15", "20", "30"]
    assert len(set(re.findall(r"^Pinned ((?:[0-9a-f]{4} ?){16});", done.stdout, flags=re.MULTILINE))) == 1
    assert done.stdout.count("0 faults") == 2
