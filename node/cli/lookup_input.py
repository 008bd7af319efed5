"""The documents to ask about, as they come from a file, a pipe or a command line."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from node.enquiry import DocumentInput
from node.errors import OperatorError

# More than any aircraft or ship; bigger questions are cut by the caller, who then sees progress.
MAX_DOCUMENTS = 100_000
MAX_OCTETS = 64 * 1024 * 1024
MAX_MRZ_LINES = 3
STANDARD_INPUT = "-"

_TEXT_FIELDS = ("id", "issuing_state", "document_class", "document_number", "date_of_birth", "date_of_expiry")
_FIELDS = frozenset({*_TEXT_FIELDS, "mrz"})


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input for `-`. Raises OperatorError INPUT_UNREADABLE."""
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise OperatorError("INPUT_UNREADABLE", f"{path} cannot be read: {error.strerror}.") from None
    with stream:
        yield stream


def parse(stream: BinaryIO) -> list[DocumentInput]:
    """Every document in ``stream``: JSON Lines when it starts with `{`, else MRZs separated by blank lines.

    All of it is read before anything is asked, so a mistake on the last line asks nobody about the first. An MRZ that
    is not one is no mistake here: the node gives it a verdict. Raises OperatorError INPUT_SIZE, INPUT_LINE.
    """
    data = stream.read(MAX_OCTETS + 1)
    if len(data) > MAX_OCTETS:
        raise OperatorError("INPUT_SIZE", f"The input is larger than {MAX_OCTETS >> 20} MiB; cut it and ask in parts.")
    lines = _lines(data)
    first = next((line for line in lines if line.strip()), "")
    documents = list(_json_lines(lines) if first.lstrip().startswith("{") else _blocks(lines))
    if len(documents) > MAX_DOCUMENTS:
        raise OperatorError("INPUT_SIZE", f"The input has more than {MAX_DOCUMENTS} documents; ask in parts.")
    return documents


def mrz_lines(arguments: Sequence[str], stream: BinaryIO) -> tuple[str, ...]:
    """The lines of one MRZ: the arguments, or standard input when there are none or only `-`."""
    if list(arguments) not in ([], [STANDARD_INPUT]):
        return tuple(clean(line) for line in arguments)
    blocks = list(_blocks(_lines(stream.read(MAX_OCTETS))))
    if len(blocks) != 1 or len(blocks[0].mrz) > MAX_MRZ_LINES:
        raise OperatorError("INPUT_LINE", "Standard input must hold one MRZ of two or three lines; for more: --file -.")
    return blocks[0].mrz


def clean(text: str) -> str:
    """``text`` as the node can be handed it: what was no UTF-8 becomes a character that no document has."""
    return text.encode("utf-8", "replace").decode()


def _lines(data: bytes) -> list[str]:
    # Not str.splitlines, which also ends lines at characters that only look like it.
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace", newline=None).read().split("\n")


def _blocks(lines: Sequence[str]) -> Iterator[DocumentInput]:
    block: list[str] = []
    for line in (*lines, ""):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield DocumentInput(mrz=tuple(block))
            block = []


def _json_lines(lines: Sequence[str]) -> Iterator[DocumentInput]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _document(number, line)


def _document(number: int, line: str) -> DocumentInput:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong(number, "it is not one JSON object; write one document a line") from None
    if not isinstance(item, dict):
        raise _wrong(number, "it is not a JSON object; write one document a line")
    unknown = sorted(set(item) - _FIELDS)
    if unknown:
        raise _wrong(number, f"there is no field `{unknown[0][:40]}`; the fields are {', '.join(sorted(_FIELDS))}")
    if "mrz" in item and set(item) - {"id", "mrz"}:
        raise _wrong(number, "give either `mrz` or the fields, not both")
    texts = {name: _text(number, name, item[name]) for name in _TEXT_FIELDS if item.get(name) is not None}
    return document(texts, _mrz(number, item.get("mrz")))


def document(fields: Mapping[str, str], mrz: tuple[str, ...] = ()) -> DocumentInput:
    """The document that these texts describe, dates that a record does not have left out.

    Everybody was born, so an empty date of birth says that no dates are known; an empty expiry alone, that none is set.
    """
    dates = {} if fields.get("date_of_birth") == "" else fields
    return DocumentInput(
        mrz,
        fields.get("issuing_state", ""),
        fields.get("document_class", ""),
        fields.get("document_number", ""),
        dates.get("date_of_birth"),
        dates.get("date_of_expiry"),
        fields.get("id", ""),
    )


def _text(number: int, name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    if not isinstance(value, str):
        raise _wrong(number, f"`{name}` is not a text; put it in quotes")
    return clean(value)


def _mrz(number: int, value: Any) -> tuple[str, ...]:
    lines = value.split("\n") if isinstance(value, str) else ([] if value is None else value)
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise _wrong(number, "`mrz` is not a list of lines")
    return tuple(clean(line) for line in lines)


def _wrong(number: int, cause: str) -> OperatorError:
    return OperatorError("INPUT_LINE", f"Line {number} of the input: {cause}. Nothing was asked.")
