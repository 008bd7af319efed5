"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from federation.documents import ListName
from federation.status import Purpose
from node import config
from node.clock import Clock
from node.config import Settings
from node.errors import OperatorError
from node.layout import Layout

Home = Annotated[
    Path,
    typer.Option("-C", "--home", envvar="RMAS_HOME", metavar="DIR", help="The node's directory.", show_default="."),
]
# Without it the help shows the type of a flag, `<bool>`, as if a value were to follow.
FLAG = ""
Json = Annotated[
    bool, typer.Option("--json", metavar=FLAG, help="Print JSON, for scripts; its keys are documented and stable.")
]

HERE = Path()


@dataclass(frozen=True, slots=True)
class Node:
    """What a command knows of the node it was pointed at."""

    settings: Settings
    layout: Layout
    clock: Clock


def open_node(home: Path) -> Node:
    """Settings, paths and clock of the node in ``home``. Raises ConfigError as `config.load`."""
    settings = config.load(home)
    clock = Clock(timedelta(seconds=settings.lab.clock_offset_seconds))
    return Node(settings, Layout.of(home, settings), clock)


def parse_purpose(text: str) -> Purpose:
    """A purpose by its name. Raises OperatorError INVALID_PURPOSE."""
    try:
        return Purpose[text]
    except KeyError:
        known = ", ".join(Purpose.__members__)
        raise OperatorError("INVALID_PURPOSE", f"A purpose is one of {known}.") from None


def parse_lists(text: str) -> tuple[ListName, ...]:
    """Lists by their names, with commas. Raises OperatorError INVALID_LIST."""
    try:
        return tuple(ListName(name.strip()) for name in text.split(","))
    except ValueError:
        raise OperatorError("INVALID_LIST", "A list is `reported` or `issued`, or both with a comma.") from None
