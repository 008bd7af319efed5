"""`rmas suspension`: two members, or one for itself, stop a member's lookups for 72 hours."""

from __future__ import annotations

from typing import Annotated

import typer

from node import carried, stopping
from node.cli.options import Json
from node.cli.stops import CharterFile, Out, add_shared, charter_in, write
from node.clock import Clock
from node.errors import OperatorError
from node.times import parse_ms

_HELP = """Stop one member's lookups for 72 hours, when its keys may be in other hands. Signed by two others, or by itself.

A pair suspends a member once under a charter. It ends by itself: what is to last longer is a charter without the member."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("make")(make)
    add_shared(group)
    app.add_typer(group, name="suspension")


def make(
    economy: Annotated[str, typer.Argument(metavar="ECONOMY", help="Whose lookups stop.")],
    by: Annotated[str, typer.Option(metavar="ECONOMY,ECONOMY", help="The two that sign it; or the economy itself.")],
    charter: CharterFile,
    out: Out,
    starts: Annotated[str | None, typer.Option(metavar="TIME", help="When it starts, RFC 3339 [default: now].")] = None,
    as_json: Json = False,
) -> None:
    """Write a suspension, to be signed by those whom it names. Needs no node and no network."""
    carried.require_free(out)
    now_ms = Clock().now_ms()
    starts_at_ms = now_ms if starts is None else _time(starts)
    names = [name.strip() for name in by.split(",")]
    write(stopping.suspend(charter_in(charter), economy, names, starts_at_ms), out, as_json)


def _time(text: str) -> int:
    try:
        return parse_ms(text)
    except ValueError as error:
        raise OperatorError("INVALID_TIME", f"`--starts`: {error}.") from None
