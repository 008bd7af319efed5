"""What a damaged, full or foreign store does: a sentence, never a wrong answer, and nothing overwritten."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from federation.documents import ListName
from node.acceptance import ImportRefused
from node.store import sqlite_build
from node.store.connect import check_sqlite, open_building
from node.store.errors import StoreDamaged, StoreError, StoreFull, StoreVersion
from node.store.layout import StoreLayout
from node.store.locks import import_lock
from node.store.sqlite_reader import open_reader
from node.store.sqlite_writer import open_writer
from tests.node.passport_office import PassportOffice, at, hour, reported

ROWS = [reported(f"QZX{n:06}", f"P-{n}") for n in range(500)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PassportOffice]:
    office = PassportOffice(tmp_path / "store")
    office.full(ROWS, at(1))
    office.put("withdraw", {"reference": "P-3"})
    yield office
    office.close()


def fingerprints(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def only(root: Path, name: str) -> Path:
    (path,) = root.rglob(name)
    return path


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def scribble(path: Path) -> None:
    path.write_bytes(b"no database " * 1_000)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", ["keys.db", "records.db", "changes.db"])
@pytest.mark.parametrize("harm", [cut, empty, scribble, replace_by_directory, Path.unlink])
def test_a_damaged_file_is_named_and_nothing_is_overwritten(
    office: PassportOffice, name: str, harm: Callable[[Path], None]
) -> None:
    """H07."""
    office.close()
    harm(only(office.root, name))
    before = fingerprints(office.root)
    with pytest.raises(StoreError) as caught:
        open_writer(office.root, office.keys).put([])
    assert name in caught.value.message or str(office.root) in caught.value.message
    kept = fingerprints(office.root)
    assert {path for path in before if path.endswith((".db", "epoch"))} <= set(kept)
    assert all(kept[path] == before[path] for path in before if "000" in path)
    office.root = office.root.with_name("other")
    office.__post_init__()


@pytest.mark.parametrize("harm", [cut, empty, scribble])
def test_a_worker_does_not_answer_from_a_damaged_list(office: PassportOffice, harm: Callable[[Path], None]) -> None:
    """H06: never a wrong NO_MATCH."""
    harm(only(office.root, "keys.db"))
    with pytest.raises(StoreDamaged):
        open_reader(office.root, office.keys, office.sources)


def test_pages_that_do_not_hold_together_are_an_error_and_no_absence(office: PassportOffice) -> None:
    """H06."""
    office.close()
    path = only(office.root, "keys.db")
    octets = bytearray(path.read_bytes())
    for page in range(4096, len(octets), 4096):
        octets[page : page + 64] = b"\xff" * 64
    path.write_bytes(octets)
    reader = open_reader(office.root, office.keys, office.sources)
    with pytest.raises(StoreDamaged):
        reader.view().find(ListName.REPORTED, [office.keys.key_of("NZL", "P", "QZX000001")])
    reader.close()
    office.__post_init__()


def test_changes_that_were_acknowledged_and_are_gone_are_missed(office: PassportOffice) -> None:
    """H07: a removed WAL leaves a database that looks whole."""
    copy = office.root.with_name("copy")
    office.put("add", reported("QZX900000", "DESK-1"))
    shutil.copytree(office.root, copy)
    (copy / "changes.db-wal").unlink()
    with pytest.raises(StoreDamaged, match="lost changes"):
        open_writer(copy, office.keys)


def test_a_store_of_another_version_is_refused_untouched(office: PassportOffice) -> None:
    """J10."""
    office.close()
    changes = sqlite3.connect(office.root / "changes.db")
    changes.execute("PRAGMA user_version = 99")
    changes.close()
    before = fingerprints(office.root)
    for use in (
        lambda: open_writer(office.root, office.keys),
        lambda: open_reader(office.root, office.keys, office.sources),
    ):
        with pytest.raises(StoreVersion, match="rmas upgrade"):
            use()
    assert {name: octets for name, octets in fingerprints(office.root).items() if "changes.db" not in name} == {
        name: octets for name, octets in before.items() if "changes.db" not in name
    }
    office.root = office.root.with_name("other")
    office.__post_init__()


def test_a_sqlite_that_may_corrupt_its_files_is_refused() -> None:
    """H09: Debian 12's."""
    with pytest.raises(StoreVersion, match=r"SQLite 3\.40\.1"):
        check_sqlite(3_040_001)
    check_sqlite()


