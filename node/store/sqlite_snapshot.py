"""What an import is built on: the list as one read of changes.db shows it, copied beside the staged lines.

Copied, because an import may run for minutes and a read transaction held that long would let the WAL grow without end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import apsw

from federation.documents import ListName
from node.store.connect import (
    check_sqlite,
    immutable_uri,
    live_uri,
    one,
    one_step,
    open_building,
    open_readable,
    our_errors,
    rows,
)
from node.store.errors import StoreDamaged
from node.store.keys import StoreKeys
from node.store.layout import RECORDS_FILE, StoreLayout
from node.store.ports import SourceState
from node.store.schema import OVERRIDES, check_pepper, check_version

_COPY_OVERRIDES = """
    INSERT INTO overrides SELECT source, reference, withdrawn, key, tag, numbers, status, reported_on, reason, noted_ms
    FROM changes.records WHERE list = ?1 AND epoch <= ?2 AND (source <> ?3 OR noted_ms > ?4)"""
_COPY_KEYS = """
    INSERT INTO override_keys SELECT m.source, m.reference, m.key FROM overrides AS o JOIN changes.moves AS m
    ON m.list = ?1 AND m.source = o.source AND m.reference = o.reference WHERE o.numbers > 1 AND m.n = 1"""
_COPY_BEFORE = """
    INSERT INTO before SELECT reference, withdrawn, key, tag, numbers, status, reported_on
    FROM changes.records WHERE list = ?1 AND epoch <= ?2 AND source = ?3"""
_COPY_SURVIVORS = """
    INSERT OR IGNORE INTO overrides SELECT source, reference, 0, key, tag, numbers, status, reported_on, '', noted_ms
    FROM old.records AS r WHERE source = ?1 AND noted_ms > ?2
    AND NOT EXISTS (SELECT 1 FROM before AS b WHERE b.reference = r.reference)"""
_COPY_SURVIVING_KEYS = """
    INSERT OR IGNORE INTO override_keys SELECT k.source, k.reference, k.key FROM overrides AS o JOIN old.range_keys AS k
    ON k.source = o.source AND k.reference = o.reference
    WHERE o.source = ?1 AND o.numbers > 1 AND NOT EXISTS (SELECT 1 FROM before AS b WHERE b.reference = o.reference)"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A list at ``epoch``: its generation, the file of that generation's records (None for generation 0), how many keys
    are changed on it, its sources, and the file with the changes beside the list.
    """

    list_name: ListName
    generation: int
    epoch: int
    records: Path | None
    changed_keys: int
    sources: Mapping[str, SourceState]
    overrides: Path


def take_snapshot(
    root: Path, keys: StoreKeys, list_name: ListName, source: str, overrides: Path, *, replaced_until: int | None
) -> Snapshot:
    """Read the list and copy what must outlive this import into the new file ``overrides``.

    ``replaced_until`` is the as-of of a full import of ``source``: what was noted of that source later stays. None for
    a delta: everything stays. Raises StoreError.
    """
    check_sqlite()
    layout = StoreLayout(root)
    if not layout.changes.exists():
        raise StoreDamaged("STORE_EMPTY", f"There is no store in {root}: start the node once, or restore the store.")
    with our_errors(layout.changes):
        changes = open_readable(layout.changes)
        check_version(changes)
        check_pepper(changes, keys)
        changes.close()
        copy = open_building(overrides)
        for _ in rows(copy, OVERRIDES):
            pass
        copy.execute("ATTACH ? AS changes", (live_uri(layout.changes),))
        with one_step(copy):
            snapshot = _copy_changes(copy, layout, list_name, source, overrides, replaced_until)
        copy.execute("DETACH changes")
        if snapshot.records is not None and replaced_until is not None:
            _copy_survivors(copy, snapshot.records, source, replaced_until)
        copy.close()
    return snapshot


def _copy_changes(
    copy: apsw.Connection,
    layout: StoreLayout,
    list_name: ListName,
    source: str,
    overrides: Path,
    replaced_until: int | None,
) -> Snapshot:
    (epoch,) = one(copy, "SELECT value FROM changes.meta WHERE name = 'epoch'")
    (generation,) = one(copy, "SELECT generation FROM changes.lists WHERE list = ?", list_name.value)
    copy.execute(_COPY_OVERRIDES, (list_name.value, epoch, source, -1 if replaced_until is None else replaced_until))
    copy.execute(_COPY_KEYS, (list_name.value,))
    copy.execute(_COPY_BEFORE, (list_name.value, epoch, source))
    (changed_keys,) = one(copy, "SELECT count(*) FROM changes.overlay WHERE list = ?", list_name.value)
    sources = rows(
        copy,
        "SELECT source, as_of_ms, held_as_of_ms, held_since_ms, held_rejected FROM changes.sources WHERE list = ?",
        list_name.value,
    )
    return Snapshot(
        list_name=list_name,
        generation=generation,
        epoch=epoch,
        records=layout.generation(list_name, generation) / RECORDS_FILE if generation else None,
        changed_keys=changed_keys,
        sources={name: SourceState(*values) for name, *values in sources},
        overrides=overrides,
    )


def _copy_survivors(copy: apsw.Connection, records: Path, source: str, replaced_until: int) -> None:
    copy.execute("ATTACH ? AS old", (immutable_uri(records),))
    with one_step(copy):
        copy.execute(_COPY_SURVIVORS, (source, replaced_until))
        copy.execute(_COPY_SURVIVING_KEYS, (source,))
    copy.execute("DETACH old")
