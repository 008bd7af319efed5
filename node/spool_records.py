"""A spool's records: their octets, and reading them back, each held against the one before it (docs/spec/7-spool.md)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from federation.values import value
from node.errors import OperatorError

RECORD_OCTETS = 192
MAGIC = b"RMS1"

_FIXED = struct.Struct(">4sBBBxQQ3sxHH32s32s16sQ40x")
_CHAIN = _FIXED.size
_UNWRITTEN = bytes(RECORD_OCTETS)
_SYNCED = struct.Struct(">112xQ")


class Event(IntEnum):
    """What a record says happened."""

    ASKING = 1  # the asker, before the request leaves
    SHOWN = 2  # the asker, before the verdict is shown
    ASKED = 3  # the responder, before it looks up
    ANSWERED = 4  # the responder, before the answer leaves
    REFUSED = 5  # the responder, before a refusal leaves
    WITHHELD = 6  # the asker, a question kept at home


@value(frozen=True, slots=True)
class Entry:
    """One record. ``at_ms`` is the node's clock; ``other`` the other economy's code; ``code`` a refusal's number.

    ``request_digest`` and ``answer_digest`` are SHA-256 of pre-authentication bytes, zero where there is none;
    ``officer`` is the keyed pseudonym (16 octets) of the officer, in the asker's records alone.
    """

    event: Event
    at_ms: int
    other: str
    purpose: int
    questions: int
    request_digest: bytes
    answer_digest: bytes = bytes(32)
    code: int = 0
    verdict: int = 0
    officer: bytes = bytes(16)


class SpoolDamaged(OperatorError):
    """A record does not continue the chain: the file was changed, or a disk lies."""


def encode(entry: Entry, index: int, synced: int, chain: bytes) -> bytes:
    """The 192 octets of record ``index``, the last 32 its own chain; ``synced`` records were known to be durable."""
    fixed = _FIXED.pack(
        MAGIC,
        entry.event,
        entry.purpose,
        entry.code,
        index,
        entry.at_ms,
        entry.other.encode("ascii"),
        entry.questions,
        entry.verdict,
        entry.request_digest,
        entry.answer_digest,
        entry.officer,
        synced,
    )
    return fixed + sha256(chain + fixed).digest()


def decode(octets: bytes) -> tuple[int, Entry]:
    """Index and entry of a record whose chain holds."""
    fields = _FIXED.unpack(octets[:_CHAIN])
    _, event, purpose, code, index, at_ms, other, questions, verdict, request, answer, officer, _ = fields
    other_text = other.rstrip(b"\x00").decode("ascii")
    return index, Entry(Event(event), at_ms, other_text, purpose, questions, request, answer, code, verdict, officer)


def chain_of(octets: bytes) -> bytes:
    """The chain that a record ends with."""
    return octets[_CHAIN:]


def synced_before(octets: bytes) -> int:
    """How many records were known to be durable when this one was written; 0 for octets that are no record."""
    if octets[:4] != MAGIC or len(octets) != RECORD_OCTETS:
        return 0
    (synced,) = _SYNCED.unpack_from(octets)
    return int(synced)


def segments(directory: Path) -> list[Path]:
    """The files of a spool, in order."""
    return sorted(directory.glob("*.spool"))


def read(directory: Path, start: int = 0) -> Iterator[tuple[int, Entry]]:
    """Every record from index ``start`` on, each held against the one before it.

    A last record that is torn (the writer was killed within it) is not there: what it stood for never left.

    Raises:
        SpoolDamaged: a record was changed, removed or reordered; the message names its index.
    """
    for index, _, entry in walk(directory, start):
        yield index, entry


def tail(directory: Path, start: int) -> Iterator[tuple[int, Entry]]:
    """As ``read``, for who follows a spool every second: what lies behind the last record is not looked at."""
    for index, _, entry in walk(directory, start, following=True):
        yield index, entry


def link_before(paths: list[Path], index: int) -> bytes:
    """The chain that record ``index`` continues."""
    if index == 0:
        return bytes(32)
    per_segment = paths[0].stat().st_size // RECORD_OCTETS
    segment, place = divmod(index - 1, per_segment)
    with paths[segment].open("rb") as file:
        file.seek(place * RECORD_OCTETS + _CHAIN)
        return file.read(32)


def walk(directory: Path, start: int, *, following: bool = False) -> Iterator[tuple[int, bytes, Entry]]:
    """As ``read``, with each record's chain; raises SpoolDamaged."""
    paths = segments(directory)
    if not paths:
        return
    for number, path in enumerate(paths):
        if path.name != f"{number:012d}.spool":
            raise SpoolDamaged("SPOOL_GAP", f"A spool segment is missing before {path.name}; restore it.")
    per_segment = paths[0].stat().st_size // RECORD_OCTETS
    chain, expected = link_before(paths, start), start
    for path in paths[start // per_segment :]:
        with path.open("rb") as file:
            file.seek(expected % per_segment * RECORD_OCTETS)
            while octets := file.read(RECORD_OCTETS):
                if not _continues(octets, chain):
                    if path is paths[-1] and _is_end(file, octets, following=following):
                        return
                    octets = _read_again(file, expected % per_segment)
                    if not _continues(octets, chain):
                        text = f"Spool record {expected} in {path.name} breaks the chain."
                        raise SpoolDamaged("SPOOL_DAMAGED", text)
                index, entry = decode(octets)
                if index != expected:
                    raise SpoolDamaged("SPOOL_DAMAGED", f"Spool record {expected} in {path.name} has another index.")
                chain, expected = chain_of(octets), expected + 1
                yield index, chain, entry


def _continues(octets: bytes, chain: bytes) -> bool:
    return octets[:4] == MAGIC and sha256(chain + octets[:_CHAIN]).digest() == octets[_CHAIN:]


def _is_end(file: BinaryIO, octets: bytes, *, following: bool) -> bool:
    """Whether nothing was written behind these octets. Who follows a living writer looks one record ahead: a record that
    was being copied when it was read is the last, and whole the next time.
    """
    if following:
        return octets == _UNWRITTEN or file.read(RECORD_OCTETS).strip(b"\0") == b""
    return not file.read().strip(b"\0")


def _read_again(file: BinaryIO, place: int) -> bytes:
    """A record that others follow was whole before they were written: only our first reading can have been half way."""
    file.seek((place + 1) * RECORD_OCTETS)
    return os.pread(file.fileno(), RECORD_OCTETS, place * RECORD_OCTETS)
