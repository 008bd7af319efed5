"""Files carried by hand: read up to a limit, never written over another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from node import config_file
from node.errors import OperatorError

MODE = 0o644


def read(path: Path, limit: int) -> bytes:
    """The bytes of a file, at most one more than ``limit``, so that whoever parses them refuses what is longer.

    Raises OperatorError FILE_UNREADABLE.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; name the file you were handed."
        raise OperatorError("FILE_UNREADABLE", message) from None


def require_free(path: Path) -> None:
    """Raises OperatorError FILE_EXISTS when something is at ``path``: it may hold signatures nobody has a copy of."""
    if path.exists() or path.is_symlink():
        raise OperatorError("FILE_EXISTS", f"{path} exists and is not overwritten; give another name.")


def write(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, over what may stand there, in one step. Raises OperatorError FILE_UNWRITTEN."""
    try:
        config_file.replace(path, data, MODE)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}; what stood there still does."
        raise OperatorError("FILE_UNWRITTEN", message) from None


def loads(data: bytes) -> Any:
    """JSON: no key twice, no number outside JSON. Raises ValueError, RecursionError."""
    return json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)


def parse_json(path: Path, data: bytes, code: str) -> Any:
    """The JSON in a file: no key twice, no number outside JSON. Raises OperatorError ``code``."""
    try:
        return loads(data)
    except (ValueError, RecursionError) as error:
        # The parser's own text names a place, never more than a word of the content.
        raise OperatorError(code, f"{path} is not the JSON it should be: {error}; correct that place.") from None


def only(item: Any, keys: str) -> dict[str, Any]:
    """``item`` when it is a table with exactly these keys. Raises ValueError with a sentence.

    A misspelt or missing key never means a default: what people sign must say what they meant.
    """
    wanted = set(keys.split())
    if not isinstance(item, dict) or item.keys() != wanted:
        found = " ".join(sorted(item)) if isinstance(item, dict) else "no table"
        raise ValueError(f"expected the keys {' '.join(sorted(wanted))}, found {found}")
    return item


def is_same(one: Path, other: Path) -> bool:
    """Whether both name one file that exists."""
    return one.exists() and other.exists() and one.samefile(other)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise ValueError(f"it names {min(doubled)} twice")
    return dict(pairs)


def _no_constants(text: str) -> Any:
    raise ValueError(f"{text} is no number here")


def text(item: Any) -> str:
    """``item`` when it is a text that can be written down. Raises ValueError."""
    if not isinstance(item, str):
        raise ValueError("a text in quotation marks is missing")  # noqa: TRY004  one kind of error for what is misread
    try:
        item.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character") from None
    return item


def count(item: Any) -> int:
    """``item`` when it is a whole number that the wire can carry. Raises ValueError."""
    if not isinstance(item, int) or isinstance(item, bool) or not 0 <= item < 1 << 32:
        raise ValueError("a whole number is missing")
    return item


def many(item: Any) -> list[Any]:
    """``item`` when it is a list. Raises ValueError."""
    if not isinstance(item, list):
        raise ValueError("a list in square brackets is missing")  # noqa: TRY004  as above
    return item
