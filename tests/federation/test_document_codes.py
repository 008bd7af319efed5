"""docs/spec/1-documents.md and the code say the same codes, forms and octets."""

import ast
import json
import re
from pathlib import Path

import pytest

from federation.check_digits import LOOK_ALIKES
from federation.economies import ISSUERS
from federation.errors import InvalidDocument
from federation.icao_codes import ISO_3166_1
from federation.lookup import validate_questions

ROOT = Path(__file__).parents[2]
SPECIFICATION = (ROOT / "docs" / "spec" / "1-documents.md").read_text(encoding="utf-8")
RAISED_WITH_A_CODE = {"InvalidDocument", "MrzError"}


def codes_raised() -> set[str]:
    """The first argument of every InvalidDocument and MrzError that the package makes."""
    codes = set()
    for path in (ROOT / "federation").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED_WITH_A_CODE:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    codes.add(str(code.value))
    return codes


def codes_documented() -> list[str]:
    table = SPECIFICATION.split("## 1.6")[1].split("## 1.7")[0]
    return re.findall(r"^\| `([A-Z_]+)` \|", table, flags=re.MULTILINE)


def test_every_code_is_in_the_table_and_every_row_can_happen() -> None:
    documented = codes_documented()
    assert len(documented) == len(set(documented))
    assert set(documented) == codes_raised()


def test_a_lookup_of_no_document_is_refused() -> None:
    with pytest.raises(InvalidDocument) as refused:
        validate_questions([])
    assert (refused.value.code, refused.value.field) == ("BATCH_SIZE", "documents")


def test_every_code_is_named_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "federation").glob("test_*.py"))
    tests += (ROOT / "tests" / "vectors" / "normalisation-v1.json").read_text(encoding="ascii")
    assert [code for code in codes_documented() if f'"{code}"' not in tests] == []


def test_the_issuers_named_in_the_specification_are_those_beyond_iso() -> None:
    rule = SPECIFICATION.split("7. The result MUST")[1].split("`XXA")[0]
    named = {code for group in re.findall(r"`([A-Z ]+)`", rule) for code in group.split()} - {"DEU"}
    iso = {line.split(" ", 1)[0] for line in ISO_3166_1.splitlines()}
    assert named == set(ISSUERS) - iso


def test_the_look_alikes_named_in_the_specification_are_those_offered() -> None:
    named = re.search(r"`(0O [0-9A-Z ]+)`", SPECIFICATION)
    assert named is not None
    pairs = {frozenset(pair) for pair in named[1].split()}
    assert pairs == {frozenset((one, other)) for one, others in LOOK_ALIKES.items() for other in others}


def test_the_worked_octets_are_published_vectors() -> None:
    vectors = json.loads((ROOT / "tests" / "vectors" / "normalisation-v1.json").read_text(encoding="ascii"))
    published = {question["octets"] for question in vectors["questions"]}
    worked = re.findall(r"^([0-9a-f]{2} [0-9a-f ]+)$", SPECIFICATION, flags=re.MULTILINE)
    assert len(worked) == 2
    assert {row.replace(" ", "") for row in worked} <= published
