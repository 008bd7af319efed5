"""The two forms of an extract: CSV with a header row, and JSON Lines; the same field names in both.

A record is one line. A quoted field that runs over a line end is refused with its line, so that one quote too many
cannot swallow the rest of a file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from federation.documents import ListName
from node.extracts.errors import RejectedLine, UnreadableExtract
from node.extracts.framing import LINE_MAX

# Values stand in this order from here on; what a line does not give is empty.
FIELDS: Final = {
    ListName.REPORTED: (
        "action",
        "reference",
        "issuing_state",
        "document_class",
        "document_number",
        "number_to",
        "status",
        "reported_on",
        "reason",
    ),
    ListName.ISSUED: (
        "action",
        "reference",
        "issuing_state",
        "document_class",
        "document_number",
        "date_of_birth",
        "date_of_expiry",
        "reason",
    ),
}
_REQUIRED: Final = {
    ListName.REPORTED: ("issuing_state", "document_class", "document_number", "status"),
    ListName.ISSUED: ("issuing_state", "document_class", "document_number", "date_of_birth", "date_of_expiry"),
}
_DELTA_ONLY: Final = ("action", "reason")

# From a line without its end to its values in the order of FIELDS. Raises RejectedLine.
Form = Callable[[bytes], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Header:
    """What the start of a file says: the columns of a CSV (None for JSON Lines), the as-of it names (or None), and how
    many lines that took.
    """

    columns: tuple[str, ...] | None
    as_of: str | None
    lines: int


def read_header(lines: Sequence[bytes], list_name: ListName, *, delta: bool) -> Header:
    """Understand the first lines of a file.

    Raises UnreadableExtract: EMPTY_FILE, HEADER, UNKNOWN_FIELD, MISSING_FIELD, DELTA_AS_FULL, FULL_AS_DELTA.
    """
    as_of, used = None, 0
    if lines and lines[0].startswith(b"#"):
        as_of, used = _as_of_comment(lines[0]), 1
    while used < len(lines) and not lines[used].strip():
        used += 1
    if used == len(lines):
        raise UnreadableExtract("EMPTY_FILE", "The file has no lines, not even a header: check the export.")
    first = lines[used].strip()
    if first.startswith(b"{"):
        said = _as_of_object(first)
        return Header(None, said if said is not None else as_of, used + (said is not None))
    return Header(_columns(first, list_name, delta=delta), as_of, used + 1)


def form_of(columns: Sequence[str] | None, list_name: ListName, *, delta: bool) -> Form:
    """How lines under such columns are read; None for JSON Lines."""
    if columns is None:
        return _json_form(list_name, delta=delta)
    return _csv_form(columns, list_name)


def _as_of_comment(line: bytes) -> str:
    name, _, value = line[1:].partition(b"=")
    if name.strip() != b"as_of" or not value.isascii():
        raise UnreadableExtract("HEADER", "The first line begins with # and is not `#as_of=<time>`: correct it.")
    return value.decode("ascii").strip()


def _as_of_object(line: bytes) -> str | None:
    """The as-of of a first line ``{"as_of": T}``; None when the line is a record."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    said = found.get("as_of")
    if "as_of" in found and (len(found) > 1 or not isinstance(said, str)):
        raise UnreadableExtract("HEADER", 'The as-of stands in a line of its own, `{"as_of": "<time>"}`: correct it.')
    return said if isinstance(said, str) else None


def _columns(line: bytes, list_name: ListName, *, delta: bool) -> tuple[str, ...]:
    try:
        text = line[: LINE_MAX + 1].decode("utf-8")
        columns = tuple(name.strip().lower() for name in next(csv.reader([text], strict=True)))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise UnreadableExtract("HEADER", "The header row cannot be read: it must be field names in UTF-8.") from None
    known = FIELDS[list_name]
    for place, name in enumerate(columns, 1):
        if name not in known:
            # The name itself is not repeated: without a header row it is somebody's data.
            raise UnreadableExtract(
                "UNKNOWN_FIELD",
                f"Column {place} of the header row is no field of the {list_name} list ({', '.join(known)}): leave the"
                " column out, and separate columns by commas.",
            )
    if len(set(columns)) < len(columns):
        raise UnreadableExtract("HEADER", "The header row names a field twice: leave one out.")
    _check_presence(columns, list_name, delta=delta)
    return columns


