"""docs/data.md and examples/extracts hold what the program does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.documents import ListName
from node.extracts.forms import FIELDS
from node.extracts.framing import LINE_MAX
from node.extracts.lines import Action, Reason, Status
from node.extracts.reading import LINES_MAX
from node.extracts.staging import RANGE_NUMBERS_MAX, Tally
from node.records import CHANGES_MAX
from node.reports import Ages, Counts, document_of
from node.store.sqlite_moves import OVERLAY_MAX
from tests.node.passport_office import PassportOffice, at

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/data.md").read_text(encoding="utf-8")
EXTRACTS = ROOT / "examples/extracts"
RAISERS = (
    "ImportRefused|UnreadableExtract|RejectedLine|StoreError|StoreDamaged|StoreVersion|StoreLimit|StoreFull|WrongPepper"
)
CODED = re.compile(rf'(?:{RAISERS})\(\s*"([A-Z][A-Z0-9_]+)"')


def codes() -> set[str]:
    sources = [
        *(ROOT / "node").glob("*.py"),
        *(ROOT / "node/extracts").glob("*.py"),
        *(ROOT / "node/store").glob("*.py"),
    ]
    found = {code for path in sources for code in CODED.findall(path.read_text(encoding="utf-8"))}
    for path in ("federation/documents.py", "federation/dates.py", "federation/economies.py"):
        raised = re.compile(r'InvalidDocument\(\s*"([A-Z_]+)"')
        found |= set(raised.findall((ROOT / path).read_text(encoding="utf-8")))
    return found


def test_every_code_stands_on_the_page_with_its_remedy() -> None:
    assert len(codes()) > 50
    assert sorted(code for code in codes() if f"`{code}`" not in PAGE) == []


def test_no_code_stands_there_that_nothing_raises() -> None:
    tables = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    told = {code for cell in tables for code in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}
    assert sorted(told - codes()) == []


def test_every_field_status_action_and_reason_stands_there() -> None:
    names = {name for fields in FIELDS.values() for name in fields} | {*Status, *Action, *Reason}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []


def test_every_key_of_the_report_stands_there() -> None:
    keys = document_of(Tally(), Counts(), Ages())
    assert sorted(key for key in keys if f"`{key}`" not in PAGE) == []


@pytest.mark.parametrize("bound", [LINE_MAX, LINES_MAX, RANGE_NUMBERS_MAX, CHANGES_MAX, OVERLAY_MAX])
def test_every_bound_stands_there(bound: int) -> None:
    assert f"{bound:,}" in PAGE


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PassportOffice]:
    office = PassportOffice(tmp_path / "store")
    yield office
    office.close()


@pytest.mark.parametrize("name", ["reported.csv", "reported.jsonl", "issued.csv", "issued.jsonl"])
def test_the_example_extracts_are_taken_without_a_word(office: PassportOffice, name: str) -> None:
    list_name = ListName(name.partition(".")[0])
    outcome = office.take((EXTRACTS / name).read_bytes(), list_name=list_name, as_of=at(1))
    assert (outcome.exit_code, outcome.document["rejected"]) == (0, 0)
    assert outcome.document["accepted"] >= 3
    assert office.on_list("LA904412", list_name)


def test_the_example_deltas_build_on_them(office: PassportOffice) -> None:
    for list_name, full, delta in (
        (ListName.REPORTED, "reported.csv", "reported-delta.csv"),
        (ListName.ISSUED, "issued.csv", "issued-delta.jsonl"),
    ):
        office.take((EXTRACTS / full).read_bytes(), list_name=list_name, as_of=at(1))
        outcome = office.take(
            (EXTRACTS / delta).read_bytes(), list_name=list_name, full=False, since=at(1), as_of=at(2)
        )
        assert (outcome.exit_code, outcome.document["changed"], outcome.document["withdrawn"]) == (0, 2, 1)
    assert office.found("LA904410", "LA904411", "RD011760", "BN700149") == [(0,), (0,), (), (0,)]
    assert [len(tags) for tags in office.found("LA904414", "RD011760", list_name=ListName.ISSUED)] == [1, 1]


def test_the_example_is_as_such_systems_export_it() -> None:
    octets = (EXTRACTS / "reported.csv").read_bytes()
    assert octets.startswith(b"\xef\xbb\xbf")
    assert octets.count(b"\r\n") == octets.count(b"\n")
    assert all(sign in octets for sign in (b'"', b'""', b"<", b"nzl"))
