"""Opening SQLite files, each in the one way its use allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import apsw

from node.store.errors import StoreDamaged, StoreError, StoreFull, StoreVersion

# 3.7.0 to 3.51.2 can corrupt a WAL file when a checkpoint meets a commit; Debian 12 ships 3.40.1.
SQLITE_MINIMUM: Final = 3_051_003
BUSY_MS: Final = 5_000
# Lookups map a whole generation: 39 to 53 octets a document, and the kernel keeps only the pages that are asked.
_MAP_OCTETS: Final = 1 << 40


def check_sqlite(version: int | None = None) -> None:
    """Refuse a SQLite that may corrupt what it writes. Raises StoreVersion SQLITE_TOO_OLD."""
    found = apsw.SQLITE_VERSION_NUMBER if version is None else version
    if found < SQLITE_MINIMUM:
        raise StoreVersion(
            "SQLITE_TOO_OLD",
            f"SQLite {_dotted(found)} can corrupt a database; install apsw 3.54.1 or later, which brings its own.",
        )


def _dotted(version: int) -> str:
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"


def open_writable(path: Path) -> apsw.Connection:
    """A database that this process alone writes; durable when a transaction has ended."""
    connection = apsw.Connection(str(path))
    # First of all: every statement before it would fail at once where it should wait.
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", True)
    return connection


def open_readable(path: Path) -> apsw.Connection:
    """A database that another process may be writing."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_MS)
    return connection


def live_uri(path: Path) -> str:
    """The name by which SQLite attaches a database that another process may be writing, to read it."""
    return f"file:{quote(str(path.absolute()))}?mode=ro"


def immutable_uri(path: Path) -> str:
    """The name by which SQLite opens a file that nobody will write again: no locks, no journal looked for."""
    return f"{live_uri(path)}&immutable=1"


def open_immutable(path: Path, *, mapped: bool = False) -> apsw.Connection:
    """A finished file of a generation; ``mapped`` into memory where lookups read it again and again."""
    if not path.is_file():
        raise StoreDamaged(
            "STORE_DAMAGED",
            f"{path} is missing; restore the store, or move its directory away and import every list in full.",
        )
    connection = apsw.Connection(immutable_uri(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    if mapped:
        connection.pragma("mmap_size", _MAP_OCTETS)
    (octets,) = one(connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    # A mapped file that ends early would kill the process at the first key that lay beyond.
    if not octets or octets != path.stat().st_size:
        raise StoreDamaged(
            "STORE_DAMAGED",
            f"{path} is cut short; restore the store, or move its directory away and import every list in full.",
        )
    return connection


def open_building(path: Path, *, cache_mib: int = 16) -> apsw.Connection:
    """A file that is being built beside the live ones and made durable as a whole when it is done.

    No journal and no fsync: if we stop half way, the file is thrown away.
    """
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    )
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("journal_mode", "off")
    connection.pragma("synchronous", "off")
    # Rows come in order, so a larger cache only makes the process larger; the sorter spills to disk at this size.
    connection.pragma("cache_size", -1024 * cache_mib)
    return connection


@contextmanager
def one_step(building: apsw.Connection) -> Iterator[None]:
    """All writes to a file that is being built; if they fail there is nothing to roll back, the file is thrown away."""
    building.execute("BEGIN")
    yield
    building.execute("COMMIT")


def rows(connection: apsw.Connection, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a query; their types are the columns', which nothing here can check."""
    return connection.execute(statement, values)


def one(connection: apsw.Connection, statement: str, *values: Any) -> tuple[Any, ...]:
    """The only row of a query. Raises StoreDamaged when there is none."""
    # All of them, for a statement left half way would hold its read transaction open.
    found = list(rows(connection, statement, *values))
    if found:
        return found[0]
    raise StoreDamaged("STORE_DAMAGED", "The store lacks a row that it was made with: restore it.")


@contextmanager
def our_errors(what: Path) -> Iterator[None]:
    """Turn what SQLite and the kernel say about a file into what an operator can act on."""
    try:
        yield
    except (apsw.FullError, apsw.IOError) as error:
        raise StoreFull("STORE_FULL", f"{what} cannot be written ({_said(error)}): free space on its disk.") from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError, apsw.SQLError) as error:
        message = f"{what} cannot be read as a database ({_said(error)}): restore the store, or move its directory away and import every list in full."
        raise StoreDamaged("STORE_DAMAGED", message) from error
    except apsw.Error as error:
        raise StoreError("STORE_FAULT", f"{what}: SQLite says {_said(error)}.") from error
    except OSError as error:
        raise StoreFull("STORE_FULL", f"{what}: {error.strerror}; free space or correct permissions.") from error


def _said(error: BaseException) -> str:
    # SQLite's own words; statements bind every value, so none of them holds one.
    return str(error)
