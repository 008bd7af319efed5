"""The tables of a store, and the numbered steps by which an older one becomes today's."""

from __future__ import annotations

from typing import Final

import apsw

from node.store.connect import one
from node.store.errors import StoreDamaged, StoreVersion, WrongPepper
from node.store.keys import StoreKeys

# One entry a version, applied in order, never edited once released.
MIGRATIONS: Final = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', 0);

    CREATE TABLE lists (list TEXT PRIMARY KEY, generation INTEGER NOT NULL, records INTEGER NOT NULL,
        numbers INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO lists VALUES ('reported', 0, 0, 0), ('issued', 0, 0, 0);

    CREATE TABLE sources (list TEXT NOT NULL, source TEXT NOT NULL, as_of_ms INTEGER, held_as_of_ms INTEGER,
        held_since_ms INTEGER, held_rejected INTEGER NOT NULL, PRIMARY KEY (list, source)) WITHOUT ROWID;

    -- A record told since the list's generation was built; it takes the place of the generation's of the same name.
    CREATE TABLE records (list TEXT NOT NULL, source TEXT NOT NULL, reference TEXT NOT NULL, withdrawn INTEGER NOT NULL,
        key BLOB, tag INTEGER, numbers INTEGER NOT NULL, status TEXT NOT NULL, reported_on TEXT NOT NULL,
        reason TEXT NOT NULL, noted_ms INTEGER NOT NULL, epoch INTEGER NOT NULL,
        PRIMARY KEY (list, source, reference)) WITHOUT ROWID;

    -- What such a record adds under a key (1), and what it takes from the generation's (-1).
    CREATE TABLE moves (list TEXT NOT NULL, key BLOB NOT NULL, tag INTEGER NOT NULL, source TEXT NOT NULL,
        reference TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (list, key, tag, source, reference, n)) WITHOUT ROWID;
    CREATE INDEX moves_of_record ON moves (list, source, reference);

    -- The outcome of all moves under a key: its tags, 8 octets each, none if it is on the list no more.
    CREATE TABLE overlay (list TEXT NOT NULL, key BLOB NOT NULL, epoch INTEGER NOT NULL, tags BLOB NOT NULL,
        PRIMARY KEY (list, key)) WITHOUT ROWID;
    CREATE INDEX overlay_since ON overlay (list, epoch);

    CREATE TABLE adopted (staged TEXT PRIMARY KEY, epoch INTEGER NOT NULL, report TEXT NOT NULL) WITHOUT ROWID;
    """,
)
SCHEMA_VERSION: Final = len(MIGRATIONS)

# What a generation's two files hold. `n` counts the records that name a key with these dates.
ENTRIES: Final = """
    CREATE TABLE entries (key BLOB NOT NULL, tag INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, tag))
    WITHOUT ROWID"""
RECORDS: Final = """
    CREATE TABLE records (source TEXT NOT NULL, reference TEXT NOT NULL, key BLOB NOT NULL, tag INTEGER NOT NULL,
        numbers INTEGER NOT NULL, status TEXT NOT NULL, reported_on TEXT NOT NULL, noted_ms INTEGER NOT NULL,
        PRIMARY KEY (source, reference)) WITHOUT ROWID"""
# The keys of records that name more than one number.
RANGE_KEYS: Final = """
    CREATE TABLE range_keys (source TEXT NOT NULL, reference TEXT NOT NULL, key BLOB NOT NULL,
        PRIMARY KEY (source, reference, key)) WITHOUT ROWID"""

# Lines of an import, validated and keyed; what is left of them names no document. In a delta their order counts.
LINES: Final = """
    CREATE TABLE lines (line INTEGER PRIMARY KEY, reference TEXT NOT NULL, key BLOB, tag INTEGER DEFAULT 0,
        status TEXT NOT NULL DEFAULT '', reported_on TEXT NOT NULL DEFAULT '', numbers INTEGER NOT NULL DEFAULT 1, action TEXT NOT NULL DEFAULT 'add',
        reason TEXT NOT NULL DEFAULT '');
    CREATE TABLE line_keys (line INTEGER NOT NULL, key BLOB NOT NULL)"""
# Records that a generation to be built must hold (or, withdrawn, must not) whatever its other parts say; and how the
# changes beside the list have the records of the source that is imported.
OVERRIDES: Final = """
    CREATE TABLE overrides (source TEXT NOT NULL, reference TEXT NOT NULL, withdrawn INTEGER NOT NULL, key BLOB,
        tag INTEGER, numbers INTEGER NOT NULL, status TEXT NOT NULL, reported_on TEXT NOT NULL, reason TEXT NOT NULL,
        noted_ms INTEGER NOT NULL, PRIMARY KEY (source, reference)) WITHOUT ROWID;
    CREATE TABLE override_keys (source TEXT NOT NULL, reference TEXT NOT NULL, key BLOB NOT NULL,
        PRIMARY KEY (source, reference, key)) WITHOUT ROWID;
    CREATE TABLE before (reference TEXT PRIMARY KEY, withdrawn INTEGER NOT NULL, key BLOB, tag INTEGER,
        numbers INTEGER NOT NULL, status TEXT NOT NULL, reported_on TEXT NOT NULL) WITHOUT ROWID"""


def migrate(connection: apsw.Connection) -> None:
    """Bring an empty database to today's schema. Raises StoreVersion when it has another version's.

    A store of an older version is not touched here: that needs a copy first.
    """
    version = connection.pragma("user_version")
    if version == SCHEMA_VERSION:
        return
    if version != 0 or any(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")):
        raise _other_version(version)
    # One transaction: a store has a whole schema or none.
    with connection:
        for step in MIGRATIONS:
            for _ in connection.execute(step):
                pass
        connection.pragma("user_version", SCHEMA_VERSION)


def check_version(connection: apsw.Connection) -> None:
    """Refuse a database that is not of today's schema. Raises StoreVersion, StoreDamaged when it is empty."""
    version = connection.pragma("user_version")
    if version == 0:
        raise StoreDamaged("STORE_EMPTY", "The store has no tables: start the node once, or restore the store.")
    if version != SCHEMA_VERSION:
        raise _other_version(version)


def check_pepper(connection: apsw.Connection, keys: StoreKeys) -> None:
    """Refuse keys that are not those of this store. Raises WrongPepper."""
    (kept,) = one(connection, "SELECT value FROM meta WHERE name = 'check_value'")
    if kept != keys.check_value():
        raise WrongPepper(
            "WRONG_PEPPER",
            "The pepper is not the one these lists were keyed with, so nothing would be found in them: put the right"
            " pepper in place, or empty the store and import every list in full.",
        )


def _other_version(version: object) -> StoreVersion:
    return StoreVersion(
        "STORE_VERSION",
        f"The store has schema version {version}, this program works with {SCHEMA_VERSION}: run `rmas upgrade`, which"
        " copies it first, or start the program that wrote it.",
    )
