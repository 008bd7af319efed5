"""`rmas charter request`: the one file with which an economy asks to be let in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.signed import root_key_id
from federation.trust_statements import Endpoint
from node import carried, charter_draft, entering, joining, member, root_key
from node.accession import Joiner
from node.charter_draft import MAX_DRAFT_OCTETS
from node.cli.member_options import ADDRESS_HELP
from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import plural, print_json, say
from node.spoken import groups


def request(  # noqa: PLR0913  a command's options are its arguments
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; must not exist yet.")],
    entry: Annotated[Path, typer.Option(metavar="FILE", help="The entry, signed by the root keys.")],
    root: Annotated[
        list[Path], typer.Option("--root-key", metavar="FILE.public", help="A root key's public half; repeat it.")
    ],
    signatures_needed: Annotated[int, typer.Option(min=1, max=5, help="How many root keys sign for the economy.")] = 1,
    routes: Annotated[
        Path | None, typer.Option(metavar="JSON", help="Documents to answer for [default: all with the own code].")
    ] = None,
    address: Annotated[list[str] | None, typer.Option(metavar="HOST:PORT", help=ADDRESS_HELP)] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write one file to hand to the members: root public keys, routes, first entry, CRL and notice. Nothing in it is secret.

    Read its fingerprint to two members by telephone; they compare it before they propose you.
    """
    node = open_node(home)
    carried.require_free(out)
    wanted = (
        tuple(member.own_routes(node.settings.economy))
        if routes is None
        else charter_draft.parse_routes(routes, carried.read(routes, MAX_DRAFT_OCTETS))
    )
    data, joiner = joining.request(
        node.layout,
        node.settings.name,
        ([root_key.public_of(one) for one in root], signatures_needed),
        wanted,
        entering.read(entry),
        [Endpoint(one, "", place) for place, one in enumerate(address or node.settings.peer.listen)],
        node.clock,
    )
    carried.write(out, data)
    tell(joiner, out, as_json)


def tell(joiner: Joiner, file: Path, as_json: bool) -> None:
    """Print what stands in a request."""
    if as_json:
        print_json(facts(joiner, file))
        return
    for line in lines(joiner, file):
        say(line)


def facts(joiner: Joiner, file: Path) -> dict[str, Any]:
    """The JSON of a request."""
    asked = joiner.request
    return {
        "file": str(file),
        "federation": asked.federation,
        "economy": asked.member.economy,
        "fingerprint": joiner.fingerprint.hex(),
        "root_keys": [root_key_id(key).hex() for key in asked.member.root_keys],
        "signatures_needed": asked.member.signatures_needed,
        "routes": [charter_draft.route_out(route) for route in asked.routes],
        "entry": joiner.entry.number,
        "crl": joiner.crl.number,
        "notice": joiner.notice.number,
        "endpoints": [one.address for one in joiner.notice.endpoints],
    }


def lines(joiner: Joiner, file: Path) -> Iterator[str]:
    """The same for people."""
    asked = joiner.request
    yield f"{file}: {asked.member.economy} asks to join {asked.federation}"
    yield f"fingerprint {groups(joiner.fingerprint)}"
    yield f"  {asked.member.signatures_needed} of {plural(len(asked.member.root_keys), 'root key')} must sign"
    yield from (f"    {groups(root_key_id(key))}" for key in asked.member.root_keys)
    yield f"  answers for {', '.join(map(str, asked.routes)) or 'no documents'}"
    yield f"  is reached at {', '.join(one.address for one in joiner.notice.endpoints)}"
    yield "Have the joiner read this fingerprint to you by telephone before you propose it."
