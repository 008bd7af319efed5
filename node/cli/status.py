"""`rmas status`: what a running node is doing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import typer

from node.cli.options import HERE, Home, Json, open_node
from node.cli.output import paint, plural, print_json, say, table
from node.desk_client import connect
from node.durations import render_age
from node.printable import escape

_COLOURS = {"ready": "green", "reachable": "green", "degraded": "yellow", "unreachable": "red", "unknown": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("status")(status)


def status(home: Home = HERE, as_json: Json = False) -> int:
    """Show the workers, the lists with their age, and the peers as seen from here.

    Ends with 0 when the node is ready, with 1 when it is running and not ready, with 2 when it does not run.
    """
    node = open_node(home)
    with connect(node.layout.desk_socket) as desk:
        facts = desk.status()
    if as_json:
        print_json(facts)
    else:
        for line in _for_person(facts):
            say(line)
    return 0 if facts["state"] == "ready" else 1


def _for_person(facts: dict[str, Any]) -> Iterator[str]:
    state = facts["state"]
    yield f"{facts['node']} is {paint(state, 'bold', _COLOURS.get(state, 'yellow'))} since {facts['started_at']}"
    yield f"  answers on {', '.join(facts['peer_addresses'])}; charter {facts['charter']['version']} {facts['charter']['digest'][:16]}…"
    yield ""
    heading = ["worker", "pid", "ready", "answered", "refused", "sessions", "faults"]
    workers = [[_cell(one, name) for name in heading] for one in facts["workers"]]
    yield from table([heading, *workers], indent="  ")
    if facts["worker_restarts"]:
        yield f"  {plural(facts['worker_restarts'], 'restart')} of a worker since the start"
    yield ""
    rows = [[name, str(one["records"]), *_age(one)] for name, one in facts["lists"].items()]
    yield from table([["list", "records", "cut at", "age"], *rows], indent="  ")
    for name, one in facts["lists"].items():
        yield from _held(name, one["sources"])
    yield ""
    yield from _peers(facts["peers"])


def _cell(worker: dict[str, Any], name: str) -> str:
    value = worker["index" if name == "worker" else name]
    return {True: "yes", False: "no", None: "-"}.get(value, str(value)) if not _is_count(value) else str(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _age(one: dict[str, Any]) -> tuple[str, str]:
    if one["data_as_of"] is None:
        return "never imported in full", "-"
    return one["data_as_of"], render_age(timedelta(seconds=int(one["age_seconds"])))


def _held(name: str, sources: dict[str, dict[str, Any]]) -> Iterator[str]:
    for source, known in sources.items():
        if known["held_as_of"] is not None:
            yield paint(
                f"  {name} is held back since {known['held_since']}, and ages: {plural(known['held_rejected'], 'line')} of"
                f" source {source} rejected; import again with them corrected to have it as of {known['held_as_of']}",
                "yellow",
            )


def _peers(peers: list[dict[str, Any]]) -> Iterator[str]:
    for peer in peers:
        for one in peer["nodes"]:
            state = paint(one["state"], _COLOURS.get(one["state"], "yellow"))
            why = f" ({escape(one['last_error'])})" if one["last_error"] and one["state"] != "reachable" else ""
            yield f"  {peer['economy']}  {one['node']}  {state}{why}"
