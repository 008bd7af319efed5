"""`rmas charter`: who the members are. All but `request` works on files alone, on machines that are offline too."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from federation.charter_codec import encode_document
from node import accession, carried, charter_draft, chartering, root_key, trusting
from node.accession import MAX_REQUEST_OCTETS, Joiner
from node.charter_draft import MAX_DRAFT_OCTETS, Draft
from node.chartering import Proposal, Review
from node.cli import charter_request, passphrase
from node.cli.charter_lines import charter_facts, charter_lines, review_facts, review_lines, vote_lines
from node.cli.options import FLAG, Json, open_node
from node.cli.output import print_json, say
from node.clock import Clock
from node.errors import OperatorError

_HELP = """Who the members are: proposed by anyone, in force once enough members' root keys have signed.

Proposals are files carried by hand. Each member looks at the difference on its own machine, approves with its root key,
and passes the file on; copies signed apart are joined with `merge`."""

_File = Annotated[Path, typer.Argument(metavar="FILE", help="A charter, or a proposal for one.")]
_From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        metavar="CHARTER",
        help="The charter in force that it follows (a node keeps its own in trust/charters/); to end a fork, each of them.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("propose")(propose)
    group.command("request")(charter_request.request)
    group.command("show")(show)
    group.command("difference")(difference)
    group.command("approve")(approve)
    group.command("merge")(merge)
    app.add_typer(group, name="charter")


def propose(  # noqa: PLR0913  a command's options are its arguments
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write the proposal; must not exist yet.")],
    follows: _From = None,
    home: Annotated[
        Path | None,
        typer.Option("-C", "--home", metavar="DIR", help="Follow what this node holds, in place of --from."),
    ] = None,
    draft: Annotated[Path | None, typer.Option(metavar="JSON", help="Members, routes and rule, in full.")] = None,
    add: Annotated[
        list[Path] | None, typer.Option(metavar="REQUEST", help="A joiner's request, its member and routes; repeat it.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="ECONOMY", help="A member that leaves, with its routes; repeat it.")
    ] = None,
    routes: Annotated[
        Path | None, typer.Option(metavar="JSON", help="All routes, in place of those there are.")
    ] = None,
    votes: Annotated[
        str | None, typer.Option(metavar="N/D", help="The share of the members that signs the next [default: 2/3].")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a proposal: the next charter, which nobody has signed yet.

    It starts from --draft or, without one, from the charter that --from names; --add, --remove, --routes and --votes
    change that. Founders make the first from their requests alone. `rmas charter show CHARTER --draft` prints a draft to
    edit.
    """
    carried.require_free(out)
    clock = Clock()
    parents = _held(home) if home is not None else _read_all(follows)
    joiners = [accession.parse(one, carried.read(one, MAX_REQUEST_OCTETS), clock.now()) for one in add or ()]
    start = chartering.with_joiners(_start(draft, parents, joiners), joiners)
    for economy in remove or ():
        start = start.without_member(economy)
    if routes is not None:
        start = replace(start, routes=charter_draft.parse_routes(routes, carried.read(routes, MAX_DRAFT_OCTETS)))
    if votes is not None:
        start = replace(start, votes=charter_draft.votes_named(votes))
    proposal = chartering.propose(start, parents, clock.now_ms())
    carried.write(out, encode_document(proposal.document))
    _tell(chartering.review(proposal, parents, clock.now_ms()), out, as_json)


