"""`rmas lookup`: ask the economy that issued a document."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from federation.documents import DocumentClass
from federation.status import Purpose
from federation.verdict import EXIT_CODES, GRAVITY, Captured
from node import durations
from node.cli import lookup_input, verdicts
from node.cli.options import FLAG, HERE, Home, Json, open_node, parse_purpose
from node.cli.output import print_json, say
from node.desk_client import connect
from node.desk_messages import DeskLookup, DeskResult
from node.enquiry import DocumentInput
from node.errors import NodeDown, OperatorError
from node.layout import Layout

# So many documents go into one call of the desk; a bigger file takes several, one after the other.
BATCH = 200
# The node keeps each question's deadline itself; this is how much longer we wait for it before calling it a local fault.
GRACE_SECONDS = 5.0
LONGEST_DEADLINE_SECONDS = 60.0
USUAL_DEADLINE_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("lookup")(lookup)


def lookup(  # noqa: PLR0913  a command's options are its arguments
    *,
    lines: Annotated[
        list[str] | None,
        typer.Argument(metavar="LINE", help="With --mrz: its lines; none or `-`: from standard input."),
    ] = None,
    mrz: Annotated[bool, typer.Option("--mrz", metavar=FLAG, help="Ask by machine readable zone.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Ask about many: MRZs separated by blank lines, or JSON Lines; one JSON line comes back each."
        ),
    ] = None,
    issuing_state: Annotated[str | None, typer.Option(help="Issuing state as in the MRZ: AUS, D, CHN …")] = None,
    document_class: Annotated[str, typer.Option("--class", help="P, I or V.")] = DocumentClass.P,
    number: Annotated[str | None, typer.Option(help="Document number.")] = None,
    birth: Annotated[str | None, typer.Option(metavar="DATE", help="1960-04-12; unknown parts 1960-00-00.")] = None,
    expiry: Annotated[str | None, typer.Option(metavar="DATE", help="2031-01-02; '' if it does not expire.")] = None,
    purpose: Annotated[str, typer.Option(help=f"One of {', '.join(Purpose.__members__)}.")] = "BORDER_ENTRY",
    captured: Annotated[
        Captured | None, typer.Option(help="How it was read [default: mrz with --mrz, else typed].")
    ] = None,
    officer: Annotated[str, typer.Option(metavar="ID", help="Who asks; stays at home, as a pseudonym.")] = "",
    peer: Annotated[str, typer.Option(metavar="ECONOMY", help="The member to ask; needed with purpose TEST.")] = "",
    deadline: Annotated[str | None, typer.Option(metavar="3s", help="How long to wait [default: by purpose].")] = None,
    protect: Annotated[
        bool, typer.Option("--protect", metavar=FLAG, help="Do not ask the issuing state: it may be who they flee.")
    ] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Ask the economy that issued a document: is it reported, was it issued, do its dates agree?

    Exit codes: 0 CLEAR, 5 NOT_REPORTED, 10 ALERT, 15 MISMATCH, 20 NOT_RECOGNISED, 30 NO_ANSWER; of several documents
    the gravest (10, 30, 20, 15, 5, 0); 2 wrong usage, nothing was asked.

    Example: `rmas lookup -C nzl --issuing-state AUS --number PA0123456 --birth 1960-04-12 --expiry 2031-01-02`
    """
    node = open_node(home)
    fields = {"issuing_state": issuing_state, "document_number": number}
    dates = {"date_of_birth": birth, "date_of_expiry": expiry}
    documents = _documents(mrz, lines or [], file, fields | dates, document_class)
    how = DeskLookup(
        purpose=parse_purpose(purpose).name,
        captured=captured or "",
        officer=lookup_input.clean(officer),
        peer=lookup_input.clean(peer),
        deadline_ms=_milliseconds(deadline),
        protect=protect,
    )
    show = _show_json if as_json or file else _show_person
    return _ask_all(node.layout, how, documents, show)


def _documents(
    mrz: bool, lines: list[str], file: Path | None, fields: dict[str, str | None], document_class: str
) -> list[DocumentInput]:
    ways = [mrz, file is not None, any(value is not None for value in fields.values())]
    if sum(ways) != 1:
        message = "Give one of: --issuing-state with --number, --mrz, or --file; see `rmas lookup --help`."
        raise OperatorError("USAGE", message)
    if lines and not mrz:
        raise OperatorError("USAGE", "Lines of an MRZ go with --mrz; see `rmas lookup --help`.")
    if file is not None:
        with lookup_input.opened(file) as stream:
            return lookup_input.parse(stream)
    if mrz:
        return [DocumentInput(mrz=lookup_input.mrz_lines(lines, sys.stdin.buffer))]
    if not fields["issuing_state"] or not fields["document_number"]:
        raise OperatorError("USAGE", "A document needs --issuing-state and --number; see `rmas lookup --help`.")
    given = {name: lookup_input.clean(value) for name, value in fields.items() if value is not None}
    return [lookup_input.document({**given, "document_class": lookup_input.clean(document_class)})]


def _ask_all(
    layout: Layout,
    how: DeskLookup,
    documents: Sequence[DocumentInput],
    show: Callable[[DeskResult], None],
) -> int:
    codes: set[int] = set()
    # One result a document, in order, however many calls it took.
    results = chain.from_iterable(_answers(layout, how, documents))
    for document, result in zip(documents, results, strict=True):
        show(verdicts.with_dates_note(result, document))
        codes.add(EXIT_CODES[result.verdict])
    # A file without a document is a mistake of whoever called, not an all-clear.
    return next((code for code in GRAVITY if code in codes), 2)


def _answers(layout: Layout, how: DeskLookup, documents: Sequence[DocumentInput]) -> Iterator[Sequence[DeskResult]]:
    done = 0
    try:
        with connect(layout.desk_socket) as desk:
            while done < len(documents):
                batch = documents[done : done + BATCH]
                yield desk.lookup(batch, how, _patience(how, len(batch)))
                done += len(batch)
    except NodeDown as down:
        yield [verdicts.local_fault(document, down) for document in documents[done:]]


def _patience(how: DeskLookup, documents: int) -> float:
    usual = LONGEST_DEADLINE_SECONDS if documents > 1 else USUAL_DEADLINE_SECONDS
    return (how.deadline_ms / 1000 or usual) + GRACE_SECONDS


def _milliseconds(text: str | None) -> int:
    if text is None:
        return 0
    try:
        length = durations.parse(text)
    except ValueError as error:
        raise OperatorError("INVALID_DEADLINE", f"`--deadline`: {error}.") from None
    if not timedelta(milliseconds=1) <= length <= timedelta(seconds=LONGEST_DEADLINE_SECONDS):
        raise OperatorError("INVALID_DEADLINE", "`--deadline` is from 1ms to 60s.")
    return length // timedelta(milliseconds=1)


def _show_json(result: DeskResult) -> None:
    print_json(verdicts.as_json(result))


def _show_person(result: DeskResult) -> None:
    for line in verdicts.for_person(result):
        say(line)
