"""`rmas records`: single records of the economy's own lists, as the desk tells, finds and withdraws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from federation.documents import ListName, travel_document
from node import app as composition
from node.cli.importing import show_record
from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import print_json, say, table
from node.errors import OperatorError
from node.extracts.lines import Reason, Status
from node.secret_file import PEPPER
from node.store.keys import StoreKeys
from node.store.ports import StoredRecord
from node.store.sqlite_inspect import NamedRecord, SqliteInspector
from node.store.sqlite_reader import open_reader
from node.times import rfc3339

if TYPE_CHECKING:
    from node.records import RecordChange

NOT_FOUND = 1

ListOption = Annotated[ListName, typer.Option("--list", help="The list.")]
SourceOption = Annotated[str, typer.Option("--source", metavar="NAME", help="Who says so, of `store.sources`.")]
StateOption = Annotated[str | None, typer.Option("--issuing-state", help="Issuing state as in the MRZ.")]
ClassOption = Annotated[str, typer.Option("--class", help="P, I or V.")]
NumberOption = Annotated[str | None, typer.Option("--number", help="Document number.")]
ReferenceOption = Annotated[
    str | None, typer.Option("--reference", help="The national system's own number of the record.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Tell, find, withdraw and count single records of the own lists.")
    group.command("add")(add)
    group.command("withdraw")(withdraw)
    group.command("find")(find)
    group.command("stats")(stats)
    app.add_typer(group, name="records")


def add(  # noqa: PLR0913  a command's options are its arguments
    *,
    number: Annotated[str, typer.Option("--number", help="Document number.")],
    issuing_state: Annotated[str, typer.Option("--issuing-state", help="Issuing state as in the MRZ.")],
    document_class: ClassOption = "P",
    list_name: ListOption = ListName.REPORTED,
    status: Annotated[Status | None, typer.Option(help="Reported list: why.")] = None,
    reported_on: Annotated[str, typer.Option(metavar="DATE", help="Reported list: the day of the report.")] = "",
    number_to: Annotated[str, typer.Option(help="Reported list: the last number of a range.")] = "",
    birth: Annotated[
        str | None, typer.Option(metavar="DATE", help="Issued list: 1960-04-12, unknown parts 00.")
    ] = None,
    expiry: Annotated[str | None, typer.Option(metavar="DATE", help="Issued list: 2031-01-02; empty: none.")] = None,
    reference: ReferenceOption = None,
    change: Annotated[bool, typer.Option("--change", help="The record is there and says something else now.")] = False,
    source: SourceOption = "main",
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Put one record on a list; served within a second, and safe to repeat.

    It goes before every extract cut earlier. Without --reference it gets one, which is shown.
    """
    if list_name is ListName.ISSUED and (birth is None or expiry is None):
        # Left out and none are two things: a forgotten date must not become a passport that never expires.
        raise OperatorError(
            "USAGE", "The issued list needs --birth and --expiry: `--expiry ''` says that the document does not expire."
        )
    fields = {
        "reference": reference or "",
        "issuing_state": issuing_state,
        "document_class": document_class,
        "document_number": number,
        "number_to": number_to,
        "status": status or "",
        "reported_on": reported_on,
        "date_of_birth": birth or "",
        "date_of_expiry": expiry or "",
    }
    return _put(_change(list_name, "change" if change else "add", source, fields), home, as_json=as_json)


def withdraw(
    *,
    reference: Annotated[str, typer.Option("--reference", help="The reference it was told by.")],
    list_name: ListOption = ListName.REPORTED,
    reason: Annotated[Reason | None, typer.Option(help="Why; stays at home.")] = None,
    source: SourceOption = "main",
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Take one record off a list; served within a second, and safe to repeat.

    The document stays on the list while another record names it.
    """
    fields = {"reference": reference, "reason": reason or ""}
    return _put(_change(list_name, "withdraw", source, fields), home, as_json=as_json)


def find(
    *,
    reference: ReferenceOption = None,
    issuing_state: StateOption = None,
    document_class: ClassOption = "P",
    number: NumberOption = None,
    home: Home = HERE,
    as_json: Json = False,
) -> int:
    """Show the records with a reference, or those that name a document. Ends with 1 when there is none."""
    if (reference is None) == (number is None) or (number is not None and issuing_state is None):
        raise OperatorError("USAGE", "Give --reference, or --issuing-state and --number.")
    node = open_node(home)
    keys = StoreKeys(PEPPER.load(node.layout.pepper))
    inspector = SqliteInspector(node.layout.store, keys)
    found: list[NamedRecord] = []
    for name in ListName:
        if reference is not None:
            found += inspector.by_reference(name, reference)
        elif number is not None and issuing_state is not None:
            found += inspector.by_key(name, keys.key(travel_document(issuing_state, document_class, number)))
    inspector.close()
    documents = [_document(each) for each in found]
    if as_json:
        print_json(documents)
    elif not documents:
        say("No record.")
    else:
        columns = ("list", "source", "reference", "state", "reported_on", "numbers", "noted_at")
        for line in table([columns, *([str(one[name] or "") for name in columns] for one in documents)]):
            say(line)
    return 0 if documents else NOT_FOUND


def stats(home: Home = HERE, as_json: Json = False) -> None:
    """Count the records of each list, and say how old it is."""
    node = open_node(home)
    keys = StoreKeys(PEPPER.load(node.layout.pepper))
    inspector = SqliteInspector(node.layout.store, keys)
    reader = open_reader(node.layout.store, keys, composition.list_sources(node.settings))
    view = reader.view()
    document: dict[str, Any] = {}
    for name in ListName:
        counts, as_of = inspector.statistics(name), view.data_as_of(name)
        document[name.value] = {
            "records": sum(counts.values()),
            "by_status": {status: n for status, n in counts.items() if status},
            "data_as_of": None if as_of is None else rfc3339(as_of),
        }
    reader.close()
    inspector.close()
    if as_json:
        print_json(document)
        return
    for list_name, said in document.items():
        by_status = ", ".join(f"{n:,} {status}" for status, n in said["by_status"].items())
        as_of_text = f"as of {said['data_as_of']}" if said["data_as_of"] else "never imported in full"
        say(f"{list_name}: {said['records']:,} records, {as_of_text}" + (f" ({by_status})" if by_status else ""))


def _change(list_name: ListName, action: str, source: str, fields: dict[str, str]) -> RecordChange:
    from node.records import RecordChange  # noqa: PLC0415  draws in most of the node

    given = {name: value for name, value in fields.items() if value}
    return RecordChange(list_name.value, action, source, given)


def _put(change: RecordChange, home: Any, *, as_json: bool) -> int:
    from node.intake import Intake  # noqa: PLC0415  draws in most of the node

    node = open_node(home)
    outcome = Intake.of(node.layout, node.settings, node.clock).put([change])
    show_record(outcome, f"{change.list_name} list", as_json=as_json)
    return outcome.exit_code


def _document(named: NamedRecord) -> dict[str, Any]:
    state = named.state
    standing = isinstance(state, StoredRecord)
    return {
        "list": named.list_name.value,
        "source": named.source,
        "reference": named.reference,
        "state": (state.status or "issued") if isinstance(state, StoredRecord) else "withdrawn",
        "reason": None if isinstance(state, StoredRecord) else state.reason or None,
        "reported_on": (state.reported_on or None) if isinstance(state, StoredRecord) else None,
        "numbers": state.numbers if isinstance(state, StoredRecord) else 0,
        "noted_at": rfc3339(state.noted_ms) if state.noted_ms else None,
        "on_the_list": standing,
    }
