"""`rmas cert`: the certificates of this node."""

from __future__ import annotations

import typer

from node import certifying
from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import print_json, say


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="The certificates of this node, from the economy's own CA.")
    # A group of one would lose its name.
    group.callback()(lambda: None)
    group.command("renew")(renew)
    app.add_typer(group, name="cert")


def renew(home: Home = HERE, as_json: Json = False) -> None:
    """Issue new TLS and message certificates for the keys the node has; needs keys/ca.pem on this machine.

    Peers need not be told. Start the node again afterwards: a running one goes on with the certificates it has.
    """
    node = open_node(home)
    ends = certifying.renew(node.layout, node.settings.name, node.clock)
    if as_json:
        print_json({"certificates_end": ends.isoformat(timespec="seconds").replace("+00:00", "Z")})
        return
    say(f"The certificates end on {ends.date().isoformat()} now. Start the node again to use them.")
