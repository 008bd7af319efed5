"""`rmas serve`: run the node."""

from __future__ import annotations

import typer

from node import log_size
from node.cli.options import HERE, Home, open_node


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve")(serve)


def serve(home: Home = HERE) -> int:
    """Run the node until SIGTERM or SIGINT, then drain. Logs are JSON lines on standard error."""
    node = open_node(home)
    # The supervisor and all it stands on cost a third of a second to import; no other command needs them.
    from node import supervisor  # noqa: PLC0415

    if node.settings.lab.log_mib:
        log_size.start(node.settings.lab.log_mib << 20)
    return supervisor.run(node.layout.home, node.settings)
