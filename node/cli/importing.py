"""`rmas import`: take an extract of the passport register into a list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.documents import ListName
from node.acceptance import ImportRequest
from node.cli.lookup_input import STANDARD_INPUT, opened
from node.cli.options import FLAG, HERE, Home, Json, open_node
from node.cli.output import complain, paint, print_json, say
from node.errors import OperatorError
from node.extracts.reading import Progress
from node.reports import Outcome

# Of the rejected lines a report names, a person sees so many; --json has a thousand.
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("import")(import_extract)


def import_extract(  # noqa: PLR0913  a command's options are its arguments
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON Lines in UTF-8; `-` reads a pipe.")],
    list_name: Annotated[ListName, typer.Option("--list", help="The list it is for.")],
    full: Annotated[
        bool, typer.Option("--full", metavar=FLAG, help="The whole list: what it lacks is withdrawn.")
    ] = False,
    delta: Annotated[bool, typer.Option("--delta", metavar=FLAG, help="Changes, each with an action.")] = False,
    source: Annotated[str, typer.Option(metavar="NAME", help="Who it is from, of `store.sources`.")] = "main",
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it was cut, 2026-11-22T02:00:00Z; or in the file.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --delta: the as-of that it builds on.")
    ] = None,
    expect: Annotated[int | None, typer.Option(min=0, help="Refuse it unless it has so many lines.")] = None,
    allow_drop: Annotated[int, typer.Option(min=0, help="With --full: so many records may be dropped.")] = 0,
    accept_rejected: Annotated[
        bool,
        typer.Option(
            "--accept-rejected", metavar=FLAG, help="Let the list be as new as the extract without rejected lines."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar=FLAG, help="Check everything, change nothing.")] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Import an extract: all of it in one step, or nothing.

    Exit codes: 0 taken; 3 taken, but for a few rejected lines; 2 refused, nothing was changed; 1 not known, repeat it.
    docs/data.md says what belongs in an extract, and what each code asks for.

    Example: `rmas import extract.csv --list reported --full --as-of 2026-11-22T02:00:00Z -C nzl`
    """
    if full == delta:
        raise OperatorError("USAGE", "Say what the file is: --full (the whole list) or --delta (changes).")
    if since is not None and full:
        raise OperatorError("USAGE", "--since goes with --delta; a full extract builds on nothing.")
    request = ImportRequest(
        list_name=list_name,
        full=full,
        source=source,
        as_of=as_of,
        since=since,
        expect=expect,
        allow_drop=allow_drop,
        accept_rejected=accept_rejected,
        dry_run=dry_run,
    )
    node = open_node(home)
    # Reading and keying draws in most of the node; `rmas --help` need not wait for it.
    from node.intake import Intake  # noqa: PLC0415

    intake = Intake.of(node.layout, node.settings, node.clock)
    with opened(file) as stream, _bar(file, quiet=as_json) as progress:
        outcome = intake.take(request, stream, progress)
    show_outcome(outcome, f"{list_name} list, {'full extract' if full else 'delta'}", as_json=as_json)
    return outcome.exit_code


def show_outcome(outcome: Outcome, what: str, *, as_json: bool) -> None:
    """Print a report, for a script or for a person."""
    document = outcome.document
    if as_json:
        print_json(document)
    else:
        for line in document["rejected_lines"][:SHOWN]:
            say(f"line {line['line']}{_field(line)}: {line['message']} [{line['code']}]")
        hidden = document["rejected"] - min(len(document["rejected_lines"]), SHOWN)
        if hidden:
            say(f"… and {_many(hidden, 'more rejected line')}.")
        if not outcome.refused:
            _show_taken(document, what)
    _complain(outcome)


def show_record(outcome: Outcome, what: str, *, as_json: bool) -> None:
    """As `show_outcome`, for one record told by hand: it has no lines."""
    document = outcome.document
    if as_json:
        print_json(document)
    else:
        for rejected in document["rejected_lines"]:
            say(f"{rejected['field'] or 'record'}: {rejected['message']} [{rejected['code']}]")
        if not outcome.refused:
            counted = ", ".join(name for name in ("changed", "unchanged", "withdrawn") if document[name])
            say(f"{what}: 1 record {counted}.")
            for derived in document["references"]:
                say(f"It had no reference and got {derived['reference']}")
            _show_list(document)
    _complain(outcome)


def _complain(outcome: Outcome) -> None:
    if outcome.refused:
        refused = outcome.document["refused"]
        complain(refused["code"], f"Nothing was changed. {refused['message']}")


def _show_taken(document: dict[str, Any], what: str) -> None:
    counted = ", ".join(f"{document[name]:,} {name}" for name in ("changed", "unchanged", "withdrawn", "rejected"))
    say(f"{what}: {_many(document['lines'], 'line')}; {counted}.")
    if kept := document["kept"]:
        stand = "stands as it was" if kept == 1 else "stand as they were"
        say(f"{_many(kept, 'record')} {stand} noted after the extract was cut.")
    for derived in document["references"][:SHOWN]:
        say(f"line {derived['line']} had no reference and got {derived['reference']}")
    _show_list(document)


def _show_list(document: dict[str, Any]) -> None:
    """How old the list is now, or would be after a dry run; what to know of that; whether it is served."""
    tried = document["dry_run"]
    as_of = document["data_as_of"]
    if as_of:
        say(f"The list {'would be' if tried else 'is'} as of {as_of}.")
    else:
        say(f"The list {'would have' if tried else 'has'} no data yet: a source was never imported in full.")
    if document["held_as_of"]:
        say(
            paint(f"Its as-of {'would be' if tried else 'is'} held", "bold", "yellow")
            + f" (it would be {document['held_as_of']}): correct the rejected lines and import again, or repeat with"
            " --accept-rejected. Peers stop counting its no-matches when it is 48 hours old."
        )
    for warning in document["warnings"]:
        say(f"{paint('Warning', 'bold', 'yellow')}: {warning['message']} [{warning['code']}]")
    if document["dry_run"]:
        say("This was a dry run: nothing was changed.")
    elif document["served"]:
        say(paint("In service.", "bold", "green"))
    else:
        say("Durable. The node is down: it is served when the node starts.")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _field(line: dict[str, Any]) -> str:
    return f", {line['field']}" if line["field"] else ""


@contextmanager
def _bar(file: Path, *, quiet: bool) -> Iterator[Progress]:
    """A progress bar on standard error, where somebody is looking."""
    if quiet or not sys.stderr.isatty():
        yield lambda _octets: None
        return
    from rich import console, progress  # noqa: PLC0415  as above

    known = str(file) != STANDARD_INPUT and file.is_file()
    columns = (progress.BarColumn(), progress.DownloadColumn(), progress.TimeElapsedColumn())
    with progress.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=file.stat().st_size if known else None)
        yield lambda octets: bar.update(task, completed=octets)
