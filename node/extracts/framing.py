"""From a stream of octets to blocks of whole lines, in bounded memory whatever the stream holds.

Nothing here looks into a line. A line ends at LF, CRLF or CR, also when one file mixes them. One that is longer than
any honest line is cut, so that a gigabyte without a line end costs one rejected line and no memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from node.extracts.errors import UnreadableExtract

# The longest honest line has a dozen short fields; what is longer is cut here and rejected by its reader.
LINE_MAX: Final = 8_192
_CHUNK: Final = 1 << 20
_NOT_TEXT: Final = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a ZIP archive or spreadsheet"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet"),
    (b"<?xml", "XML"),
    (b"SQLite format 3", "a database"),
)
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, the first of which is line ``first`` of the file, counted from 1."""

    first: int
    octets: bytes

    def lines(self) -> list[bytes]:
        """The lines without their ends."""
        return self.octets.splitlines()


def blocks(stream: BinaryIO) -> Iterator[Block]:
    """The stream as blocks of about a mebibyte; a byte order mark is dropped.

    ``stream.read(n)`` gives n octets unless the stream ends, as a BufferedReader's does.

    Raises UnreadableExtract NOT_UTF8 when the first octets are those of another kind of file.
    """
    number = 1
    for octets in _whole_lines(stream):
        if number == 1:
            octets = _check_start(octets)  # noqa: PLW2901  the one place where the mark may stand
        block = Block(number, octets)
        yield block
        number += len(block.lines())


def _check_start(octets: bytes) -> bytes:
    for start, kind in _NOT_TEXT:
        if octets.startswith(start):
            raise UnreadableExtract("NOT_UTF8", f"The file is {kind}: export it as CSV or JSON Lines in UTF-8.")
    return octets.removeprefix(_BOM)


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    rest = b""
    overlong = False
    while chunk := stream.read(_CHUNK):
        if overlong:
            chunk = _after_line(chunk)  # the rest of a line that was cut
            if not chunk:
                continue
        octets = rest + chunk
        cut = _last_line_end(octets)
        if cut:
            yield octets[:cut]
        rest, overlong = _cut(octets[cut:])
    if rest:
        yield rest


def _cut(rest: bytes) -> tuple[bytes, bool]:
    """The beginning of a line, no more of it than matters, and whether what follows belongs to it and is dropped."""
    if len(rest) <= LINE_MAX:
        return rest, False
    if rest.endswith(b"\r"):
        # It has ended, unless an LF follows: then that is part of its end.
        return rest[:-1][: LINE_MAX + 1] + b"\r", False
    return rest[: LINE_MAX + 1], True


def _last_line_end(octets: bytes) -> int:
    # A CR as the last octet is none yet: the LF that belongs to it may be the next chunk's first.
    return max(octets.rfind(b"\n"), octets.rfind(b"\r", 0, -1)) + 1


def _after_line(chunk: bytes) -> bytes:
    """What follows the end of the line that ``chunk`` begins in, that end included; nothing if it goes on."""
    ends = [position for position in (chunk.find(b"\n"), chunk.find(b"\r")) if position >= 0]
    return chunk[min(ends) :] if ends else b""
