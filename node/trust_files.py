"""The files of `trust/`, and the one step in which a set of documents takes the place of another.

trust/
  floor            which documents are held, and the highest numbers ever held; authenticated; its rename is that one step
  epoch            8 octets, mapped: tells readers that the floor has changed, or `grants.json` has
  charters/ …      the documents, each under a name that holds the digest of its octets, so that none is ever written over
  evidence/        documents that contradict each other, both sides, for people

A reader takes the floor, then the files it names; one that is gone by then was dropped by a newer floor, so it starts
over. A writer puts the new files there, makes them durable, replaces the floor, and only then removes what is named no
more. Killed anywhere, it leaves the old set or the new one, and files that nothing names, which the next change removes.

Nothing here knows what a document says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from node import epoch, plain_file
from node.errors import OperatorError
from node.exclusive import turn
from node.trust_floor import (
    FOLDERS,
    INDISPENSABLE,
    MAX_OCTETS,
    Floor,
    ForeignFloor,
    Mark,
    OtherSchema,
    Paper,
    TrustKind,
    decode,
    encode,
)

FLOOR_FILE: Final = "floor"
EPOCH_FILE: Final = "epoch"
MAX_FLOOR_OCTETS: Final = 16 * 1024 * 1024
MAX_EVIDENCE: Final = 64
_FOLDER_MODE: Final = 0o750
_FILE_MODE: Final = 0o640
_ATTEMPTS: Final = 100
_EVIDENCE: Final = "evidence"

__all__ = [
    "EPOCH_FILE",
    "FLOOR_FILE",
    "INDISPENSABLE",
    "MAX_OCTETS",
    "Floor",
    "Mark",
    "Paper",
    "Snapshot",
    "TrustFiles",
    "TrustKind",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A floor, and the octets of its papers; those of ``missing`` are gone, or are not what was held."""

    floor: Floor
    octets: Mapping[Paper, bytes]
    missing: tuple[Paper, ...]
    stamp: bytes


