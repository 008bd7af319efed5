"""`rmas entry`: what this economy says of itself, made at the node, signed where the root keys are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from certs.certificates import decode_der
from certs.keys import admit, public_key_id
from certs.keystore import load_certificate
from federation.charter_codec import encode_document
from node import carried, entering, member, root_key, trusting
from node.cli import passphrase
from node.cli.options import FLAG, HERE, Home, Json, Node, open_node, parse_lists
from node.cli.output import plural, print_json, say
from node.entering import EntryDraft
from node.errors import OperatorError
from node.spoken import groups
from node.times import rfc3339

_HELP = """An economy's entry: its CAs, what its lists cover, whom to telephone. Signed by its own root keys.

`make` needs the node, `sign` only the file and a root key, so it works on an offline machine."""
_File = Annotated[Path, typer.Argument(metavar="FILE", help="The entry.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("make")(make)
    group.command("sign")(sign)
    group.command("merge")(merge)
    group.command("show")(show)
    app.add_typer(group, name="entry")


def make(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; must not exist yet.")],
    number: Annotated[
        int | None, typer.Option(min=1, help="Its number [default: one more than the one this node holds, or 1].")
    ] = None,
    serves: Annotated[str, typer.Option(help="Lists promised for all own documents.")] = "reported,issued",
    coverage: Annotated[
        Path | None, typer.Option(metavar="JSON", help="What is promised for which documents, in place of --serves.")
    ] = None,
    contacts: Annotated[Path | None, typer.Option(metavar="JSON", help="The duty desks.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write this economy's entry, to be signed by its root keys: the CA of this home, coverage and duty desks.

    `rmas entry show --json` prints coverage and contacts in the form in which the two files give them.
    """
    node = open_node(home)
    carried.require_free(out)
    routes = member.own_routes(node.settings.economy)
    pairs = [(route.issuing_state, route.document_class.value) for route in routes]
    made = entering.make(
        node.settings.name.authority,
        load_certificate(node.layout.certs / "ca.pem"),
        number or _next_number(node),
        entering.coverage_of(pairs, member.kinds_of(parse_lists(serves)))
        if coverage is None
        else entering.parse_coverage(coverage, carried.read(coverage, entering.MAX_DRAFT_OCTETS)),
        entering.parse_contacts(contacts, carried.read(contacts, entering.MAX_DRAFT_OCTETS)) if contacts else (),
        node.clock.now_ms(),
    )
    carried.write(out, encode_document(made.document))
    _tell(made, out, as_json)


def sign(
    file: _File,
    key: Annotated[Path, typer.Option(metavar="ROOT", help="The root key to sign with.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it [default: in its place].")] = None,
    yes: Annotated[bool, typer.Option("--yes", metavar=FLAG, help="Do not ask; the entry was read.")] = False,
    as_json: Json = False,
) -> None:
    """Sign an entry with a root key, after showing it. Whoever signs a CA's entry lets that CA name nodes."""
    if out is not None:
        carried.require_free(out)
    draft = entering.read(file)
    if not yes:
        _confirm(draft, file, key, as_json)
    signed = entering.sign(draft, lambda: root_key.unlock(key, lambda: passphrase.for_key(key)))
    target = out or file
    carried.write(target, encode_document(signed.document))
    _tell(signed, target, as_json)


def merge(
    one: Annotated[Path, typer.Argument(metavar="A", help="A copy of the entry.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another copy, signed by another root key.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; may be A or B.")],
    as_json: Json = False,
) -> None:
    """Join the signatures of two copies of one entry."""
    if not (carried.is_same(out, one) or carried.is_same(out, other)):
        carried.require_free(out)
    merged = entering.merge(entering.read(one), entering.read(other))
    carried.write(out, encode_document(merged.document))
    _tell(merged, out, as_json)


def show(file: _File, as_json: Json = False) -> None:
    """Show an entry, and which keys signed it. Whether they are the economy's root keys the charter says."""
    _tell(entering.read(file), file, as_json)


def _next_number(node: Node) -> int:
    documents = trusting.held(node.layout, node.clock)
    entry = documents.entries.get(node.settings.economy) if documents is not None else None
    return entry.number + 1 if entry is not None else 1


def _confirm(draft: EntryDraft, file: Path, key: Path, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        message = "Nobody is there to read the entry and agree; read `rmas entry show`, then say --yes."
        raise OperatorError("CONFIRMATION_NEEDED", message)
    for line in _lines(draft, file):
        say(line)
    if not typer.confirm(f"Sign this with {key}?"):
        raise OperatorError("NOT_CONFIRMED", "You did not agree, so nothing was signed.")


def _tell(draft: EntryDraft, file: Path, as_json: bool) -> None:
    if as_json:
        print_json(_facts(draft, file))
        return
    for line in _lines(draft, file):
        say(line)


def _facts(draft: EntryDraft, file: Path) -> dict[str, Any]:
    statement = draft.statement
    return {
        "file": str(file),
        "federation": statement.federation,
        "economy": statement.economy,
        "number": statement.number,
        "issued_at": rfc3339(statement.issued_at),
        "digest": draft.document.digest.hex(),
        "cas": [{"key": _ca_key(row.certificate).hex(), "phase": row.phase} for row in statement.cas],
        "coverage": [entering.coverage_out(row) for row in statement.coverage],
        "contacts": [entering.contact_out(one) for one in statement.contacts],
        "signed_by": [key_id.hex() for key_id in draft.key_ids],
    }


def _lines(draft: EntryDraft, file: Path) -> Iterator[str]:
    statement = draft.statement
    yield f"{file}: entry {statement.number} of {statement.economy} in {statement.federation}"
    yield f"made {rfc3339(statement.issued_at)}, SHA-256 {groups(draft.document.digest)}"
    for row in statement.cas:
        ends = decode_der(row.certificate).not_valid_after_utc.date().isoformat()
        yield f"  CA {row.phase}, until {ends}, key {groups(_ca_key(row.certificate))}"
    for covered in statement.coverage:
        said = entering.coverage_out(covered)
        since = f", expiring {covered.expiry_from} or later" if covered.expiry_from else ""
        yield f"  answers {', '.join(said['kinds'])} for {covered.issuing_state}/{covered.document_class}{since}"
    for contact in statement.contacts:
        yield f"  desk {contact.desk}: {contact.telephone}, {contact.hours} ({contact.time_zone})"
    yield f"signed by {plural(len(draft.key_ids), 'key')}"
    yield from (f"  {groups(key_id)}" for key_id in draft.key_ids)


def _ca_key(certificate: bytes) -> bytes:
    return public_key_id(admit(decode_der(certificate).public_key()))
