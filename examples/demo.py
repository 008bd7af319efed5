"""Four economies on this machine answer each other's lookups, and one of them falls silent: `make demo`.

Each has its own certificate authority, keys, lists and processes; what crosses between them is signed and goes over
mutual TLS. Everything shown is done with the command `rmas`, so it can be typed again. Ends with 0 when every verdict
was what it had to be.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.economies import economy_name
from federation.verdict import Verdict
from node.cli.output import paint, say
from node.cli.verdicts import sign
from node.clock import Clock

ECONOMIES = ("NZL", "AUS", "USA", "PHL")
RMAS = Path(sys.executable).with_name("rmas")
# As whoever types it reaches it from the project's directory, whose virtual environment need not be activated.
TYPED = ".venv/bin/rmas"


@dataclass(frozen=True, slots=True)
class Scene:
    """One lookup: who asks about which specimen of whom, what has to come back, and why."""

    title: str
    asker: str
    issuer: str
    status: str
    expected: Verdict
    because: str


SCENES = (
    Scene(
        "A stolen passport",
        "NZL",
        "AUS",
        "stolen",
        Verdict.ALERT,
        "Australia lists it as stolen. All that left Australia is MATCH: no name, no date, no reason.",
    ),
    Scene(
        "A passport with nothing against it",
        "USA",
        "NZL",
        "issued",
        Verdict.CLEAR,
        "it is not on the reported list, and it was issued with exactly these dates. Nothing less is CLEAR.",
    ),
    Scene(
        "A passport whose issuer does not vouch for what it issued",
        "AUS",
        "PHL",
        "issued",
        Verdict.NOT_REPORTED,
        "the Philippines serve their reported list only. Not on that list, but nobody says that it is genuine.",
    ),
    Scene(
        "A passport on which day and month of birth were swapped",
        "NZL",
        "USA",
        "date_swapped",
        Verdict.MISMATCH,
        "the United States issued this number, with another date of birth. Misread, or the page was changed.",
    ),
    Scene(
        "An invented number",
        "PHL",
        "AUS",
        "unknown",
        Verdict.NOT_RECOGNISED,
        "it is on no list of stolen passports, and could not be: Australia never issued it.",
    ),
)
SILENT = Scene(
    "The passport from before, and nobody there to answer",
    "USA",
    "NZL",
    "issued",
    Verdict.NO_ANSWER,
    "New Zealand's node is down. What it said a moment ago does not count now: silence is never CLEAR.",
)


def main() -> int:
    """Bring the federation up, ask, stop one node, ask again, take everything down."""
    clock, lab = Clock(), Path("demo")
    started = clock.monotonic()
    if (lab / "lab.json").exists():
        _rmas("lab", "down", str(lab), "--delete")
    _heading("Four economies, each with its own CA, keys, lists and processes")
    try:
        _show("lab", "up", str(lab), "--economies", ",".join(ECONOMIES))
        _rmas("lab", "up", str(lab), "--economies", ",".join(ECONOMIES))
        say(f"  {_names()} answer each other after {clock.monotonic() - started:.0f} s.")
        specimens = json.loads((lab / "specimens.json").read_text())
        right = [_play(lab, number, scene, specimens) for number, scene in enumerate(SCENES, start=1)]
        _show("lab", "stop", str(lab), SILENT.issuer, before="\n")
        _rmas("lab", "stop", str(lab), SILENT.issuer)
        right.append(_play(lab, len(SCENES) + 1, SILENT, specimens))
    finally:
        if (lab / "lab.json").exists():
            _rmas("lab", "down", str(lab), "--delete")
    _heading(f"{sum(right)} of {len(right)} verdicts as they must be, in {clock.monotonic() - started:.0f} s")
    say("  The demo's lab is gone again. To go on by hand:")
    say(f"    {TYPED} lab up lab")
    say(
        "  starts four economies, and prints specimens and ready commands to ask about them. Every command above can be"
    )
    say(f"  repeated after `{TYPED} lab up {lab} --economies {','.join(ECONOMIES)}`, with that lab's own specimens.")
    return 0 if all(right) else 1


def _play(lab: Path, number: int, scene: Scene, specimens: list[dict[str, Any]]) -> bool:
    (document,) = [one for one in specimens if (one["economy"], one["status"]) == (scene.issuer, scene.status)]
    _heading(f"{number}  {scene.title}")
    say(f"  {economy_name(scene.asker)} asks {economy_name(scene.issuer)}:")
    command = [
        "lookup", "-C", str(lab / scene.asker), "--issuing-state", document["issuing_state"],
        "--number", document["document_number"], "--birth", document["date_of_birth"],
        "--expiry", document["date_of_expiry"],
    ]  # fmt: skip
    _show(*command)
    answer = json.loads(_rmas(*command, "--json", check=False))
    verdict = Verdict(answer["verdict"])
    who = f"answered by {answer['responder']}" if answer["responder"] else "answered by nobody"
    say(f"  {sign(verdict)}  {who} in {answer['timing_us']['total'] / 1000:.1f} ms")
    say(f"  {answer['message']}")
    if verdict is not scene.expected:
        say(paint(f"  WRONG: this must be {scene.expected}.", "bold", "red"))
        return False
    say(paint(f"  Why: {scene.because}", "dim"))
    return True


def _names() -> str:
    return ", ".join(economy_name(economy) for economy in ECONOMIES)


def _heading(text: str) -> None:
    say("\n" + paint(text, "bold"))


def _show(*command: str, before: str = "") -> None:
    say(f"{before}  $ {TYPED} {shlex.join(command)}")


def _rmas(*command: str, check: bool = True) -> str:
    done = subprocess.run([RMAS, *command], stdout=subprocess.PIPE, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
