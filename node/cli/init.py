"""`rmas init`: make a node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from certs.identity import NodeName
from node import init, member
from node.cli.member_options import ADDRESS_HELP, no_grants
from node.cli.options import Json
from node.cli.output import print_json, say
from node.clock import Clock
from node.layout import Layout


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("init")(create)


def create(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the node shall lie; must not exist yet.")],
    economy: Annotated[str, typer.Option(help="Three-letter code of the economy: NZL, AUS, HKG …")],
    federation: Annotated[str, typer.Option(help="Name of the federation; stands in every certificate.")] = "rmas",
    node: Annotated[str, typer.Option(help="Name of this node within the economy.")] = "node1",
    listen: Annotated[
        list[str] | None, typer.Option(metavar="HOST:PORT", help="Where to answer peers [default: 127.0.0.1:7443].")
    ] = None,
    address: Annotated[list[str] | None, typer.Option(metavar="HOST:PORT", help=ADDRESS_HELP)] = None,
    as_json: Json = False,
) -> None:
    """Make a node's directory: configuration, keys, certificates under a CA of its own, pepper, empty store.

    Nothing that exists is overwritten. The CA key is read by no running node: keep it elsewhere if you can.
    """
    listen = listen or ["127.0.0.1:7443"]
    clock = Clock()
    created = init.create(directory, init.Plan(NodeName(federation, economy, node), listen), clock)
    block = member.block(
        NodeName(federation, economy, node),
        created.ca,
        address or listen,
        member.own_routes(economy),
        member.ALL_KINDS,
        no_grants(clock),
        (),
    )
    member.save(created.layout.member, block)
    if as_json:
        print_json(_facts(created))
        return
    for line in _next_steps(created.layout, economy, created.leaves_end.date().isoformat()):
        say(line)


def _facts(created: init.Created) -> dict[str, str]:
    layout = created.layout
    end = created.leaves_end.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"dir": str(layout.home), "member": str(layout.member), "certificates_end": end}


def _next_steps(layout: Layout, economy: str, end: str) -> list[str]:
    home = layout.home
    peer = "AUS" if economy != "AUS" else "NZL"
    return [
        f"The node in {home} is made; its certificates end on {end}.",
        "",
        "Next:",
        "  1. Say whom you let ask and whom you ask, in the block that goes to the other members:",
        f"       rmas directory member -C {home} --grant {peer} --ask {peer} --reference 'MOU art. 4'",
        f"  2. Exchange {layout.member.name} by hand; everyone joins all blocks into the same directory, and installs it:",
        f"       rmas directory build {layout.member} PATH/OF/{peer}/{layout.member.name} --out directory.json",
        f"       rmas directory install directory.json -C {home}",
        "  3. Compare the SHA-256 it prints with the other operators, by telephone. Then:",
        f"       rmas import extract.csv --list reported --full --as-of … -C {home}",
        f"       rmas doctor -C {home}",
        f"       rmas serve -C {home}",
        "",
        f"Keep apart from the store and its backups: {layout.pepper} and {layout.keys / 'ca.pem'}.",
    ]