def test_leftovers_of_a_stop_are_removed_at_the_next_start(office: PassportOffice) -> None:
    """H14."""
    layout = StoreLayout(office.root)
    layout.generation(ListName.REPORTED, 2).mkdir()
    (layout.generation(ListName.REPORTED, 2) / "keys.db").write_bytes(b"half")
    (layout.incoming / "reported-left").mkdir()
    office.reopen()
    assert [path.name for path in layout.list_directory(ListName.REPORTED).iterdir()] == ["00000001"]
    assert list(layout.incoming.iterdir()) == []
    assert office.found("QZX000001", "QZX000003") == [(0,), ()]


def test_a_start_leaves_alone_what_somebody_is_staging(office: PassportOffice) -> None:
    layout = StoreLayout(office.root)
    with import_lock(layout.import_lock) as held:
        assert held
        (layout.incoming / "reported-mine").mkdir()
        office.reopen()
        assert (layout.incoming / "reported-mine").exists()


def test_files_of_generations_that_nobody_needs_are_removed(office: PassportOffice) -> None:
    for hours in (2, 2.5, 3):
        office.full(ROWS, at(hours))
    names = sorted(path.name for path in (office.root / "reported").iterdir())
    # The one before the last may still be open in a worker that has not looked since.
    assert names == ["00000003", "00000004"]


class TestFullDisk:
    """H05: refused cleanly, lookups go on, and it recovers when there is room."""

    def check_unharmed(self, office: PassportOffice) -> None:
        assert office.as_of() == hour(1)
        assert office.found("QZX000001", "QZX000003", "QZX900000") == [(0,), (), ()]
        assert list((office.root / "incoming").iterdir()) == []
        office.reopen()
        assert office.as_of() == hour(1)
        assert office.found("QZX000001", "QZX000003", "QZX900000") == [(0,), (), ()]

    @pytest.mark.parametrize("pages", [1, 2, 4, 6])
    def test_while_a_generation_is_built(
        self, office: PassportOffice, pages: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def small(path: Path) -> apsw.Connection:
            connection = open_building(path)
            connection.pragma("max_page_count", pages)
            return connection

        monkeypatch.setattr(sqlite_build, "open_building", small)
        with pytest.raises(StoreFull, match="free space"):
            office.full(ROWS, at(2))
        self.check_unharmed(office)
        monkeypatch.undo()
        assert office.full(ROWS, at(2)).exit_code == 0

    def test_while_lines_are_staged(self, office: PassportOffice, monkeypatch: pytest.MonkeyPatch) -> None:
        def small(path: Path, *, cache_mib: int) -> apsw.Connection:
            connection = open_building(path, cache_mib=cache_mib)
            connection.pragma("max_page_count", 3)
            return connection

        monkeypatch.setattr("node.extracts.staging.open_building", small)
        with pytest.raises(StoreFull, match="free space"):
            office.full(ROWS, at(2))
        self.check_unharmed(office)

    def test_while_a_record_is_told(self, office: PassportOffice) -> None:
        (pages,) = next(iter(office.writer._changes.execute("PRAGMA page_count")))
        office.writer._changes.pragma("max_page_count", pages)
        wide = reported("QZX800000", "DESK-1", number_to="QZX809999")
        with pytest.raises(StoreFull, match="free space"):
            office.put("add", wide)
        told = office.writer.state(ListName.REPORTED).changed_records
        assert office.found("QZX000001", "QZX000003") == [(0,), ()]
        office.writer._changes.pragma("max_page_count", pages + 1_000)
        assert office.put("add", reported("QZX900000", "DESK-X")).exit_code == 0
        assert office.writer.state(ListName.REPORTED).changed_records == told + 1
        assert office.on_list("QZX900000")

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
    @pytest.mark.parametrize("nth", range(8))
    def test_when_a_disk_does_not_confirm_a_write(
        self, office: PassportOffice, code: int, nth: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """H04: an fsync that fails is never tried again and called success."""
        calls = iter(range(1_000))
        fsync = os.fsync

        def failing(descriptor: int) -> None:
            if next(calls) == nth:
                raise OSError(code, os.strerror(code))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises((StoreFull, ImportRefused, OSError)):
            office.full(ROWS, at(2))
        monkeypatch.undo()
        office.reopen()
        self.check_unharmed(office)
