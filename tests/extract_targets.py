"""What reads extracts, with what must hold whatever their octets are: for Hypothesis and for atheris."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from federation.documents import ListName
from federation.errors import InvalidDocument
from node.errors import OperatorError
from node.extracts.errors import RejectedLine, UnreadableExtract
from node.extracts.forms import form_of, read_header
from node.extracts.framing import blocks
from node.extracts.lines import LineReader
from node.extracts.plain import plain_reader_of
from node.store.keys import KEY_OCTETS, StoreKeys
from node.store.ports import KeyedLine
from tests.node.passport_office import PEPPER, ROUTES, as_csv, issued, reported

KEYS = StoreKeys(PEPPER)
_BLANK = reported("QZX500000", "BL-1", number_to="QZX500009", reported_on="2026-11-22")
# What edits begin with: each form and kind of file, right as it stands.
EXAMPLES = {
    "reported": as_csv([reported("QZX012345", "P-1", reported_on="", number_to=""), _BLANK]),
    "issued": as_csv([issued("QZX012345", "P-1"), issued("QZX012346", "", date_of_birth="1960-00-00")]),
    "delta": as_csv([{"action": "add", **_BLANK}, {"action": "withdraw", "reference": "P-1", "reason": "recovered"}]),
    "as of": b"\xef\xbb\xbf#as_of=2026-11-22T02:00:00Z\r\n" + as_csv([reported("QZX012345", '"P-1"')]),
    "json": b'{"as_of": "2026-11-22T02:00:00Z"}\n{"document_number": "QZX012345", "issuing_state": "NZL",'
    b' "document_class": "P", "status": "lost", "reference": null}\n',
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How an extract came out: the code that refused the file, or how each of its lines did."""

    refused: str | None
    lines: tuple[KeyedLine | str, ...] = ()


def check_extract(octets: bytes, list_name: ListName, *, delta: bool) -> Reading:
    """A typed refusal of the file or of a line, each a code and a sentence, or lines of which only digests are left.

    And where the short way through plain lines takes them, it takes them as the long way does.
    """
    try:
        lines = [line for block in blocks(io.BytesIO(octets)) for line in block.lines()]
        header = read_header(lines, list_name, delta=delta)
    except UnreadableExtract as error:
        _check_said(error)
        return Reading(error.code)
    form = form_of(header.columns, list_name, delta=delta)
    reader = LineReader(list_name, KEYS, ROUTES, "NZL", delta=delta)
    body = [line for line in lines[header.lines :] if line and not line.isspace()]
    read: list[KeyedLine | str] = []
    for line in body:
        try:
            read.append(_checked(reader.read(form(line))))
        except (RejectedLine, InvalidDocument) as error:
            _check_said(error)
            read.append(error.code)
    if not delta:
        _check_short_way(list_name, header.columns, body, read)
    return Reading(None, tuple(read))


def edited(example: bytes, edits: bytes) -> bytes:
    """A right file with single octets exchanged, doubled or left out: four octets an edit say where, how and by what."""
    octets = bytearray(example)
    for start in range(0, len(edits) - 3, 4):
        place = int.from_bytes(edits[start : start + 2], "big") % (len(octets) + 1)
        how, what = edits[start + 2] % 3, edits[start + 3 : start + 4]
        octets[place : place + (how != 0)] = what if how < 2 else b""
    return bytes(octets)


def _checked(line: KeyedLine) -> KeyedLine:
    assert line.key is None or len(line.key) == KEY_OCTETS
    assert line.reference
    assert "QZX0" not in line.reference.upper()
    return line


def _check_said(error: OperatorError | RejectedLine | InvalidDocument) -> None:
    assert error.code.isupper()
    assert error.message.endswith(".")
    assert error.message.isprintable()


def _check_short_way(
    list_name: ListName, columns: Sequence[str] | None, lines: Sequence[bytes], read: Sequence[KeyedLine | str]
) -> None:
    plain = plain_reader_of(list_name, KEYS, ROUTES, "NZL", columns)
    taken = plain.read(1, lines) if plain is not None and lines else None
    if taken is None:
        return
    for number, (short, long) in enumerate(zip(taken, read, strict=True), 1):
        assert isinstance(long, KeyedLine)
        facts = (long.status, long.reported_on) if list_name is ListName.REPORTED else (long.tag,)
        assert short == (number, long.reference, long.key, *facts)


def every_way(octets: bytes) -> None:
    """The octets as a file of either list, whole and as a delta."""
    for list_name in ListName:
        for delta in (False, True):
            check_extract(octets, list_name, delta=delta)
