"""Every minute: a list that is held, or has grown old, is said in the log at once, and again until somebody mends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from federation.documents import ListName
from federation.policy import lists_of
from node import app
from node.jobs.surroundings import Surroundings
from node.store.ports import ListState, SourceState
from node.times import rfc3339

EVERY_SECONDS = 60
AGAIN_SECONDS = 900
REPORTED_MAX_MS = 48 * 3_600_000
ISSUED_MAX_MS = 8 * 86_400_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a list: the event of the log, its fields in order, and the as-of that it is about."""

    event: str
    fields: tuple[tuple[str, str | int], ...]
    as_of_ms: int | None = None


@dataclass(slots=True)
class Said:
    """When each finding was last said, on the monotonic clock; what is over is forgotten, so that it is new again."""

    _at: dict[Finding, float] = field(default_factory=dict)

    def due(self, findings: list[Finding], now: float) -> list[Finding]:
        """Those that are new, or were said a quarter of an hour ago; they count as said."""
        due = [one for one in findings if one not in self._at or now - self._at[one] >= AGAIN_SECONDS]
        self._at = {one: self._at[one] for one in findings if one in self._at} | dict.fromkeys(due, now)
        return due


# Of this process: a node that starts again says everything once more.
_SAID = Said()


async def run(around: Surroundings) -> None:
    """Peers stop taking a no-match from a reported list of 48 hours; the warning counts down to that."""
    await watch(around, _SAID)


async def watch(around: Surroundings, said: Said) -> None:
    """Say in the log what is due."""
    states = await around.feeder.with_writer(lambda writer: {name: writer.state(name) for name in ListName})
    findings = list(_findings(around, states))
    for one in said.due(findings, around.node.clock.monotonic()):
        around.log.warning(one.event, **dict(one.fields))


def _findings(around: Surroundings, states: Mapping[ListName, ListState]) -> Iterator[Finding]:
    now_ms = around.node.clock.now_ms()
    sources = app.list_sources(around.node.settings)
    for name, longest in ((ListName.REPORTED, REPORTED_MAX_MS), (ListName.ISSUED, ISSUED_MAX_MS)):
        for source in sources[name]:
            state = states[name].sources.get(source, SourceState())
            where = (("list", name.value), ("source", source))
            if state.as_of_ms is None and _is_promised(around, name):
                yield Finding("list has no data", where)
            if state.held_as_of_ms is not None:
                rejected = (("rejected", state.held_rejected), *where)
                yield Finding("import held for rejected lines", rejected, state.held_as_of_ms)
            if state.as_of_ms is not None and now_ms - state.as_of_ms > longest // 2:
                times = (("data_as_of", rfc3339(state.as_of_ms)), ("expires", rfc3339(state.as_of_ms + longest)))
                yield Finding("list grows old", (*times, *where), state.as_of_ms)


def _is_promised(around: Surroundings, name: ListName) -> bool:
    """Whether the member list has this economy answer from that list at all."""
    own = around.node.directory.members[around.node.economy]
    return any(name in lists_of(coverage.kinds) for coverage in own.coverage.values())
