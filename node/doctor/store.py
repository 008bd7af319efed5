"""The lists, their pepper and their age."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from federation.documents import ListName
from node.config import Settings
from node.doctor.finding import Finding, fault, fine, raised, warn
from node.durations import render, render_age
from node.errors import OperatorError
from node.layout import Layout
from node.secret_file import PEPPER
from node.store.connect import immutable_uri, one, open_readable, our_errors, rows
from node.store.keys import StoreKeys
from node.store.layout import PLAN_FILE, StoreLayout
from node.store.sqlite_reader import SqliteReader, open_reader
from node.times import rfc3339

_HELD = """
    SELECT list, source, held_as_of_ms, held_since_ms, held_rejected FROM sources
    WHERE held_as_of_ms IS NOT NULL ORDER BY list, source"""


def check(layout: Layout, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Pepper, version, integrity, age of each list, and what an import left lying."""
    try:
        keys = StoreKeys(PEPPER.load(layout.pepper))
        yield fine("PEPPER", "The pepper is there, and only this user may read it.")
        sources = {name: getattr(settings.store.sources, name.value) for name in ListName}
        reader = open_reader(layout.store, keys, sources)
    except OperatorError as error:
        yield raised(error, "STORE")
        return
    try:
        yield _integrity(StoreLayout(layout.store))
        for name in ListName:
            yield _age(reader, name, settings, now)
        yield from _held(StoreLayout(layout.store))
    except OperatorError as error:
        yield raised(error, "STORE")
    finally:
        reader.close()
    yield from _leftovers(StoreLayout(layout.store).incoming)


def _integrity(files: StoreLayout) -> Finding:
    damaged = [path for path in _databases(files) if not _sound(path, live=path == files.changes)]
    if damaged:
        remedy = "Restore the store, or move its directory away and import every list in full."
        return fault("STORE_DAMAGED", f"{', '.join(map(str, damaged))}: pages do not hold together.", remedy)
    return fine("STORE", "The store is of this program's version, fits the pepper and holds together.")


def _databases(files: StoreLayout) -> Iterator[Path]:
    yield files.changes
    for name in ListName:
        yield from sorted(files.list_directory(name).glob("*/*.db"))


def _sound(path: Path, live: bool) -> bool:
    with our_errors(path):
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        connection = open_readable(path) if live else apsw.Connection(immutable_uri(path), flags=flags)
        try:
            return one(connection, "PRAGMA quick_check(1)") == ("ok",)
        except apsw.CorruptError:
            return False
        finally:
            connection.close()


def _age(reader: SqliteReader, name: ListName, settings: Settings, now: datetime) -> Finding:
    code = f"{name.upper()}_LIST"
    as_of_ms = reader.view().data_as_of(name)
    if as_of_ms is None:
        remedy = f"`rmas import FILE --list {name} --full`; until then peers get no answer from it."
        return warn(f"{code}_EMPTY", f"The {name} list was never imported in full from all of its sources.", remedy)
    age = now - datetime.fromtimestamp(as_of_ms / 1000, UTC)
    if age < -timedelta(seconds=60):
        remedy = "Set the clock right, or import a full extract with its true time."
        return fault(f"{code}_AHEAD", f"The {name} list was cut in the future by this clock.", remedy)
    limit = settings.asking.reported_max_age if name is ListName.REPORTED else settings.asking.issued_max_age
    if age > limit:
        remedy = "Import a newer extract; peers with the usual limits no longer count its no-matches."
        return warn(
            f"{code}_OLD", f"The {name} list was cut {render_age(age)} ago, longer than {render(limit)}.", remedy
        )
    return fine(code, f"The {name} list was cut {render_age(age)} ago.")


def _held(files: StoreLayout) -> Iterator[Finding]:
    with our_errors(files.changes):
        connection = open_readable(files.changes)
        try:
            held = list(rows(connection, _HELD))
        finally:
            connection.close()
    for name, source, as_of_ms, since_ms, rejected in held:
        sentence = (
            f"The {name} list is held back since {rfc3339(since_ms)}, and ages:"
            f" lines of source {source} were rejected ({rejected})."
        )
        remedy = f"Import again with them corrected, or `--accept-rejected`, to have it as of {rfc3339(as_of_ms)}."
        yield warn(f"{name.upper()}_LIST_HELD", sentence, remedy)


def _leftovers(incoming: Path) -> Iterator[Finding]:
    waiting = sorted(path.parent.name for path in incoming.glob(f"*/{PLAN_FILE}")) if incoming.is_dir() else []
    if waiting:
        remedy = "Start the node, which clears it up; then run the import again."
        yield warn("IMPORT_UNFINISHED", f"Imports were staged and not taken: {len(waiting)}.", remedy)