def _check_presence(columns: Sequence[str], list_name: ListName, *, delta: bool) -> None:
    if delta and "action" not in columns:
        raise UnreadableExtract("FULL_AS_DELTA", "A delta names an action in each line and this file has none: import"
                                " it with --full, or add the column `action`.")  # fmt: skip
    if not delta and any(name in columns for name in _DELTA_ONLY):
        raise UnreadableExtract("DELTA_AS_FULL", "The file has a column `action` or `reason`, so it is a delta: import"
                                " it with --delta; as a full extract it would drop all other records.")  # fmt: skip
    required = _REQUIRED[list_name]
    if delta and not set(columns) & set(required):
        # Nothing but withdrawals, which need no more than the reference.
        required = ("reference",)
    missing = [name for name in required if name not in columns]
    if missing:
        raise UnreadableExtract("MISSING_FIELD", f"The header row lacks {', '.join(missing)}: export these as well.")


def _csv_form(columns: Sequence[str], list_name: ListName) -> Form:
    width = len(columns)
    # A column that is not there is read from one more, empty, at the end of each row.
    pick = itemgetter(*(columns.index(name) if name in columns else width for name in FIELDS[list_name]))

    def read(line: bytes) -> Sequence[str]:
        text = _text(line)
        row = _quoted(text) if '"' in text else text.split(",")
        if len(row) != width:
            raise RejectedLine(
                "COLUMNS", "", f"The line has not the {width} columns of the header row: quote fields with a comma."
            )
        row.append("")
        values: tuple[str, ...] = pick(row)
        return values

    return read


def _quoted(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        raise RejectedLine(
            "QUOTING", "", "A quoted field is not closed or goes on after its quote: double quotes within a field."
        ) from None


def _json_form(list_name: ListName, *, delta: bool) -> Form:
    known = FIELDS[list_name]

    def read(line: bytes) -> Sequence[str]:
        try:
            # A list when the line is an object, because of the hook; anything else is no record.
            pairs = json.loads(_text(line), object_pairs_hook=_pairs, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise RejectedLine("JSON", "", "The line is not one JSON object: write one object a line.") from None
        if not isinstance(pairs, _Pairs):
            raise RejectedLine("JSON", "", "The line is not one JSON object: write one object a line.")
        found = _check_values(pairs, known)
        if not delta and any(name in found for name in _DELTA_ONLY):
            raise RejectedLine(
                "DELTA_AS_FULL", "action", "The line has an action or reason, so the file is a delta: import it so."
            )
        if list_name is ListName.ISSUED and "date_of_expiry" not in found and found.get("action") != "withdraw":
            raise RejectedLine(
                "DATE_MISSING", "date_of_expiry", 'The date of expiry is not given: write "" if there is none.'
            )
        return [found.get(name, "") for name in known]

    return read


class _Pairs(list[tuple[str, Any]]):
    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_values(pairs: _Pairs, known: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise RejectedLine(
                "UNKNOWN_FIELD", "", f"The object has a name that is no field of this list ({', '.join(known)})."
            )
        if name in found:
            raise RejectedLine("JSON", name, "The object names a field twice: which one counts is unknown.")
        if value is None:
            continue
        if not isinstance(value, str):
            raise RejectedLine("NOT_TEXT", name, "The value is not a JSON string: write numbers in quotes.")
        found[name] = value
    return found


def _text(line: bytes) -> str:
    if len(line) > LINE_MAX:
        raise RejectedLine("LINE_TOO_LONG", "", f"The line has more than {LINE_MAX} octets: check its end.")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise RejectedLine("NOT_UTF8", "", "The line is not UTF-8: export the file in UTF-8.") from None
