"""The command reference, written from the commands themselves: `python -m node.cli.reference DIRECTORY`.

`make docs` writes it, and a test compares it, so that no command or option is without its entry.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from node.cli.main import app

PAGE = "commands.md"
_HEAD = """# Commands

Written by `make docs` from the program itself. Every command also takes `--help`.
"""


def commands_page(program: typer.Typer) -> str:
    """The page in Markdown: one section a command, in the order in which `rmas --help` lists them."""
    root = get_command(program)
    assert isinstance(root, TyperGroup)
    return "\n".join([_HEAD, *(_section(path, command) for path, command in _walk("rmas", root))])


def _walk(path: str, command: TyperCommand | TyperGroup) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            if not inner.hidden and isinstance(inner, TyperCommand | TyperGroup):
                yield from _walk(f"{path} {name}", inner)


def _section(path: str, command: TyperCommand | TyperGroup) -> str:
    # Parsing nothing, leniently: required options are not asked for, and no callback runs.
    context = command.make_context(path, [], resilient_parsing=True)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = [f"## {path}", "", _flow(command.help or ""), "", "```", usage, "```", ""]
    entries = [record for parameter in command.params if (record := parameter.get_help_record(context)) is not None]
    if entries:
        lines += ["| | |", "|---|---|"]
        lines += [f"| `{_cell(declared)}` | {_cell(said)} |" for declared, said in entries]
        lines.append("")
    return "\n".join(lines)


def _flow(text: str) -> str:
    """Paragraphs on one line each: how the source broke them is the source's business."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")


if __name__ == "__main__":
    (Path(sys.argv[1]) / PAGE).write_text(commands_page(app))
