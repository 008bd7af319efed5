"""`rmas peer`: what this economy alone decides about each of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from federation.directory import Grant
from federation.status import Purpose
from node import grants_file, member
from node.cli.options import FLAG, HERE, Home, Json, Node, open_node
from node.cli.output import print_json, say
from node.errors import OperatorError
from node.local_policy import Asking, Block, Lifted, OwnPolicy, lists_named, purposes_named
from node.spoken import parse
from node.times import parse_ms, rfc3339

_HELP = """What this economy alone decides: whom it answers and asks, and whom it blocks.

Being in the charter opens nothing. A change takes effect at once, in a running node too, and never leaves this economy."""
_Economy = Annotated[str, typer.Argument(metavar="ECONOMY", help="Three-letter code of the other economy.")]
_Reference = Annotated[str, typer.Option(help="The agreement or order it rests on: 'MOU art. 4'.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(no_args_is_help=True, help=_HELP)
    group.command("allow")(allow)
    group.command("deny")(deny)
    group.command("block")(block)
    group.command("unblock")(unblock)
    group.command("lift")(lift)
    group.command("unlift")(unlift)
    group.command("list")(show)
    app.add_typer(group, name="peer")


def allow(  # noqa: PLR0913  a command's options are its arguments
    economy: _Economy,
    *,
    until: Annotated[str, typer.Option(metavar="TIME", help="When it ends, RFC 3339: 2027-06-30T00:00:00Z.")],
    reference: _Reference,
    lists: Annotated[str | None, typer.Option(help="Lists it may ask: reported, issued, or both with a comma.")] = None,
    purposes: Annotated[
        str | None,
        typer.Option(
            help="Purposes it may ask for, by commas [default: all but VISA and INVESTIGATION, which are named]."
        ),
    ] = None,
    rate: Annotated[int, typer.Option(min=0, help="Questions a second.")] = member.DEFAULT_RATE_PER_SECOND,
    daily: Annotated[int, typer.Option(min=0, help="Questions a day.")] = member.DEFAULT_QUESTIONS_PER_DAY,
    ask: Annotated[bool, typer.Option("--ask", metavar=FLAG, help="This economy asks it, too.")] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Let a peer ask (--lists), or let this node ask it (--ask), or both; in place of an earlier grant."""
    node = open_node(home)
    _require_other(node, economy)
    if lists is None and not ask:
        message = "Say what is allowed: --lists for what the peer may ask, --ask to ask it, or both."
        raise OperatorError("GRANT_INVALID", message)
    until_ms = _until(until, node.clock.now_ms())

    def alter(policy: OwnPolicy) -> OwnPolicy:
        if lists is not None:
            named = purposes_named(purposes.split(",") if purposes else ())
            policy = policy.allow(
                Grant(economy, lists_named(lists.split(",")), named, until_ms, reference, rate, daily)
            )
        return policy.allow_asking(Asking(economy, until_ms, reference)) if ask else policy

    _change(node, alter, economy, as_json)