class TrustFiles:
    """The directory ``root``, as one process sees it. Every method raises OperatorError with a sentence."""

    def __init__(self, root: Path, key: bytes) -> None:
        """``key``: 32 octets, under which the floor is authenticated."""
        self.root = root
        self._key = key

    @classmethod
    def create(cls, root: Path, anchor: bytes, make_key: Callable[[], bytes]) -> TrustFiles:
        """Make the directory for a node that holds nothing yet but the digest (32 octets) of the charter it trusts.

        ``make_key`` is called once it is clear that there is none: whatever it made before was of no use yet. Raises
        OperatorError TRUST_EXISTS, TRUST_UNWRITTEN.
        """
        try:
            for folder in (root, *(root / name for name in (*FOLDERS.values(), _EVIDENCE))):
                folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            with turn(root):
                if (root / FLOOR_FILE).exists():
                    message = f"{root} holds what this node trusts already; move it away to start from another charter."
                    raise OperatorError("TRUST_EXISTS", message)
                files = cls(root, make_key())
                files.commit(Floor(anchor), {})
                _sync(root.parent)
                return files
        except OSError as error:
            raise _unwritten(root, error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One writer at a time, however many processes try."""
        try:
            with turn(self.root):
                yield
        except OSError as error:
            raise _unwritten(self.root, error) from error

    def stamp(self) -> bytes:
        """What changes with each floor; cheap. Raises OperatorError as `snapshot`."""
        return sha256(self._floor_octets()).digest()

    def snapshot(self) -> Snapshot:
        """The set held, all of one moment.

        Raises OperatorError: TRUST_MISSING, TRUST_FLOOR_DAMAGED (edited, cut short, or of another key), TRUST_UNREADABLE.
        """
        for _ in range(_ATTEMPTS):
            data = self._floor_octets()
            floor = self._parse(data)
            octets = {paper: found for paper in floor.papers if (found := self._octets_of(paper)) is not None}
            missing = tuple(paper for paper in floor.papers if paper not in octets)
            if not missing or self._floor_octets() == data:
                return Snapshot(floor, octets, missing, sha256(data).digest())
        message = f"{self.root} changes faster than it can be read; stop whatever writes there."
        raise OperatorError("TRUST_UNREADABLE", message)

    def commit(self, floor: Floor, octets: Mapping[Paper, bytes]) -> None:
        """Let ``floor`` be what is held; ``octets`` are those of its papers that may not be there yet. Durable on return.

        The caller is `alone`. Raises OperatorError TRUST_UNWRITTEN, with all as it was; TRUST_UNTOLD, all taken.
        """
        try:
            self._sweep(None)
            self._put(octets)
            floor = replace(floor, epoch=epoch.read(self.root / EPOCH_FILE) + 1)
            _write(self.root / FLOOR_FILE, encode(floor, self._key))
            _sync(self.root)
        except OSError as error:
            with suppress(OSError, OperatorError):
                # Where there is no room, what was written for nothing is in the way.
                self._sweep({paper.name for paper in self._parse(self._floor_octets()).papers})
            raise _unwritten(self.root, error) from error
        self.finish(floor)

    def finish(self, floor: Floor) -> None:
        """What follows a change, and whoever made it may have been killed before it: tell all, remove what has gone.

        The caller is `alone`. Raises OperatorError TRUST_UNTOLD.
        """
        try:
            if epoch.read(self.root / EPOCH_FILE) < floor.epoch:
                epoch.move(self.root / EPOCH_FILE)
        except OSError as error:
            message = (
                f"The documents are held, but running processes cannot be told ({error.strerror}): start the node anew."
            )
            raise OperatorError("TRUST_UNTOLD", message) from error
        with suppress(OSError):
            self._sweep({paper.name for paper in floor.papers})

    def keep_evidence(self, papers: Mapping[Paper, bytes]) -> None:
        """Keep documents that contradict each other, as long as there is room: 64 files."""
        folder = self.root / _EVIDENCE
        try:
            for paper, octets in papers.items():
                path = folder / Path(paper.name).name
                if not path.exists() and sum(1 for _ in folder.iterdir()) < MAX_EVIDENCE:
                    _write(path, octets)
            _sync(folder)
        except OSError as error:
            raise _unwritten(self.root, error) from error

    def evidence(self) -> list[str]:
        """The names of the files in `evidence/`."""
        with suppress(OSError):
            return sorted(path.name for path in (self.root / _EVIDENCE).iterdir())
        return []

    def _put(self, octets: Mapping[Paper, bytes]) -> None:
        folders = set()
        for paper, data in octets.items():
            path = self.root / paper.name
            if self._octets_of(paper) is None:
                _write(path, data)
                folders.add(path.parent)
        for folder in folders:
            _sync(folder)

    def _sweep(self, named: set[str] | None) -> None:
        """Remove what a stop left half written and, with ``named``, every document that is not named."""
        for folder in (self.root, *(self.root / name for name in FOLDERS.values())):
            for path in list(folder.iterdir()):
                half = path.name.startswith(".") and path.name.endswith(".new")
                dropped = named is not None and folder != self.root and f"{folder.name}/{path.name}" not in named
                if (half or dropped) and not path.is_dir():
                    path.unlink(missing_ok=True)

    def _octets_of(self, paper: Paper) -> bytes | None:
        with suppress(FileNotFoundError, plain_file.NotPlain):
            data = plain_file.read(self.root / paper.name, MAX_OCTETS[paper.kind], forbidden=0)
            return data if sha256(data).digest() == paper.content else None
        return None

    def _floor_octets(self) -> bytes:
        path = self.root / FLOOR_FILE
        try:
            return plain_file.read(path, MAX_FLOOR_OCTETS)
        except FileNotFoundError:
            message = (
                f"{path} is missing, so nobody knows what this node trusts: restore {self.root} as a whole, or move it"
                " away and begin anew with the digest of the charter."
            )
            raise OperatorError("TRUST_MISSING", message) from None
        except plain_file.NotPlain as error:
            raise OperatorError("TRUST_UNREADABLE", f"{path} is not taken: {error}.") from None

    def _parse(self, data: bytes) -> Floor:
        path = self.root / FLOOR_FILE
        try:
            return decode(data, self._key)
        except ForeignFloor:
            message = (
                f"{path} is not as this node wrote it: somebody edited it, or the key in secrets/trust is another one."
                " Restore both as a whole, or move them away and begin anew with the digest of the charter."
            )
            raise OperatorError("TRUST_FLOOR_DAMAGED", message) from None
        except OtherSchema:
            message = f"{path} was written by another version of this program; use that one."
            raise OperatorError("TRUST_VERSION", message) from None


def _unwritten(root: Path, error: OSError) -> OperatorError:
    message = f"{root} cannot be written: {error.strerror}; free space or correct its owner. What was held still is."
    return OperatorError("TRUST_UNWRITTEN", message)


def _write(path: Path, data: bytes) -> None:
    """Make ``path`` hold ``data``; durable once its directory is synced."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
