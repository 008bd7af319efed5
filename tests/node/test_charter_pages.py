"""docs/operations/charter.md, compromise.md and leaving.md do what they say: their commands, one page after the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node.command import run

PAGES = Path(__file__).parents[2] / "docs" / "operations"

# Eighty commands, each at this process's: to start one of its own for each would take longer than all they do.
SHELL = r"""
set -eu
trap ': > ask' EXIT
rmas() {
  printf '%s\0' "$@" > ask
  read -r code < told
  cat out; cat err >&2
  return "$code"
}
"""


def _commands() -> str:
    text = "".join((PAGES / f"{page}.md").read_text() for page in ("charter", "compromise", "leaving"))
    return "".join(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))


def _serve() -> None:
    """Run what the shell asks for, until it asks for nothing."""
    while asked := Path("ask").read_bytes():
        done = run(*asked.decode().removesuffix("\0").split("\0"))
        Path("out").write_text(done.stdout)
        Path("err").write_text(done.stderr)
        Path("told").write_text(f"{done.returncode}\n")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the pages make keys with openssl")
def test_a_federation_is_founded_mends_a_theft_and_lets_a_member_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for pipe in ("ask", "told"):
        os.mkfifo(pipe)
    with (tmp_path / "said").open("wb") as said, (tmp_path / "complained").open("wb") as complained:
        shell = subprocess.Popen(["/bin/bash", "-c", SHELL + _commands()], stdout=said, stderr=complained)
        _serve()
        code = shell.wait(timeout=10)
    told = (tmp_path / "said").read_text()
    assert code == 0, told + (tmp_path / "complained").read_text()
    # Three founders, a fourth member, a root key changed, and one that left.
    assert re.findall(r"^charter (\d) of trial, proposed", told, flags=re.MULTILINE) == ["1", "2", "2", "3", "3", "4"]
    assert "FJI joins with the root key" in told
    assert "NZL: root key" in told
    assert told.count("taken suspension: ") == 4
    assert told.count("taken withdrawal: ") == 3
    assert "FJI: has left, entry 1" in told
    assert "FJI leaves." in told
    *_, last = re.split(r"^charter 4 of trial", told, flags=re.MULTILINE)
    assert re.findall(r"^([A-Z]{3}): entry (\d), CRL (\d)", last, flags=re.MULTILINE) == [
        ("AUS", "1", "1"),
        ("NZL", "2", "1"),
        ("PHL", "1", "1"),
    ]
    assert "no lookups" not in last
