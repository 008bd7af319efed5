"""`rmas directory`: this member's block, the directory of all, and which directory this node trusts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from certs.keystore import load_certificate
from federation.directory import Member
from federation.status import Purpose
from node import config_file, installing, member
from node.cli.member_options import ADDRESS_HELP
from node.cli.options import HERE, Home, Json, open_node, parse_lists, parse_purpose
from node.cli.output import print_json, say
from node.errors import OperatorError
from node.times import rfc3339

_HELP = """Who the members are, in one file that each node pins by its SHA-256.

Each member makes its block, all exchange the blocks by hand, and everyone who joins the same blocks gets the same
bytes and so the same SHA-256, to be compared by telephone."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("member")(write_member)
    group.command("build")(build)
    group.command("install")(install)
    group.command("show")(show)
    app.add_typer(group, name="directory")


def write_member(  # noqa: PLR0913  a command's options are its arguments
    *,
    grant: Annotated[list[str] | None, typer.Option(metavar="ECONOMY", help="May ask of this node; repeat it.")] = None,
    ask: Annotated[list[str] | None, typer.Option(metavar="ECONOMY", help="Is asked by this node; repeat it.")] = None,
    lists: Annotated[str, typer.Option(help="Lists the grants open.")] = "reported,issued",
    purposes: Annotated[str, typer.Option(help="Purposes the grants open, by commas; `all` for every one.")] = "all",
    until: Annotated[str | None, typer.Option(help="When the grants end, RFC 3339 [default: in a year].")] = None,
    reference: Annotated[str, typer.Option(help="The agreement the grants rest on.")] = "",
    serves: Annotated[str, typer.Option(help="Lists this economy promises to answer from.")] = "reported,issued",
    address: Annotated[list[str] | None, typer.Option(metavar="HOST:PORT", help=ADDRESS_HELP)] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write `member.json`: this economy's CA, addresses, routes, coverage and grants, to be handed to the others."""
    node = open_node(home)
    now = node.clock.now()
    if node.settings.economy in (*(grant or ()), *(ask or ())):
        message = (
            f"{node.settings.economy} is this economy itself, which needs no grant to ask its own node; name a peer."
        )
        raise OperatorError("GRANT_SELF", message)
    grants = member.Grants(
        to=tuple(grant or ()),
        until=_until(until, now) if until else now + timedelta(days=365),
        reference=reference,
        lists=parse_lists(lists),
        purposes=tuple(Purpose) if purposes == "all" else tuple(map(parse_purpose, purposes.split(","))),
    )
    block = member.block(
        node.settings.name,
        load_certificate(node.layout.certs / "ca.pem"),
        address or node.settings.peer.listen,
        member.own_routes(node.settings.economy),
        member.kinds_of(parse_lists(serves)),
        grants,
        tuple(ask or ()),
    )
    member.save(node.layout.member, block)
    if as_json:
        print_json(block)
    else:
        say(f"Wrote {node.layout.member}; hand it to the other members.")


def build(
    blocks: Annotated[list[Path], typer.Argument(metavar="MEMBER.json...", help="The blocks of all members.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the directory.")],
    as_json: Json = False,
) -> None:
    """Join the members' blocks into one directory; the same blocks always make the same bytes."""
    data = member.build([member.read(path) for path in blocks])
    config_file.replace(out, data, mode=0o644)
    _tell(out, data, as_json)


def install(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The directory as built.")],
    sha256: Annotated[str | None, typer.Option(help="Refuse any file but the one with this SHA-256.")] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make this node trust a directory: check it, copy it, pin its SHA-256 in rmas.toml. A restart takes it up."""
    node = open_node(home)
    data = installing.read(file)
    path = installing.install(node.layout, node.settings.name, data, sha256)
    _tell(path, data, as_json)


def show(home: Home = HERE, as_json: Json = False) -> None:
    """Show whom this node trusts."""
    node = open_node(home)
    directory = installing.pinned(node.layout, node.settings.directory.sha256)
    if as_json:
        print_json(json.loads(node.layout.directory.read_bytes()))
        return
    say(f"{directory.federation}, SHA-256 {directory.digest.hex()}")
    for one in directory.members.values():
        for line in _member(one):
            say(line)


def _member(one: Member) -> Iterator[str]:
    yield f"  {one.economy}: " + "; ".join(f"{n.name.node} at {', '.join(n.addresses)}" for n in one.nodes)
    routes = [f"{r.issuing_state}/{r.document_class}/{r.pattern}" for r in one.routes]
    yield f"    answers for {', '.join(routes) or 'no documents'}"
    yield f"    asks {', '.join(sorted(one.ask)) or 'nobody'}"
    if not one.grants:
        yield "    grants nobody anything"
    for grant in one.grants.values():
        lists = ", ".join(sorted(grant.lists, reverse=True))
        purposes = "every purpose" if len(grant.purposes) == len(Purpose) else _names(grant.purposes)
        yield f"    grants {grant.to} {lists} for {purposes}, until {rfc3339(grant.until_ms)}"


def _names(purposes: Collection[Purpose]) -> str:
    return ", ".join(purpose.name for purpose in sorted(purposes))


def _tell(path: Path, data: bytes, as_json: bool) -> None:
    digest = installing.digest(data)
    if as_json:
        print_json({"file": str(path), "sha256": digest})
    else:
        say(f"{path}\nSHA-256 {digest}")
        say("Compare these 64 digits with the other members before anything is asked.")


def _until(text: str, now: datetime) -> datetime:
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = datetime.min  # noqa: DTZ901  refused just below, as a time without a zone is
    if until.tzinfo is None:
        raise OperatorError(
            "INVALID_TIME", "`--until` takes an RFC 3339 time in UTC, 2027-01-01T00:00:00Z for example."
        )
    if until <= now:
        raise OperatorError(
            "GRANT_ENDED", "`--until` is in the past, so the grants would open nothing; name a later time."
        )
    return until.astimezone(UTC)
