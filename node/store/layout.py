"""Where the files of a store lie, and how a file becomes one that survives a power cut.

store/
  changes.db            what changed since the generations were built; one writer (WAL)
  epoch                 8 octets, mapped: tells readers that something moved
  import.lock           held by the one importer
  incoming/<name>/      an import being staged; complete once its plan.json stands
  <list>/<generation>/  keys.db (what lookups read), records.db (what the desk and the next import read)
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from federation.documents import ListName
from node.store.errors import StoreDamaged

KEYS_FILE = "keys.db"
RECORDS_FILE = "records.db"
PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class StoreLayout:
    """The paths of the store in ``root``."""

    root: Path

    @property
    def changes(self) -> Path:
        """The database of changes."""
        return self.root / "changes.db"

    @property
    def epoch(self) -> Path:
        """The mapped counter."""
        return self.root / "epoch"

    @property
    def import_lock(self) -> Path:
        """Locked by whoever stages an import."""
        return self.root / "import.lock"

    @property
    def incoming(self) -> Path:
        """Where imports are staged."""
        return self.root / "incoming"

    def list_directory(self, list_name: ListName) -> Path:
        """All generations of one list."""
        return self.root / list_name.value

    def generation(self, list_name: ListName, number: int) -> Path:
        """One generation; 0 is that of a list that was never imported, and has no files."""
        return self.list_directory(list_name) / f"{number:08}"

    def make(self) -> None:
        """Make the directories, for the node's user and group alone."""
        for directory in (self.root, self.incoming, *(self.list_directory(name) for name in ListName)):
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            sync_directory(directory.parent)


def check_made(layout: StoreLayout) -> None:
    """Refuse a directory in which no writer has ever made a store. Raises StoreDamaged STORE_EMPTY."""
    if not layout.changes.exists():
        raise StoreDamaged(
            "STORE_EMPTY", f"There is no store in {layout.root}: start the node once, or restore the store."
        )


def sync_file(path: Path) -> None:
    """Return once the file's octets are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Return once the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """As `sync_file` and `sync_directory`, for a directory of files."""
    for child in path.iterdir():
        sync_file(child)
    sync_directory(path)


def remove_tree(path: Path) -> None:
    """Remove a directory that nothing points to any more; one that is gone already is no error."""
    shutil.rmtree(path, ignore_errors=True)
