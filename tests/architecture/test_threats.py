"""docs/threats.md keeps its word: each threat names tests that exist, and each test that shows a threat is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.threats import Row, attacks_named, exists, found_tests, rows

ROOT = Path(__file__).parents[2]
ROWS = list(rows((ROOT / "docs" / "threats.md").read_text()))
TABLE = "| id | threat | control | enforced in | test |\n|---|---|---|---|---|\n"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.ids) or f"line {row.line}")
class TestRow:
    def test_every_test_it_names_exists(self, row: Row) -> None:
        assert row.tests, f"line {row.line} names no test"
        assert [test for test in row.tests if not exists(ROOT, test)] == []

    def test_every_module_it_names_exists(self, row: Row) -> None:
        assert row.enforced_in, f"line {row.line} names no module"
        assert [place for place in row.enforced_in if not (ROOT / place.partition("::")[0]).exists()] == []

    def test_it_says_what_is_threatened_and_what_is_done(self, row: Row) -> None:
        assert row.ids, f"line {row.line} has no id"
        assert row.threat, f"line {row.line} names no threat"
        assert row.control, f"line {row.line} names no control"


def test_there_are_rows() -> None:
    assert ROWS


def test_every_attack_that_a_test_says_it_shows_has_a_row() -> None:
    listed = {attack for row in ROWS for attack in row.ids}
    unlisted = {
        f"{attack}: {path.relative_to(ROOT)}::{test}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for attack, test in attacks_named(path.read_text())
        if attack not in listed
    }
    assert not unlisted, "\n".join(sorted(unlisted))


def test_a_row_is_read_cell_by_cell() -> None:
    (row,) = rows(
        TABLE + "| A01 A02 | a \\| b | c | `certs/verify.py` | `tests/a.py::test_b`, `tests/c.py::test_d` |\n"
    )
    assert row.ids == ("A01", "A02")
    assert row.threat == r"a \| b"
    assert row.enforced_in == ("certs/verify.py",)
    assert row.tests == ("tests/a.py::test_b", "tests/c.py::test_d")


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("line 3 has 4 cells, not 5")):
        list(rows(TABLE + "| A01 | a | b | c |\n"))


def test_a_test_that_is_gone_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('x', [1])\n"
        "def test_there(x): ...\n"
        "class TestGroup:\n    async def test_inside(self): ...\n"
    )
    assert exists(tmp_path, "tests/test_a.py::test_there")
    assert exists(tmp_path, "tests/test_a.py::TestGroup::test_inside")
    assert not exists(tmp_path, "tests/test_a.py::test_gone")
    assert not exists(tmp_path, "tests/test_a.py::test_inside")
    assert not exists(tmp_path, "tests/test_b.py::test_there")
    assert not exists(tmp_path, "tests/test_a.py")


def test_the_attacks_in_a_docstring_are_found() -> None:
    source = 'def test_x():\n    """C01, C02: refused (P-256, X12345)."""\ndef helper():\n    """A01"""\n'
    assert list(attacks_named(source)) == [("C01", "test_x"), ("C02", "test_x")]
    assert [name for name, _ in found_tests(source)] == ["test_x"]
