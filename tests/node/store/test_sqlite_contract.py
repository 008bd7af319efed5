"""The SQLite store keeps the contract of every store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from federation.documents import ListName
from node.store.connect import open_building, rows
from node.store.keys import StoreKeys
from node.store.ports import RecordPut, SourceState, StagedGeneration, StoredRecord, Taken
from node.store.schema import LINES
from node.store.sqlite_build import Built, Parts, build_generation
from node.store.sqlite_reader import SqliteReader, open_reader
from node.store.sqlite_snapshot import Snapshot, take_snapshot
from node.store.sqlite_writer import SqliteWriter, open_writer
from tests.node.store.contract import KEYS, StoreContract


@dataclass
class SqliteStaging:
    writer: SqliteWriter
    snapshot: Snapshot
    path: Path
    built: Built
    source: str
    as_of_ms: int

    def switch(self) -> int:
        staged = StagedGeneration(
            self.snapshot.list_name,
            self.source,
            self.path,
            self.snapshot.generation,
            self.snapshot.epoch,
            self.built.records,
            self.built.numbers,
            self.as_of_ms,
        )
        return self.writer.switch(staged, Taken(self.path.parent.name, "{}", SourceState(as_of_ms=self.as_of_ms)))


class SqliteStore:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.writer = open_writer(root, KEYS)
        self.readers: list[SqliteReader] = []
        self.staged = 0

    def open_reader(self, sources: Mapping[ListName, Sequence[str]], keys: StoreKeys = KEYS) -> SqliteReader:
        self.readers.append(open_reader(self.root, keys, sources))
        return self.readers[-1]

    def reopen(self, keys: StoreKeys = KEYS) -> None:
        self.close()
        self.writer = open_writer(self.root, keys)

    def close(self) -> None:
        for reader in self.readers:
            reader.close()
        self.readers.clear()
        self.writer.close()

    def stage(self, list_name: ListName, source: str, puts: Sequence[RecordPut], as_of_ms: int) -> SqliteStaging:
        self.staged += 1
        directory = self.root / "incoming" / f"{list_name}-{self.staged}"
        directory.mkdir()
        overrides = directory / "overrides.db"
        snapshot = take_snapshot(self.root, KEYS, list_name, source, overrides, replaced_until=as_of_ms)
        lines = directory / "lines.db"
        _write_lines(lines, puts)
        parts = Parts(source, [lines], snapshot.records, snapshot.overrides)
        built = build_generation(directory / "generation", parts)
        return SqliteStaging(self.writer, snapshot, directory / "generation", built, source, as_of_ms)


def _write_lines(path: Path, puts: Sequence[RecordPut]) -> None:
    file = open_building(path)
    for _ in rows(file, LINES):
        pass
    for line, put in enumerate(puts, 1):
        state = put.state
        assert isinstance(state, StoredRecord)
        values = (line, put.reference, state.key, state.tag, state.status, state.reported_on, state.numbers)
        file.execute(
            "INSERT INTO lines (line, reference, key, tag, status, reported_on, numbers) VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        if state.numbers > 1:
            file.executemany("INSERT INTO line_keys VALUES (?, ?)", [(line, key) for key in put.keys])
    file.close()


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteStore]:
        store = SqliteStore(tmp_path / "store")
        yield store
        store.close()
