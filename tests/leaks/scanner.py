"""Finds document numbers in bytes, files and directories, however they were written down.

Raw, reversed, hexadecimal (either case, also of the reversed), base64 at each of its three alignments, and UTF-16; each
for the number in upper and in lower case. Not found: numbers split by other characters, compressed or encrypted.
"""

from __future__ import annotations

import base64
import mmap
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What goes into a run, as opposed to what a run leaves behind: import files and manifests stand in directories of this
# name, and a lab publishes its specimens for people to try.
INPUT_DIRECTORY = "input"
INPUT_FILES = frozenset({"specimens.json"})


@dataclass(frozen=True, slots=True)
class Leak:
    """One number in one place; says where and how it was written, never which number it was."""

    where: str
    offset: int
    form: str

    def __str__(self) -> str:
        return f"{self.where} at offset {self.offset}: a document number, {self.form}"


class Scanner:
    """Looks for a fixed set of numbers."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._forms = {written: form for number in numbers for written, form in spellings(number)}
        self._pattern = re.compile(_alternatives(self._forms)) if self._forms else None

    def scan_bytes(self, data: bytes | mmap.mmap, where: str) -> Iterator[Leak]:
        """Every leak in ``data``; ``where`` is what the report calls it."""
        if self._pattern is None:
            return
        for found in self._pattern.finditer(data):
            yield Leak(where, found.start(), self._forms[found.group()])

    def scan_file(self, path: Path) -> Iterator[Leak]:
        """Every leak in a file of any size; mapped, not read, so there are no chunks for a number to fall between."""
        status = path.stat()
        if status.st_size == 0:
            return
        if not status.st_mode & 0o400:  # some tests take the right to read away
            path.chmod(status.st_mode | 0o400)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from self.scan_bytes(data, str(path))

    def scan_tree(self, root: Path) -> Iterator[Leak]:
        """Every leak in the files below ``root`` and in their names, except what is input."""
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if INPUT_DIRECTORY in relative.parts or path.name in INPUT_FILES or path.is_symlink():
                continue
            if len(relative.parts) > 1:  # the directory at the top is named after a test, by pytest
                yield from self.scan_bytes(os.fsencode(path.name), f"the name of {path.parent}/...")
            if path.is_file():
                yield from self.scan_file(path)


def spellings(number: str) -> Iterator[tuple[bytes, str]]:
    """Every way a number is looked for, and what a report calls it."""
    for text in (number.upper(), number.lower()):
        raw = text.encode("ascii")
        yield raw, "raw"
        yield raw[::-1], "reversed"
        yield text.encode("utf-16-le"), "UTF-16"
        for plain, form in ((raw, "hexadecimal"), (raw[::-1], "hexadecimal, reversed")):
            yield plain.hex().encode(), form
            yield plain.hex().upper().encode(), form
        for lead in range(3):
            yield _base64_core(raw, lead), "base64"


def _base64_core(raw: bytes, lead: int) -> bytes:
    """The base64 characters that ``raw`` alone decides when ``lead`` octets stand before it in a group of three."""
    whole = base64.b64encode(bytes(lead) + raw + bytes(-(lead + len(raw)) % 3))
    return whole[-(-lead * 8 // 6) : (lead + len(raw)) * 8 // 6]


def _alternatives(words: Iterable[bytes]) -> bytes:
    """A regular expression that matches any of ``words``, with what they begin with in common written once.

    As a plain ``a|b|c`` each of some thousand words would be tried at each octet.
    """
    tree: dict[int, dict[int, object]] = {}
    for word in words:
        branch = tree
        for octet in word:
            branch = branch.setdefault(octet, {})  # type: ignore[assignment]  # a tree of itself has no finite type
        branch[_END] = {}
    return _expression(tree)


_END = -1  # no octet


def _expression(tree: dict[int, dict[int, object]]) -> bytes:
    branches = [
        re.escape(bytes([octet])) + _expression(below)  # type: ignore[arg-type]  # as above
        for octet, below in sorted(tree.items())
        if octet != _END
    ]
    if not branches:
        return b""
    joined = branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"
    return b"(?:" + joined + b")?" if _END in tree else joined
