"""Importing an extract: staged beside the live list, then put into service in one step.

`stage` runs in the command: it reads, checks and builds, and whatever happens to it, the list is as it was. `adopt` runs
in the one writer of the store and is short. Nobody is told that an import is taken before `adopt` has returned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from node.acceptance import (
    REJECTED_SHARE,
    ImportRefused,
    ImportRequest,
    as_of_ms,
    check_drop,
    check_lines,
    check_succession,
    check_told_again,
    state_after,
)
from node.books import WriterBook
from node.deltas import Application, Book
from node.extracts.errors import RejectedLine, UnreadableExtract
from node.extracts.lines import latest_day
from node.extracts.reading import Extract, Progress, Task, open_extract, read_extract
from node.extracts.staging import Tally
from node.reports import Ages, Counts, Outcome, Refusal, document_of
from node.staged import (
    GENERATION,
    OVERRIDES_FILE,
    Plan,
    Register,
    StagedBuild,
    held_for_taking,
    new_staging,
    staging_directory,
)
from node.store.layout import remove_tree
from node.store.ports import SourceState, StagedGeneration, Taken, Writer
from node.store.sqlite_build import Parts, build_generation
from node.store.sqlite_snapshot import Snapshot, take_snapshot
from node.store.sqlite_staged import OverridesBook, StagedLines, compare, withdrawals
from node.times import to_ms

# A delta that moves more numbers than this becomes part of a new generation; a smaller one is kept beside the list,
# which every worker holds in memory.
FOLD_FROM: Final = 50_000
FOLD_BESIDE: Final = 100_000


_TWICE: Final = "An earlier line has the same reference, so which of them counts is unknown: give each record its own."


@dataclass(frozen=True, slots=True)
class Staged:
    """An import on its way: the name under which it waits to be taken, None if it was refused or only tried; and what
    is known of its outcome by now.
    """

    name: str | None
    outcome: Outcome


def stage(register: Register, request: ImportRequest, stream: BinaryIO, now: datetime, progress: Progress) -> Staged:
    """Read, check and build an import; the caller is the one importer (`node.staged.one_importer`).

    What a rule forbids is an outcome that says so. Raises StoreError when the store or the disk fails.
    """
    work = _Work(register, request, to_ms(now))
    with new_staging(register.root, request.list_name) as directory:
        try:
            register.check_source(request.list_name, request.source)
            plan = work.plan(directory, stream, progress)
        except (ImportRefused, UnreadableExtract) as error:
            return Staged(None, work.refused(Refusal(error.code, error.message)))
        if not request.dry_run:
            plan.write(directory)
    return Staged(None if request.dry_run else directory.name, work.outcome(plan))


class _Work:
    """One import while it is staged, and what is known of it when it is refused half way."""

    def __init__(self, register: Register, request: ImportRequest, now_ms: int) -> None:
        self._register = register
        self._request = request
        self._now_ms = now_ms
        self._tally = Tally()
        self._counts = Counts()
        self._sources: Mapping[str, SourceState] = {}

    def plan(self, directory: Path, stream: BinaryIO, progress: Progress) -> Plan:
        """The numbered steps. Raises ImportRefused, UnreadableExtract, StoreError."""
        register, request = self._register, self._request
        # 1. What kind of file it is, and when it was cut.
        day = latest_day(self._now_ms)
        task = Task(request.list_name, not request.full, register.keys, register.routes, register.economy, day)
        header, blocks = open_extract(stream, task)
        cut_ms = as_of_ms(request, header.as_of, self._now_ms)
        # 2. What it is built on; what was noted after it was cut will stand whatever it says.
        snapshot = take_snapshot(
            register.root,
            register.keys,
            request.list_name,
            request.source,
            directory / OVERRIDES_FILE,
            replaced_until=cut_ms if request.full else None,
        )
        self._sources = snapshot.sources
        check_succession(request, cut_ms, snapshot.sources.get(request.source, SourceState()))
        # 3. Its lines, of which nothing names a document any more.
        extract = read_extract(header, blocks, task, directory, progress)
        self._tally = extract.tally
        check_lines(request, extract.tally.lines, extract.tally.rejected, sought=not request.full)
        # 4. The list that it makes.
        make = self._full if request.full else self._delta
        return make(directory, snapshot, extract, cut_ms)

    def _full(self, directory: Path, snapshot: Snapshot, extract: Extract, cut_ms: int | None) -> Plan:
        request, tally = self._request, extract.tally
        # One more than may be rejected: of a file that consists of them, that many refuse it.
        told = tally.lines // REJECTED_SHARE + 1
        build, duplicates = _build(directory, snapshot, request.source, extract.staged, told)
        for line in duplicates:
            tally.reject(line, RejectedLine("REFERENCE_TWICE", "reference", _TWICE))
        check_lines(request, tally.lines, tally.rejected)
        found = compare(directory / GENERATION, request.source, snapshot, extract.staged)
        check_drop(request, found.dropped, found.before)
        changed = tally.lines - tally.rejected - found.unchanged
        self._counts = Counts(changed, found.unchanged, found.withdrawn, found.kept)
        return Plan(request, cut_ms, tally, self._counts, (), build)

    def _delta(self, directory: Path, snapshot: Snapshot, extract: Extract, cut_ms: int | None) -> Plan:
        request, read = self._request, extract.tally
        book = OverridesBook(snapshot.overrides, request.source, snapshot.records)
        delta = application(request, book, cut_ms, self._now_ms)
        tally = self._tally = read.copy()
        apply_staged(delta, extract.staged, tally)
        book.close()
        check_lines(request, tally.lines, tally.rejected)
        self._counts = delta.counts
        check_told_again(request, *self._states(cut_ms), delta.counts)
        if delta.moved <= FOLD_FROM and snapshot.changed_keys + delta.moved <= FOLD_BESIDE:
            # Its lines are taken anew by the writer, on the list as it is then.
            return Plan(request, cut_ms, read, Counts(), tuple(path.name for path in extract.staged), None)
        build, _ = _build(directory, snapshot, request.source, (), 1)
        return Plan(request, cut_ms, tally, self._counts, (), build)

    def outcome(self, plan: Plan) -> Outcome:
        """What would become of it if it were taken now."""
        request = self._request
        _, after = self._states(plan.cut_ms)
        ages = self._register.ages_after(request.list_name, self._sources, request.source, after)
        return Outcome({**document_of(self._tally, self._counts, ages), "dry_run": request.dry_run})

    def _states(self, cut_ms: int | None) -> tuple[SourceState, SourceState]:
        """Of its source: before, and once it is taken."""
        before = self._sources.get(self._request.source, SourceState())
        return before, state_after(self._request, cut_ms, self._tally.rejected, before, self._now_ms)

    def refused(self, refusal: Refusal) -> Outcome:
        """That nothing is changed, and why."""
        ages = self._register.ages(self._request.list_name, self._sources, self._request.source)
        return Outcome(document_of(self._tally, Counts(), ages, refusal))


def _build(
    directory: Path, snapshot: Snapshot, source: str, lines: Sequence[Path], duplicates_told: int
) -> tuple[StagedBuild, tuple[int, ...]]:
    parts = Parts(source, lines, snapshot.records, snapshot.overrides)
    built = build_generation(directory / GENERATION, parts, duplicates_told)
    return StagedBuild(snapshot.generation, snapshot.epoch, built.records, built.numbers), built.duplicates


def application(request: ImportRequest, book: Book, cut_ms: int | None, now_ms: int) -> Application:
    """A delta on its way into ``book``. One that names no as-of to build on is known from when it was cut, or from now
    if it does not say; one that does is as good as a full extract. What was noted after it was cut stands, either way.
    """
    if request.moves_as_of:
        return Application(book, 0, cut_ms)
    return Application(book, cut_ms if cut_ms is not None else now_ms, cut_ms)


def apply_staged(delta: Application, staged: Sequence[Path], tally: Tally) -> None:
    """Take the lines of staging files in their order."""
    lines = StagedLines(staged)
    try:
        delta.apply(lines, tally)
    finally:
        lines.close()


def adopt(register: Register, writer: Writer, name: str, now: datetime) -> Outcome:
    """Put a staged import into service; the same name again changes nothing and reports the same.

    What a rule forbids is an outcome that says so. When it returns, the import is durable; readers show it from
    ``outcome.epoch`` on. Raises StoreError when the store or the disk fails; then nothing is changed.
    """
    taken = writer.adopted(name)
    if taken is not None:
        return Outcome(json.loads(taken[1]), taken[0])
    try:
        directory = staging_directory(register.root, name)
        # From before the plan is read until the switch is durable, no later importer may clear this away.
        with held_for_taking(directory):
            adoption = _Adoption(register, writer, name, Plan.read(directory), to_ms(now))
            outcome = adoption.outcome(directory)
            # Kept until here: if we stop before, the same name may be asked for again.
            remove_tree(directory)
    except ImportRefused as error:
        return Outcome(document_of(Tally(), Counts(), Ages(), Refusal(error.code, error.message)))
    return outcome


class _Adoption:
    """A staged import on its way into the list."""

    def __init__(self, register: Register, writer: Writer, name: str, plan: Plan, now_ms: int) -> None:
        self._register = register
        self._writer = writer
        self._name = name
        self._plan = plan
        self._now_ms = now_ms
        self._list_name = plan.request.list_name
        self._source = plan.request.source
        self._tally = plan.tally
        self._sources = writer.state(self._list_name).sources
        self._before = self._sources.get(self._source, SourceState())

    def outcome(self, directory: Path) -> Outcome:
        """Taken, or that nothing is changed, and why. Raises StoreError."""
        try:
            return self._take(directory)
        except ImportRefused as error:
            ages = self._register.ages(self._list_name, self._sources, self._source)
            return Outcome(document_of(self._tally, Counts(), ages, Refusal(error.code, error.message)))

    def _take(self, directory: Path) -> Outcome:
        # Once more, for the list may have moved on while this was staged.
        check_succession(self._plan.request, self._plan.cut_ms, self._before)
        build = self._plan.build
        return self._put_beside(directory) if build is None else self._switch(directory, build)

    def _switch(self, directory: Path, build: StagedBuild) -> Outcome:
        request = self._plan.request
        staged = StagedGeneration(
            list_name=self._list_name,
            source=self._source,
            path=directory / GENERATION,
            base_generation=build.base_generation,
            base_epoch=build.base_epoch,
            records=build.records,
            numbers=build.numbers,
            as_of_ms=self._plan.cut_ms if request.full else None,
            tombstones=() if request.full else withdrawals(directory / OVERRIDES_FILE, self._source),
        )
        taken, document = self._taken(self._plan.counts)
        return Outcome(document, self._writer.switch(staged, taken))

    def _put_beside(self, directory: Path) -> Outcome:
        request = self._plan.request
        book = WriterBook(self._writer, self._list_name, self._source)
        delta = application(request, book, self._plan.cut_ms, self._now_ms)
        apply_staged(delta, [directory / name for name in self._plan.lines], self._tally)
        check_lines(request, self._tally.lines, self._tally.rejected)
        taken, document = self._taken(delta.counts)
        return Outcome(document, self._writer.put([book.puts], taken))

    def _taken(self, counts: Counts) -> tuple[Taken, dict[str, Any]]:
        """What the writer keeps with the change, in the same step."""
        plan = self._plan
        after = state_after(plan.request, plan.cut_ms, self._tally.rejected, self._before, self._now_ms)
        # Once more here: what it was staged on may have changed since.
        check_told_again(plan.request, self._before, after, counts)
        ages = self._register.ages_after(self._list_name, self._sources, self._source, after)
        document = document_of(self._tally, counts, ages)
        return Taken(self._name, json.dumps(document), after), document
