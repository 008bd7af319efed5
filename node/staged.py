"""The directory in which an import waits to be taken, and the plan that makes it complete."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from federation.documents import ListName
from federation.routes import RouteTable
from node.acceptance import ImportRefused, ImportRequest, cautions_of
from node.extracts.staging import Tally
from node.reports import Ages, Counts
from node.store.keys import StoreKeys
from node.store.layout import PLAN_FILE, StoreLayout, check_made, remove_tree, sync_directory, sync_file
from node.store.locks import import_lock, remove_staged, taking
from node.store.ports import SourceState

OVERRIDES_FILE: Final = "overrides.db"
GENERATION: Final = "generation"
_NAME = re.compile(r"(?:reported|issued)-[a-z0-9_]{1,40}").fullmatch


@dataclass(frozen=True, slots=True)
class Register:
    """Whose lists these are: where they lie, their keys and sources, and which documents are the economy's own."""

    root: Path
    keys: StoreKeys
    sources: Mapping[ListName, Sequence[str]]
    routes: RouteTable
    economy: str

    def check_source(self, list_name: ListName, source: str) -> None:
        """Raises ImportRefused SOURCE_UNKNOWN for a source that the settings do not name."""
        if source not in self.sources[list_name]:
            raise ImportRefused(
                "SOURCE_UNKNOWN",
                f"The settings name {', '.join(self.sources[list_name])} as sources of the {list_name} list: take one of"
                f" them with --source, or add it to `store.sources.{list_name}`.",
            )

    def ages(self, list_name: ListName, known: Mapping[str, SourceState], source: str) -> Ages:
        """The as-of of a list, that of its oldest source, and what ``source`` would have but for rejected lines."""
        states = [known.get(name, SourceState()) for name in self.sources[list_name]]
        times = [state.as_of_ms for state in states if state.as_of_ms is not None]
        held = known.get(source, SourceState()).held_as_of_ms
        return Ages(min(times) if len(times) == len(states) else None, held)

    def ages_after(
        self, list_name: ListName, known: Mapping[str, SourceState], source: str, after: SourceState
    ) -> Ages:
        """As `ages`, once an import of ``source`` is taken, with what else that brings."""
        others = [known.get(name, SourceState()) for name in self.sources[list_name] if name != source]
        ages = self.ages(list_name, {**known, source: after}, source)
        return replace(ages, cautions=cautions_of(known.get(source, SourceState()), after, others))


@dataclass(frozen=True, slots=True)
class StagedBuild:
    """A generation that waits: what it was built on, and what it holds."""

    base_generation: int
    base_epoch: int
    records: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the writer needs to take a staged import. ``build`` is None for a delta small enough to be kept beside
    the list; then ``lines`` are the staging files, and what they change is found out when they are taken.
    """

    request: ImportRequest
    cut_ms: int | None
    tally: Tally
    counts: Counts
    lines: tuple[str, ...]
    build: StagedBuild | None

    def write(self, directory: Path) -> None:
        """Complete the staging directory, durably: its other files first, the plan last."""
        for path in directory.glob("*.db"):
            sync_file(path)
        plan = directory / PLAN_FILE
        plan.write_text(json.dumps(asdict(self)), encoding="utf-8")
        sync_file(plan)
        sync_directory(directory)
        sync_directory(directory.parent)

    @classmethod
    def read(cls, directory: Path) -> Plan:
        """Raises ImportRefused STAGED_UNKNOWN when nothing complete is staged there."""
        try:
            found: dict[str, Any] = json.loads((directory / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise unknown_staging() from None
        request = found["request"]
        return cls(
            request=ImportRequest(**{**request, "list_name": ListName(request["list_name"])}),
            cut_ms=found["cut_ms"],
            tally=Tally.from_json(found["tally"]),
            counts=Counts(**found["counts"]),
            lines=tuple(found["lines"]),
            build=StagedBuild(**found["build"]) if found["build"] is not None else None,
        )


def staging_directory(root: Path, name: str) -> Path:
    """Where an import of this name is staged. Raises ImportRefused STAGED_UNKNOWN for what is no such name."""
    if not _NAME(name):
        raise unknown_staging()
    return StoreLayout(root).incoming / name


@contextmanager
def held_for_taking(directory: Path) -> Iterator[None]:
    """Keep a staged import where it is while the context lasts. Raises ImportRefused STAGED_UNKNOWN."""
    with ExitStack() as held:
        try:
            held.enter_context(taking(directory))
        except OSError:
            raise unknown_staging() from None
        yield


def unknown_staging() -> ImportRefused:
    """No import of this name waits to be taken."""
    return ImportRefused("STAGED_UNKNOWN", "No import of that name is staged: run `rmas import` again.")


@contextmanager
def one_importer(root: Path) -> Iterator[None]:
    """Be the one importer while the context lasts, and start from nothing staged.

    Raises ImportRefused IMPORT_RUNNING, StoreDamaged when there is no store.
    """
    layout = StoreLayout(root)
    check_made(layout)
    with import_lock(layout.import_lock) as held:
        if not held:
            raise ImportRefused("IMPORT_RUNNING", "Another import is running: wait until it has ended.")
        remove_staged(layout.incoming)
        yield


@contextmanager
def new_staging(root: Path, list_name: ListName) -> Iterator[Path]:
    """A new staging directory, which is removed if the context ends before its plan is written."""
    directory = Path(tempfile.mkdtemp(prefix=f"{list_name.value}-", dir=StoreLayout(root).incoming))
    try:
        yield directory
    finally:
        if not (directory / PLAN_FILE).exists():
            remove_tree(directory)