def show(
    file: _File,
    as_draft: Annotated[
        bool, typer.Option("--draft", metavar=FLAG, help="Print it as a draft to edit and propose.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a charter in full: members with their root keys, routes, the rule, and which of its members signed.

    Shows a joiner's request as well, with the fingerprint that the joiner is to read back.
    """
    data = carried.read(file, MAX_REQUEST_OCTETS)
    if accession.is_request(data):
        charter_request.tell(accession.parse(file, data, Clock().now()), file, as_json)
        return
    proposal = chartering.read(file)
    if as_draft:
        say(json.dumps(charter_draft.as_json(charter_draft.draft_of(proposal.charter)), indent=1))
        return
    count = chartering.own_count(proposal)
    if as_json:
        print_json(charter_facts(proposal, count, file))
        return
    for line in charter_lines(proposal, count, file):
        say(line)


def difference(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The charter in force.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The proposal.")],
    also: Annotated[
        list[Path] | None, typer.Option("--from", metavar="CHARTER", help="To end a fork: the other ones in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say in plain language what a proposal changes, who has signed it, and whether it would be in force."""
    parents = _read_all([old, *(also or ())])
    _tell(chartering.review(chartering.read(new), parents, Clock().now_ms()), new, as_json)


def approve(
    file: _File,
    key: Annotated[
        Path, typer.Option(metavar="ROOT", help="The root key to sign with; its record, ROOT.signed, lies beside it.")
    ],
    follows: _From = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it [default: in its place].")] = None,
    yes: Annotated[bool, typer.Option("--yes", metavar=FLAG, help="Do not ask; the difference was read.")] = False,
    as_json: Json = False,
) -> None:
    """Sign a proposal with a root key, after showing what it changes.

    A key signs one charter a version, ever: which one is noted beside it before the signature is made. A proposal older
    than 180 days is not signed. Needs no node and no network.
    """
    if out is not None:
        carried.require_free(out)
    proposal, clock = chartering.read(file), Clock()
    if proposal.charter.previous and not follows:
        message = "Name the charter in force with --from: without it nobody can see what this proposal changes."
        raise OperatorError("PARENT_NEEDED", message)
    reviewed = chartering.review(proposal, _read_all(follows), clock.now_ms())
    chartering.require_open(reviewed, clock.now_ms())
    _confirm(reviewed, file, key, yes=yes, as_json=as_json)
    document = chartering.approve(
        reviewed, key, lambda: root_key.unlock(key, lambda: passphrase.for_key(key)), clock.now_ms()
    )
    target = out or file
    carried.write(target, encode_document(document))
    after = chartering.review(Proposal(document, proposal.charter), reviewed.parents, clock.now_ms())
    if as_json:
        print_json(review_facts(after, target))
        return
    say(f"Signed, and written to {target}.")
    for line in vote_lines(after):
        say(line)


def merge(
    one: Annotated[Path, typer.Argument(metavar="A", help="A copy of the proposal.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another copy, signed by others.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it; may be A or B.")],
    as_json: Json = False,
) -> None:
    """Join the signatures of two copies of one proposal."""
    if not (carried.is_same(out, one) or carried.is_same(out, other)):
        carried.require_free(out)
    first = chartering.read(one)
    document = chartering.merge(first, chartering.read(other))
    carried.write(out, encode_document(document))
    merged = Proposal(document, first.charter)
    count = chartering.own_count(merged)
    if as_json:
        print_json(charter_facts(merged, count, out))
        return
    for line in charter_lines(merged, count, out):
        say(line)


def _start(draft: Path | None, parents: Sequence[Proposal], joiners: Sequence[Joiner]) -> Draft:
    if draft is not None:
        return charter_draft.parse(draft, carried.read(draft, MAX_DRAFT_OCTETS))
    if parents:
        return charter_draft.draft_of(parents[0].charter)
    if joiners:
        return Draft(joiners[0].request.federation)
    message = "Name what to start from: the charter in force with --from, a draft with --draft, or requests with --add."
    raise OperatorError("NOTHING_TO_PROPOSE", message)


def _held(home: Path) -> list[Proposal]:
    """The charters in force by what a node holds: one, or in a fork each of them."""
    node = open_node(home)
    succession = trusting.open_store(node.layout).load(node.clock.now_ms()).succession
    return [Proposal(succession.held[tip.digest].document, tip) for tip in succession.tips]


def _read_all(paths: Sequence[Path] | None) -> list[Proposal]:
    return [chartering.read(path) for path in paths or ()]


def _confirm(reviewed: Review, file: Path, key: Path, *, yes: bool, as_json: bool) -> None:
    """Whoever signs has read what changes, or says so with --yes."""
    if not yes and (as_json or not sys.stdin.isatty()):
        message = "Nobody is there to read the difference and agree; read `rmas charter difference`, then say --yes."
        raise OperatorError("CONFIRMATION_NEEDED", message)
    if not as_json:
        for line in review_lines(reviewed, file):
            say(line)
    question = f"Sign this with {key}? It will sign no other charter {reviewed.proposal.charter.version}, ever."
    if not yes and not typer.confirm(question):
        raise OperatorError("NOT_CONFIRMED", "You did not agree, so nothing was signed.")


def _tell(reviewed: Review, file: Path, as_json: bool) -> None:
    if as_json:
        print_json(review_facts(reviewed, file))
        return
    for line in review_lines(reviewed, file):
        say(line)
