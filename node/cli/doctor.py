"""`rmas doctor`: what is wrong, and what to do."""

from __future__ import annotations

import typer

from node.cli.options import HERE, Home, Json
from node.cli.output import paint, plural, print_json, say
from node.doctor.checks import examine
from node.doctor.finding import Finding, Level
from node.printable import escape

_MARKS = {Level.OK: ("ok  ", "green"), Level.WARNING: ("warn", "yellow"), Level.FAULT: ("FAULT", "red")}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor")(doctor)


def doctor(home: Home = HERE, as_json: Json = False) -> int:
    """Check a node's configuration, directory, clock, ports, disk, keys, certificates and lists. Changes nothing.

    Ends with 0 when there is no fault (warnings may stand), with 1 when there is one.
    """
    findings = list(examine(home))
    faults = sum(finding.level is Level.FAULT for finding in findings)
    if as_json:
        print_json({"ok": faults == 0, "findings": [_fields(finding) for finding in findings]})
        return 1 if faults else 0
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        say(f"{paint(f'{mark:<5}', 'bold', colour)} {escape(finding.sentence)} [{finding.code}]")
        if finding.remedy:
            say(f"      -> {escape(finding.remedy)}")
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    say(f"{plural(faults, 'fault')}, {plural(warnings, 'warning')}, {plural(len(findings), 'check')}.")
    return 1 if faults else 0


def _fields(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "level": finding.level.value,
        "sentence": finding.sentence,
        "remedy": finding.remedy,
    }
