"""What the rest of the node may expect of a store, whatever it is made of.

Workers hold a `Reader` and ask a `View`; the one writer of a store (the supervisor, or a command while the node is
down) holds a `Writer`. `tests/node/store/contract.py` puts every implementation to the same questions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from federation.documents import ListName

# What is found under one stored key: nothing (the document is not on the list), or a tag for each pair of dates that a
# record of it has. The reported list keeps no dates, so there a document that is found has the one tag 0.
Tags = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as a list keeps it: nothing in it names the document but the keyed digest.

    ``key`` is that of the record's only number, or of the first of a range. ``tag`` is the keyed digest of the dates
    (issued), 0 (reported), or for a range a keyed digest of all that it names; equal tags mean equal records.
    ``numbers`` is how many documents it names. ``status`` and ``reported_on`` are empty in the issued list.
    ``noted_ms`` is when it was told us by hand or by a delta that names no as-of, 0 when an extract brought it: a later
    extract only replaces what was noted before it was cut.
    """

    key: bytes
    tag: int
    numbers: int = 1
    status: str = ""
    reported_on: str = ""
    noted_ms: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """That a record was withdrawn, why (may be empty), and when by hand (0: an extract said so)."""

    reason: str = ""
    noted_ms: int = 0


class KeyedLine(NamedTuple):
    """What is kept of a line of an extract: digests, and facts that name nobody.

    ``key`` is None for a withdrawal that names its reference alone. ``keys`` are those of a range, else empty.
    """

    action: str
    reference: str
    key: bytes | None
    tag: int
    numbers: int
    status: str
    reported_on: str
    reason: str
    keys: Collection[bytes] = ()
    derived: bool = False


@dataclass(frozen=True, slots=True)
class RecordPut:
    """A record of one source as it is to stand from now on. ``keys`` are all that it names: 0 when withdrawn, 1, or
    the numbers of a range.
    """

    reference: str
    state: StoredRecord | Withdrawn
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SourcePuts:
    """What is put into one source of one list."""

    list_name: ListName
    source: str
    puts: Sequence[RecordPut]


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of one source of one list, times in milliseconds since 1970.

    ``as_of_ms`` is None until a full import was taken, and after a restore. ``held_as_of_ms`` is set while an import
    with rejected lines waits for them to be corrected or accepted: the as-of it would have had.
    """

    as_of_ms: int | None = None
    held_as_of_ms: int | None = None
    held_since_ms: int | None = None
    held_rejected: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """An import that is taken: its staging name, its report, and what is known of its source from then on."""

    staged: str
    report: str
    source_state: SourceState


@dataclass(frozen=True, slots=True)
class StagedGeneration:
    """A generation built and made durable beside the live one.

    It was built on ``base_generation`` and the changes up to ``base_epoch``, and holds ``records`` records that name
    ``numbers`` numbers. ``tombstones`` are the withdrawals it brings, which must be known when they are told again.
    ``as_of_ms`` is set when it is a full import of ``source``: what was noted of that source until then is replaced.
    """

    list_name: ListName
    source: str
    path: Path
    base_generation: int
    base_epoch: int
    records: int
    numbers: int
    as_of_ms: int | None = None
    tombstones: Iterable[tuple[str, Withdrawn]] = ()


@dataclass(frozen=True, slots=True)
class ListState:
    """One list as it stands: which generation, how much is in it, and each of its sources that ever fed it.

    ``changed_keys`` counts the keys whose state differs from the generation's.
    """

    generation: int
    records: int
    numbers: int
    changed_records: int
    changed_keys: int
    sources: Mapping[str, SourceState]


class View(Protocol):
    """The lists as they stood at one moment; it does not change while somebody holds it."""

    @property
    def epoch(self) -> int:
        """Grows by one with each change; a worker whose view has this epoch serves that change."""

    def data_as_of(self, list_name: ListName) -> int | None:
        """When the oldest configured source of a list was cut, in milliseconds since 1970.

        None when a source was never imported in full: the list has no data and must answer nothing.
        """

    def find(self, list_name: ListName, keys: Sequence[bytes]) -> list[Tags]:
        """What stands under each key, in order; () for a document that is not on the list.

        Raises StoreError when a file of the store cannot be read; a failure never reads as absence.
        """


class Reader(Protocol):
    """A worker's way into the store, which it cannot write. Safe to use from several threads."""

    def view(self) -> View:
        """The present view; cheap enough to be taken anew for each request."""

    def close(self) -> None:
        """Let go of the files; views taken before stay good until they are dropped."""


class Writer(Protocol):
    """The one writer of a store. What a method returned from is on the disk, whatever happens next."""

    def state(self, list_name: ListName) -> ListState:
        """What stands in a list, for status, brakes and reports."""

    def record(self, list_name: ListName, source: str, reference: str) -> StoredRecord | Withdrawn | None:
        """A record as it stands now; None if the reference was never told, or a full import has left it out since."""

    def put(self, changes: Sequence[SourcePuts], taken: Taken | None = None) -> int:
        """Apply puts to all their lists, and what an import says of its source if they are one, in one step.

        Returns the epoch that shows them. Raises StoreLimit when more would be kept beside the list than every reader
        can hold in memory; nothing is changed then.
        """

    def switch(self, staged: StagedGeneration, taken: Taken) -> int:
        """Put a staged generation into service in one step, with every change on it that was told while it was built.

        Returns the epoch that shows it. Raises StoreError STAGED_STALE when it was built on another generation.
        """

    def adopted(self, staged: str) -> tuple[int, str] | None:
        """Epoch and report of a staged import that was taken before, so that taking it twice changes nothing."""

    def close(self) -> None:
        """Let go of the files."""
