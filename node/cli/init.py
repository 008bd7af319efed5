"""`rmas init`: make a node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from certs.identity import NodeName
from node import init
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
    as_json: Json = False,
) -> None:
    """Make a node's directory: configuration, keys, certificates under a CA of its own, pepper, empty store.

    Nothing that exists is overwritten. The CA key is read by no running node: keep it elsewhere if you can.
    """
    listen = listen or ["127.0.0.1:7443"]
    clock = Clock()
    created = init.create(directory, init.Plan(NodeName(federation, economy, node), listen), clock)
    if as_json:
        print_json(_facts(created))
        return
    for line in _next_steps(created.layout, economy, created.leaves_end.date().isoformat()):
        say(line)


def _facts(created: init.Created) -> dict[str, str]:
    layout = created.layout
    end = created.leaves_end.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"dir": str(layout.home), "certificates_end": end}


def _next_steps(layout: Layout, economy: str, end: str) -> list[str]:
    home, code = layout.home, economy.lower()
    peer = "AUS" if economy != "AUS" else "NZL"
    return [
        f"The node in {home} is made; its certificates end on {end}.",
        "",
        "Next:",
        "  1. Make a root key, best on a machine without a network, and the entry it signs:",
        f"       rmas root new {code}.root",
        f"       rmas entry make --out {code}.entry -C {home}",
        f"       rmas entry sign {code}.entry --key {code}.root",
        "  2. Hand one file to the members, and read its fingerprint to two of them by telephone:",
        f"       rmas charter request --entry {code}.entry --root-key {code}.root.public --out {code}.request -C {home}",
        "  3. Take in the charter that names you, by the digest that was read to you, and say whom you let ask:",
        f"       rmas trust pin DIGEST -C {home}",
        f"       rmas trust take CHARTER BUNDLE -C {home}   # a member's `rmas trust bundle`; founders: every request",
        f"       rmas peer allow {peer} --lists reported,issued --ask --reference 'MOU art. 4' --until … -C {home}",
        "  4. Fill the lists, look whether all is well, and run it:",
        f"       rmas import extract.csv --list reported --full --as-of … -C {home}",
        f"       rmas doctor -C {home}",
        f"       rmas serve -C {home}",
        "",
        f"Keep apart from the store and its backups: {layout.pepper} and {layout.keys / 'ca.pem'}.",
    ]
