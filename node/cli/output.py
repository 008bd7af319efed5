"""What commands print: JSON for scripts, plain sentences for people, colour only where somebody is looking."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from node.printable import escape

_STYLES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}


def print_json(value: object) -> None:
    """One JSON document on one line of standard output, in ASCII: nothing in it can steer a terminal."""
    say(json.dumps(value))


def say(text: str = "") -> None:
    """One line for a person, on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(code: str, message: str) -> None:
    """One sentence on standard error; the code in brackets is what a script or a search can hold on to."""
    sys.stderr.write(f"rmas: {escape(message)} [{code}]\n")
    sys.stderr.flush()


def paint(text: str, *styles: str) -> str:
    """``text`` in colour when standard output is a terminal, and as it is otherwise (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return "".join(f"\x1b[{_STYLES[style]}m" for style in styles) + text + "\x1b[0m"


def plural(count: int, noun: str) -> str:
    """``count`` of them: `1 fault`, `2 faults`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def table(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """``rows`` as lines with aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        (indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
