"""Reads the table of docs/threats.md, and finds tests by name without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

COLUMNS = ("id", "threat", "control", "enforced in", "test")
_ROW_ID = re.compile(r"\b[A-NP]\d\d\b")
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One threat: which attacks it covers, where the control stands, and the tests that show it."""

    line: int
    ids: tuple[str, ...]
    threat: str
    control: str
    enforced_in: tuple[str, ...]
    tests: tuple[str, ...]


def rows(markdown: str) -> Iterator[Row]:
    """The rows of every table with exactly our columns; raises ValueError for a row with another number of cells."""
    inside = False
    for number, line in enumerate(markdown.splitlines(), start=1):
        cells = _cells(line)
        if tuple(cells) == COLUMNS:
            inside = True
        elif not cells:
            inside = False
        elif inside and not set("".join(cells)) <= set("-: "):
            if len(cells) != len(COLUMNS):
                raise ValueError(f"line {number} has {len(cells)} cells, not {len(COLUMNS)}")
            ids, threat, control, enforced_in, tests = cells
            yield Row(
                number,
                tuple(_ROW_ID.findall(ids)),
                threat,
                control,
                tuple(_QUOTED.findall(enforced_in)),
                tuple(_QUOTED.findall(tests)),
            )


def _cells(line: str) -> list[str]:
    if not line.startswith("|"):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def exists(root: Path, test: str) -> bool:
    """Whether ``tests/x/test_y.py::test_name`` (or ``::TestClass::test_name``) is a test in the file it names."""
    file, _, name = test.partition("::")
    path = root / file
    return file.startswith("tests/") and path.is_file() and name in _tests_in(path)


@cache
def _tests_in(path: Path) -> dict[str, str]:
    return dict(found_tests(path.read_text()))


def found_tests(source: str) -> Iterator[tuple[str, str]]:
    """Name (``test_x`` or ``TestClass::test_x``) and docstring of each test of a module."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from ((f"{node.name}::{name}", said) for name, said in _functions(node.body))
    yield from _functions(ast.parse(source).body)


def _functions(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def attacks_named(source: str) -> Iterator[tuple[str, str]]:
    """Each (attack id, test) of which a docstring says that the test shows it."""
    for name, said in found_tests(source):
        yield from ((attack, name) for attack in _ROW_ID.findall(said))
