"""`rmas ca`: what only the economy's CA can do, on the machine that has its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from node import revoking, trusting
from node.cli.options import HERE, Home, Json, Node, open_node
from node.cli.output import plural, print_json, say
from node.cli.trust_lines import own_line, taken_facts
from node.revoking import Reissued
from node.times import rfc3339, to_ms
from node.trust_files import TrustKind
from node.trust_store import Taken


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="The economy's CA: its list of revoked certificates.")
    group.command("crl")(crl)
    group.command("revoke")(revoke)
    app.add_typer(group, name="ca")


def crl(home: Home = HERE, as_json: Json = False) -> None:
    """Make the CA's next revocation list, certs/ca.crl; to be done every day, whether anything was revoked or not.

    Needs keys/ca.pem on this machine. Peers take no lookups under a list older than ten days.
    """
    node = open_node(home)
    _tell(*_reissue(node, ()), as_json)


def revoke(
    certificates: Annotated[
        list[str], typer.Argument(metavar="SERIAL|CERT...", help="Certificates, or serial numbers in hexadecimal.")
    ],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take certificates back for good: they go on the CA's next revocation list, certs/ca.crl.

    Needs keys/ca.pem on this machine. It takes effect where the list arrives: hand it to the peers
    at once (`rmas trust bundle`).
    """
    node = open_node(home)
    _tell(*_reissue(node, [revoking.serial_of(one, node.layout) for one in certificates]), as_json)


def _reissue(node: Node, serials: Sequence[int]) -> tuple[Reissued, Taken | None]:
    """The next list, above the newest that this node holds of its own, and taken in here to go to the peers."""
    documents = trusting.held(node.layout, node.clock)
    known = [one.der for one in documents.crls.values()] if documents is not None else []
    made = revoking.reissue(node.layout, serials, known, node.clock)
    return made, trusting.publish(node.layout, TrustKind.CRL, made.crl.der, node.clock)


def _tell(made: Reissued, taken: Taken | None, as_json: bool) -> None:
    until = rfc3339(to_ms(made.crl.next_update))
    if as_json:
        revoked = {f"{serial:x}": rfc3339(to_ms(since)) for serial, since in sorted(made.crl.revoked.items())}
        print_json(
            {
                "file": str(made.path),
                "number": made.crl.number,
                "next_update": until,
                "revoked": revoked,
                "own": list(made.own),
                "taken": taken_facts(taken),
            }
        )
        return
    say(
        f"{made.path}: list {made.crl.number}, {plural(len(made.crl.revoked), 'certificate')} revoked, good until {until}."
    )
    if (line := own_line(taken)) is not None:
        say(line)
    for role in made.own:
        say(f"This node's own {role} certificate is among them: make it a new key too (docs/operations/compromise.md).")
