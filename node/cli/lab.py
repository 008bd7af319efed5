"""`rmas lab`: a whole federation on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from node import durations, lab, lab_control
from node.cli.options import FLAG, Json
from node.cli.output import paint, print_json, say, table
from node.clock import Clock
from node.errors import OperatorError

DEFAULT_ECONOMIES = "NZL,AUS,USA,PHL"
_HELP = """A federation on this machine: each economy with its own CA, keys, store and processes, on loopback.

For demonstrations, training and tests: one person holds all keys, and every grant allows everything."""

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Where the lab lies.")]
Economies = Annotated[list[str] | None, typer.Argument(metavar="[ECONOMY...]", help="Which [default: all].")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    for name, command in (("up", up), ("status", status), ("stop", stop), ("start", start), ("down", down)):
        group.command(name)(command)
    app.add_typer(group, name="lab")


def up(
    directory: Directory,
    economies: Annotated[str | None, typer.Option(help=f"Codes, by commas [default: {DEFAULT_ECONOMIES}].")] = None,
    records: Annotated[int, typer.Option(min=0, help="Synthetic documents an economy, beside the specimens.")] = 1000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Answering processes a node.")] = 1,
    as_json: Json = False,
) -> None:
    """Make a lab and start it, or start again what lies in DIR; returns when every node reaches every other.

    PHL, or the last economy without it, serves only the reported list. Data age as they do anywhere: after 48 hours
    a peer no longer counts a no-match from a list that was not imported again.

    Example: `rmas lab up lab --economies NZL,AUS`
    """
    clock = Clock()
    with lab.locked(directory, make=True):
        found = _existing(directory, economies) or lab.build(
            directory, lab.Plan(_codes(DEFAULT_ECONOMIES if economies is None else economies), records, workers), clock
        )
        lab_control.resume(found, clock)
    if as_json:
        print_json(lab_control.status(found))
    else:
        for line in _what_to_try(found):
            say(line)


def status(directory: Directory, as_json: Json = False) -> None:
    """Show each economy's node: where it lies, its state, where it is reached, its processes."""
    facts = lab_control.status(lab.load(directory))
    if as_json:
        print_json(facts)
        return
    rows = [[str(one[name]) for name in ("economy", "state", "peer_address", "dir")] for one in facts]
    for line in table([["economy", "state", "peers reach it at", "directory"], *rows]):
        say(line)


def stop(directory: Directory, economies: Economies = None, as_json: Json = False) -> None:
    """Stop nodes; each drains first. Their peers then say *no answer* about its documents."""
    with lab.locked(directory):
        found = lab.load(directory)
        killed = lab_control.stop(found, economies or found.economies, Clock())
    _report(found, as_json, [f"{economy} did not end by itself and was killed." for economy in killed])


def start(
    directory: Directory,
    economies: Economies = None,
    clock: Annotated[
        str, typer.Option(metavar="+10m", help="Set the node's clock off by so much [default: right].")
    ] = "0s",
    as_json: Json = False,
) -> None:
    """Start nodes; returns when the running ones reach each other again."""
    try:
        offset = durations.parse_signed(clock)
    except ValueError as error:
        raise OperatorError("INVALID_CLOCK", f"`--clock`: {error}, with a sign before it.") from None
    with lab.locked(directory):
        found = lab.load(directory)
        lab_control.start(found, economies or found.economies, offset, Clock())
    _report(found, as_json, [])


def down(
    directory: Directory,
    delete: Annotated[
        bool, typer.Option("--delete", metavar=FLAG, help="Remove the lab from the disk, keys and all.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Stop every node; `rmas lab up DIR` starts them again unless the lab was deleted."""
    with lab.locked(directory):
        found = lab.load(directory)
        lab_control.stop(found, found.economies, Clock())
        facts = lab_control.status(found)
        if delete:
            lab.take_down(found)
    if as_json:
        print_json(facts)
    else:
        say(f"The lab in {found.path} is stopped" + (" and deleted." if delete else "."))


def _codes(text: str) -> list[str]:
    return [code.strip() for code in text.split(",")]


def _existing(directory: Path, economies: str | None) -> lab.Lab | None:
    if not (directory / lab.LAB_FILE).exists():
        return None
    found = lab.load(directory)
    if economies is not None and set(_codes(economies)) != set(found.economies):
        message = f"The lab in {directory} has {', '.join(found.economies)}; take it down with --delete, or leave out --economies."
        raise OperatorError("LAB_OTHER", message)
    return found


def _report(found: lab.Lab, as_json: bool, notes: list[str]) -> None:
    facts = lab_control.status(found)
    if as_json:
        print_json(facts)
        return
    for one in facts:
        say(f"{one['economy']}  {one['state']}")
    for note in notes:
        say(note)


def _what_to_try(found: lab.Lab) -> Iterator[str]:
    first, second, *_ = found.economies
    yield f"{len(found.economies)} economies answer each other: {', '.join(found.economies)}."
    yield ""
    yield f"{found.path / lab.SPECIMENS_FILE} lists documents to ask about, and what a peer must hear of each."
    yield f"Ask from {first} about documents of {second}:"
    for specimen in lab.some_specimens(found, second):
        birth, expiry = specimen["date_of_birth"], specimen["date_of_expiry"]
        yield paint(f"  # {specimen['status']}: {specimen['expected']}", "dim")
        yield (
            f"  rmas lookup -C {found.path / first} --issuing-state {specimen['issuing_state']}"
            f" --number {specimen['document_number']} --birth '{birth}' --expiry '{expiry}'"
        )
    yield ""
    yield f"Then stop {second} and ask again:  rmas lab stop {found.path} {second}"
    yield f"Take it all down:  rmas lab down {found.path} --delete"
