"""`rmas withdrawal`: an economy leaves the federation, at once and on its own."""

from __future__ import annotations

from typing import Annotated

import typer

from node import carried, stopping
from node.cli.options import Json
from node.cli.stops import CharterFile, Out, add_shared, charter_in, write
from node.clock import Clock

_HELP = """Leave the federation: at once, and without anyone's leave. Signed by the economy's own root keys.

It holds until the economy signs a later charter that lists it."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("make")(make)
    add_shared(group)
    app.add_typer(group, name="withdrawal")


def make(
    economy: Annotated[str, typer.Argument(metavar="ECONOMY", help="Who leaves.")],
    charter: CharterFile,
    out: Out,
    as_json: Json = False,
) -> None:
    """Write a withdrawal, to be signed by the economy's root keys. Needs no node and no network."""
    carried.require_free(out)
    write(stopping.withdraw(charter_in(charter), economy, Clock().now_ms()), out, as_json)
