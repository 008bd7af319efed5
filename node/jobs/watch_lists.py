"""Every minute: a list that is held, or has grown old, is said in the log at once, and again until somebody mends it."""

from __future__ import annotations

from dataclasses import dataclass, field

from federation.documents import ListName
from federation.policy import lists_of
from node import app
from node.jobs.surroundings import Surroundings
from node.store.ports import SourceState
from node.times import rfc3339

EVERY_SECONDS = 60
AGAIN_SECONDS = 900
REPORTED_MAX_MS = 48 * 3_600_000
ISSUED_MAX_MS = 8 * 86_400_000


@dataclass(slots=True)
class Said:
    """When each thing was last said, on the monotonic clock; what is over is forgotten, so that it is new again."""

    _at: dict[tuple[object, ...], float] = field(default_factory=dict)
    _before: dict[tuple[object, ...], float] = field(default_factory=dict)
    _now: float = 0.0

    def begin(self, now: float) -> None:
        """Go through everything anew; what is not asked for until the next time is over."""
        self._before, self._at, self._now = self._at, {}, now

    def is_due(self, *thing: object) -> bool:
        """Whether it is new, or was last said a quarter of an hour ago; it counts as said then."""
        last = self._before.get(thing)
        due = last is None or self._now - last >= AGAIN_SECONDS
        self._at[thing] = self._now if last is None or due else last
        return due


# Of this process: a node that starts again says everything once more.
_SAID = Said()


async def run(around: Surroundings) -> None:
    """Peers stop taking a no-match from a reported list of 48 hours; the warning counts down to that."""
    await watch(around, _SAID)


async def watch(around: Surroundings, said: Said) -> None:
    """Say in the log what is due."""
    now_ms = around.node.clock.now_ms()
    sources = app.list_sources(around.node.settings)
    states = await around.feeder.with_writer(lambda writer: {name: writer.state(name) for name in ListName})
    said.begin(around.node.clock.monotonic())
    for name, longest in ((ListName.REPORTED, REPORTED_MAX_MS), (ListName.ISSUED, ISSUED_MAX_MS)):
        for source in sources[name]:
            state = states[name].sources.get(source, SourceState())
            fields = {"list": name.value, "source": source}
            if state.as_of_ms is None and _is_promised(around, name) and said.is_due("no data", name, source):
                around.log.warning("list has no data", **fields)
            held = (state.held_as_of_ms, state.held_rejected)
            if state.held_as_of_ms is not None and said.is_due("held", name, source, held):
                around.log.warning("import held for rejected lines", rejected=state.held_rejected, **fields)
            old = state.as_of_ms is not None and now_ms - state.as_of_ms > longest // 2
            if old and state.as_of_ms is not None and said.is_due("old", name, source, state.as_of_ms):
                until = rfc3339(state.as_of_ms + longest)
                around.log.warning("list grows old", data_as_of=rfc3339(state.as_of_ms), expires=until, **fields)


def _is_promised(around: Surroundings, name: ListName) -> bool:
    """Whether the member list has this economy answer from that list at all."""
    own = around.node.directory.members.get(around.node.economy)
    return own is not None and any(name in lists_of(coverage.kinds) for coverage in own.coverage.values())
