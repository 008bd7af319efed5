"""Every quarter of an hour: a list that is held, or has grown old, is said in the log until somebody mends it."""

from __future__ import annotations

from federation.documents import ListName
from federation.policy import lists_of
from node import app
from node.jobs.surroundings import Surroundings
from node.store.ports import SourceState
from node.times import rfc3339

EVERY_SECONDS = 900
REPORTED_MAX_MS = 48 * 3_600_000
ISSUED_MAX_MS = 8 * 86_400_000


async def run(around: Surroundings) -> None:
    """Peers stop taking a no-match from a reported list of 48 hours; the warning counts down to that."""
    now_ms = around.node.clock.now_ms()
    sources = app.list_sources(around.node.settings)
    states = await around.feeder.with_writer(lambda writer: {name: writer.state(name) for name in ListName})
    for name, longest in ((ListName.REPORTED, REPORTED_MAX_MS), (ListName.ISSUED, ISSUED_MAX_MS)):
        for source in sources[name]:
            state = states[name].sources.get(source, SourceState())
            fields = {"list": name.value, "source": source}
            if state.as_of_ms is None and _is_promised(around, name):
                around.log.warning("list has no data", **fields)
            if state.held_as_of_ms is not None:
                around.log.warning("import held for rejected lines", rejected=state.held_rejected, **fields)
            if state.as_of_ms is not None and now_ms - state.as_of_ms > longest // 2:
                until = rfc3339(state.as_of_ms + longest)
                around.log.warning("list grows old", data_as_of=rfc3339(state.as_of_ms), expires=until, **fields)


def _is_promised(around: Surroundings, name: ListName) -> bool:
    """Whether the member list has this economy answer from that list at all."""
    own = around.node.directory.members[around.node.economy]
    return any(name in lists_of(coverage.kinds) for coverage in own.coverage.values())