def deny(
    economy: _Economy,
    only_ask: Annotated[
        bool, typer.Option("--ask", metavar=FLAG, help="Only stop asking it; what it may ask stays.")
    ] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take back what a peer was allowed, and stop asking it."""

    def alter(policy: OwnPolicy) -> OwnPolicy:
        if only_ask:
            return policy.stop_asking(economy)
        if economy not in policy.grants:
            # Raises where there is nothing of either kind to take back.
            return policy.stop_asking(economy) if economy in policy.ask else policy.deny(economy)
        policy = policy.deny(economy)
        return policy.stop_asking(economy) if economy in policy.ask else policy

    _change(open_node(home), alter, economy, as_json)


def block(economy: _Economy, reference: _Reference, home: Home = HERE, as_json: Json = False) -> None:
    """Stop answering and asking a peer at once, whatever it is granted; without anyone's leave, and for this economy alone."""
    node = open_node(home)
    _require_other(node, economy)
    stopped = Block(economy, node.clock.now_ms(), reference)
    _change(node, lambda policy: policy.block(stopped), economy, as_json)


def unblock(economy: _Economy, home: Home = HERE, as_json: Json = False) -> None:
    """Let a blocked peer's grants count again."""
    _change(open_node(home), lambda policy: policy.unblock(economy), economy, as_json)


def lift(
    economy: _Economy,
    suspension: Annotated[str, typer.Argument(metavar="DIGEST", help="The suspension, as `rmas trust show` names it.")],
    reference: _Reference,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Go on with a suspended member: this one suspension counts for nothing here. Others go by it as before."""
    node = open_node(home)
    lifted = Lifted(parse(suspension).hex(), economy, node.clock.now_ms(), reference)
    _change(node, lambda policy: policy.lift(lifted), economy, as_json)


def unlift(
    suspension: Annotated[str, typer.Argument(metavar="DIGEST", help="The suspension.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Let a suspension count again that was lifted here."""
    digest = parse(suspension).hex()
    _change(open_node(home), lambda policy: policy.unlift(digest), None, as_json)


def show(home: Home = HERE, as_json: Json = False) -> None:
    """List what this economy grants, whom it asks and whom it blocks."""
    node = open_node(home)
    _tell(grants_file.read(node.layout), None, node.clock.now_ms(), as_json)


def _change(node: Node, alter: Callable[[OwnPolicy], OwnPolicy], economy: str | None, as_json: bool) -> None:
    _tell(grants_file.change(node.layout, alter), economy, node.clock.now_ms(), as_json)


def _tell(policy: OwnPolicy, economy: str | None, now_ms: int, as_json: bool) -> None:
    """All of the policy, or what it says of one economy."""
    named = {
        *policy.grants,
        *policy.ask,
        *policy.blocked,
        *(lifted.economy for lifted in policy.lifted.values()),
    }
    shown = sorted(named) if economy is None else [economy]
    if as_json:
        print_json({"peers": [_facts(policy, one, now_ms) for one in shown]})
        return
    for one in shown:
        for line in _lines(policy, one, now_ms):
            say(line)
    if not shown:
        say("Nothing is granted, nobody is asked, nobody is blocked: `rmas peer allow` opens something.")


def _facts(policy: OwnPolicy, economy: str, now_ms: int) -> dict[str, Any]:
    grant, asking, stopped = policy.grants.get(economy), policy.ask.get(economy), policy.blocked.get(economy)
    return {
        "economy": economy,
        "grant": grant
        and {
            "lists": sorted(map(str, grant.lists)),
            "purposes": [purpose.name for purpose in sorted(grant.purposes)],
            "until": rfc3339(grant.until_ms),
            "ended": grant.until_ms <= now_ms,
            "reference": grant.reference,
            "rate_per_second": grant.rate_per_second,
            "questions_per_day": grant.questions_per_day,
        },
        "ask": asking
        and {"until": rfc3339(asking.until_ms), "ended": asking.until_ms <= now_ms, "reference": asking.reference},
        "blocked": stopped and {"since": rfc3339(stopped.since_ms), "reference": stopped.reference},
        "lifted": [
            {"suspension": one.suspension, "at": rfc3339(one.at_ms), "reference": one.reference}
            for one in policy.lifted.values()
            if one.economy == economy
        ],
    }


def _lines(policy: OwnPolicy, economy: str, now_ms: int) -> Iterator[str]:
    grant, asking, stopped = policy.grants.get(economy), policy.ask.get(economy), policy.blocked.get(economy)
    if stopped:
        yield f"{economy} is blocked since {rfc3339(stopped.since_ms)} ({stopped.reference}): neither answered nor asked."
    if grant:
        lists = " and ".join(sorted(map(str, grant.lists), reverse=True))
        routine = "every purpose" if len(grant.purposes) == len(Purpose) else _names(grant)
        yield f"{economy} may ask {lists} for {routine}, {_end(grant.until_ms, now_ms)} ({grant.reference})."
    else:
        yield f"{economy} may ask nothing."
    if asking:
        yield f"{economy} is asked, {_end(asking.until_ms, now_ms)} ({asking.reference})."
    else:
        yield f"{economy} is not asked."
    for one in policy.lifted.values():
        if one.economy == economy:
            yield f"{economy}: suspension {one.suspension[:16]} is lifted here since {rfc3339(one.at_ms)} ({one.reference})."


def _names(grant: Grant) -> str:
    return ", ".join(purpose.name for purpose in sorted(grant.purposes))


def _end(until_ms: int, now_ms: int) -> str:
    return f"until {rfc3339(until_ms)}" + (" (ended)" if until_ms <= now_ms else "")


def _until(text: str, now_ms: int) -> int:
    try:
        until_ms = parse_ms(text)
    except ValueError as error:
        raise OperatorError("INVALID_TIME", f"`--until`: {error}.") from None
    if until_ms <= now_ms:
        raise OperatorError("GRANT_ENDED", "`--until` is in the past, so nothing would be opened; name a later time.")
    return until_ms


def _require_other(node: Node, economy: str) -> None:
    if economy == node.settings.economy:
        message = f"{economy} is this economy itself, which needs no grant to ask its own node; name a peer."
        raise OperatorError("GRANT_SELF", message)
