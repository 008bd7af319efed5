"""`rmas notice`: what this node says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from federation.bundle_codec import encode_notice_envelope
from federation.trust_statements import Endpoint, NoticeStatement
from node import announcing, trusting
from node.cli.member_options import ADDRESS_HELP
from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import print_json, say
from node.cli.trust_lines import own_line, taken_facts
from node.errors import OperatorError
from node.times import rfc3339
from node.trust_files import TrustKind
from node.trust_store import Taken


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="A node's notice: where it is reached and what it does.")
    # A group of one would lose its name.
    group.callback()(lambda: None)
    group.command("make")(make)
    app.add_typer(group, name="notice")


def make(
    *,
    address: Annotated[list[str] | None, typer.Option(metavar="HOST:PORT", help=f"{ADDRESS_HELP} Repeat it.")] = None,
    roles: Annotated[str, typer.Option(help="What the node does: answer, ask, or both.")] = "answer,ask",
    refresh: Annotated[
        int,
        typer.Option(min=60, max=86_400, metavar="SECONDS", help="How often peers should look for something newer."),
    ] = announcing.REFRESH_SECONDS,
    number: Annotated[int, typer.Option(min=1, help="At least this number, after a restore.")] = 1,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make and sign this node's next notice, certs/own.notice, with its message key."""
    node = open_node(home)
    endpoints = [Endpoint(one, "", place) for place, one in enumerate(address or node.settings.peer.listen)]
    documents = trusting.held(node.layout, node.clock)
    known = documents.notices.get(node.settings.name.uri) if documents is not None else None
    least = max(number, known.number + 1 if known is not None else 1)
    envelope, statement = announcing.announce(
        node.layout, node.settings.name, endpoints, parse_roles(roles), least, node.clock, refresh
    )
    taken = trusting.publish(node.layout, TrustKind.NOTICE, encode_notice_envelope(envelope), node.clock)
    _tell(announcing.notice_file(node.layout), statement, taken, as_json)


def parse_roles(text: str) -> list[str]:
    """Roles by their names. Raises OperatorError INVALID_ROLE."""
    found = sorted({name.strip() for name in text.split(",")})
    if not set(found) <= {"answer", "ask"}:
        raise OperatorError("INVALID_ROLE", "A role is `answer` or `ask`, or both with a comma.")
    return found


def _tell(file: Path, statement: NoticeStatement, taken: Taken | None, as_json: bool) -> None:
    endpoints = [one.address for one in sorted(statement.endpoints, key=lambda one: one.priority)]
    if as_json:
        print_json(
            {
                "file": str(file),
                "node": statement.node,
                "number": statement.number,
                "issued_at": rfc3339(statement.issued_at),
                "endpoints": endpoints,
                "roles": list(statement.roles),
                "refresh_seconds": statement.refresh_seconds,
                "taken": taken_facts(taken),
            }
        )
        return
    say(
        f"{file}: notice {statement.number} of {statement.node}, {' and '.join(statement.roles)}, {', '.join(endpoints)}."
    )
    if (line := own_line(taken)) is not None:
        say(line)
