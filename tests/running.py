"""The command as people run it, and a lab that runs: what tests through the real door share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.node.command import run

LAB_ECONOMIES = ("NZL", "AUS", "USA", "PHL")


def rmas(
    *arguments: str | Path, stdin: str = "", cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `rmas` as a process of its own, as a person or a script would."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("RMAS_")}
    return subprocess.run(
        [Path(sys.executable).with_name("rmas"), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=cwd,
        env={**environment, "NO_COLOR": "1", "COLUMNS": "120", **variables},
    )


@dataclass(frozen=True)
class LabRun:
    """A running lab, and how to speak to it."""

    path: Path
    specimens: list[dict[str, Any]]

    def rmas(self, *arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command, as `rmas` above does."""
        return rmas(*arguments, stdin=stdin)

    def specimen(self, economy: str, status: str) -> dict[str, Any]:
        """The specimen of an economy by its status."""
        (found,) = [one for one in self.specimens if (one["economy"], one["status"]) == (economy, status)]
        return found

    def ask(self, asker: str, specimen: dict[str, Any], *options: str) -> dict[str, Any]:
        """Ask about a specimen by its fields; the JSON that `rmas lookup --json` prints, with its exit code."""
        done = run(
            "lookup", "-C", self.path / asker, "--json",
            "--issuing-state", specimen["issuing_state"], "--class", specimen["document_class"],
            "--number", specimen["document_number"],
            "--birth", specimen["date_of_birth"], "--expiry", specimen["date_of_expiry"], *options,
        )  # fmt: skip
        return {**json.loads(done.stdout), "exit": done.returncode}
