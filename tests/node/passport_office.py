"""A passport office with one store: what tests feed and look into, without processes, sockets or a real clock."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from federation.documents import DocumentClass, ListName
from federation.routes import Route, RouteTable
from node import importing, records
from node.acceptance import ImportRequest
from node.records import RecordChange
from node.reports import Outcome
from node.staged import Register, one_importer
from node.store.keys import StoreKeys
from node.store.ports import Tags
from node.store.sqlite_reader import SqliteReader, open_reader
from node.store.sqlite_writer import SqliteWriter, open_writer

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
ROUTES = RouteTable(
    [
        Route("NZL", DocumentClass.P, "*", "NZL"),
        Route("NZL", DocumentClass.I, "*", "NZL"),
        Route("CHN", DocumentClass.P, "K########", "NZL"),
        Route("CHN", DocumentClass.P, "*", "HKG"),
    ]
)
PEPPER = bytes(range(32))


def hour(hours: float) -> datetime:
    """So many hours into the day of the tests."""
    return MIDNIGHT + timedelta(hours=hours)


def at(hours: float) -> str:
    """As `hour`, as an operator writes it."""
    return hour(hours).isoformat()


def reported(number: str, reference: str, **more: str) -> dict[str, str]:
    """A row of a reported list."""
    return {"document_number": number, "issuing_state": "NZL", "document_class": "P", "status": "lost",
            "reference": reference, **more}  # fmt: skip


def issued(number: str, reference: str, **more: str) -> dict[str, str]:
    """A row of an issued list."""
    return {"document_number": number, "issuing_state": "NZL", "document_class": "P", "date_of_birth": "1960-04-12",
            "date_of_expiry": "2031-01-02", "reference": reference, **more}  # fmt: skip


def as_csv(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = ()) -> bytes:
    """Rows as a CSV file of all the columns that any of them has."""
    rows = list(rows)
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass
class PassportOffice:
    """One economy's lists; its clock stands at ``now`` until a test moves it."""

    root: Path
    sources: Mapping[ListName, tuple[str, ...]] = field(
        default_factory=lambda: {ListName.REPORTED: ("main",), ListName.ISSUED: ("main",)}
    )
    now: datetime = MIDNIGHT + timedelta(hours=3)

    def __post_init__(self) -> None:
        self.keys = StoreKeys(PEPPER)
        self.register = Register(self.root, self.keys, self.sources, ROUTES, "NZL")
        self.writer: SqliteWriter = open_writer(self.root, self.keys)
        self.reader: SqliteReader = open_reader(self.root, self.keys, self.sources)

    def close(self) -> None:
        """As when the node stops."""
        self.reader.close()
        self.writer.close()

    def reopen(self) -> None:
        """As when the node starts again."""
        self.close()
        self.__post_init__()

    def take(self, extract: bytes, **request: Any) -> Outcome:
        """Stage and adopt, as `rmas import` does."""
        request.setdefault("list_name", ListName.REPORTED)
        request.setdefault("full", True)
        wanted = ImportRequest(**request)
        with one_importer(self.root):
            staged = importing.stage(self.register, wanted, io.BytesIO(extract), self.now, lambda _octets: None)
            if staged.name is None:
                return staged.outcome
            return importing.adopt(self.register, self.writer, staged.name, self.now)

    def full(self, rows: Iterable[Mapping[str, str]], as_of: str | None = None, **request: Any) -> Outcome:
        """A full import of CSV rows, cut now unless ``as_of`` says otherwise."""
        return self.take(as_csv(rows), as_of=as_of or self.now.isoformat(), **request)

    def delta(self, rows: Iterable[Mapping[str, str]], **request: Any) -> Outcome:
        """A delta of CSV rows."""
        return self.take(as_csv(rows), full=False, **request)

    def put(self, action: str, row: Mapping[str, str], list_name: str = "reported", source: str = "main") -> Outcome:
        """One change told by hand."""
        return records.put(self.register, self.writer, [RecordChange(list_name, action, source, row)], self.now)

    def found(self, *numbers: str, list_name: ListName = ListName.REPORTED, state: str = "NZL") -> list[Tags]:
        """What a lookup finds under each number."""
        keys = [self.keys.key_of(state, "P", number) for number in numbers]
        return self.reader.view().find(list_name, keys)

    def on_list(self, number: str, list_name: ListName = ListName.REPORTED) -> bool:
        """Whether a lookup finds a number."""
        return self.found(number, list_name=list_name) != [()]

    def as_of(self, list_name: ListName = ListName.REPORTED) -> datetime | None:
        """The list's as-of as lookups tell it."""
        ms = self.reader.view().data_as_of(list_name)
        return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
