"""What people do all day, with marker numbers: nothing of them may be left anywhere (ATTACKS N08).

These tests only leave traces; the scan at the end of the run (`tests/leaks/plugin.py`) is what finds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from federation.documents import DocumentClass
from tests.running import LabRun

BIRTH, EXPIRY = "1960-04-12", "2031-01-02"


@pytest.fixture
def registered(lab: LabRun, markers: Sequence[str], tmp_path: Path) -> Iterator[Sequence[str]]:
    """The first ten markers reported at AUS, the next ten issued by it; withdrawn afterwards."""
    given = tmp_path / "input"
    given.mkdir()
    reported, issued = markers[:10], markers[10:20]
    _take(lab, given / "reported.jsonl", "reported", [{"status": "stolen"} for _ in reported], reported, "add")
    dates = [{"date_of_birth": BIRTH, "date_of_expiry": EXPIRY} for _ in issued]
    _take(lab, given / "issued.jsonl", "issued", dates, issued, "add")
    yield markers[:20]
    for name, numbers in (("reported", reported), ("issued", issued)):
        _take(lab, given / f"{name}-back.jsonl", name, [{"reason": "entered_in_error"}] * 10, numbers, "withdraw")


def _take(
    lab: LabRun, path: Path, list_name: str, fields: Sequence[dict[str, str]], numbers: Sequence[str], action: str
) -> None:
    lines = [{"as_of": datetime.now(UTC).isoformat(timespec="seconds")}] + [
        {
            **more,
            "action": action,
            "reference": f"LEAK-{list_name}-{place}",
            "document_number": number,
            "issuing_state": "AUS",
            "document_class": "P",
        }
        for place, (number, more) in enumerate(zip(numbers, fields, strict=True))
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    done = lab.rmas("import", "-C", lab.path / "AUS", path, "--list", list_name, "--delta", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def _documents(numbers: Sequence[str]) -> str:
    fields = {
        "issuing_state": "AUS",
        "document_class": DocumentClass.P,
        "date_of_birth": BIRTH,
        "date_of_expiry": EXPIRY,
    }
    return "".join(json.dumps({**fields, "document_number": number}) + "\n" for number in numbers)


def test_lookups_by_every_door_leave_no_number_behind(
    lab: LabRun, registered: Sequence[str], markers: Sequence[str], tmp_path: Path
) -> None:
    """N08: reported, issued and unknown numbers, asked in one file, by a person and about the own economy."""
    file = tmp_path / "input" / "documents.jsonl"
    file.write_text(_documents([*registered, *markers[20:40]]))
    for asker in ("NZL", "AUS"):
        asked = lab.rmas("lookup", "-C", lab.path / asker, "--file", file, "--officer", "officer 7")
        verdicts = [json.loads(line)["verdict"] for line in asked.stdout.splitlines()]
        assert verdicts == ["ALERT"] * 10 + ["CLEAR"] * 10 + ["NOT_RECOGNISED"] * 20


def test_documents_that_cannot_be_asked_leave_no_number_behind(lab: LabRun, markers: Sequence[str]) -> None:
    """N08: a wrong check digit, another state, a number of nobody, a purpose that does not fit."""
    number = markers[50]
    zone = f"P<AUSCITIZEN<<JANE{'<' * 27}\n{number}<0AUS6004129F3101021{'<' * 14}00\n"
    assert lab.rmas("lookup", "-C", lab.path / "NZL", "--mrz", stdin=zone).returncode == 30
    for state, options in (("D", ()), ("ZZZ", ()), ("AUS", ("--purpose", "TEST", "--peer", "AUS"))):
        fields = ("--issuing-state", state, "--number", number, *options)
        assert lab.rmas("lookup", "-C", lab.path / "NZL", *fields).returncode == 30


def test_records_and_rejected_lines_leave_no_number_behind(lab: LabRun, markers: Sequence[str], tmp_path: Path) -> None:
    """N08: one record put by hand and taken back; an extract full of mistakes."""
    home = lab.path / "AUS"
    number = ("--issuing-state", "AUS", "--number", markers[60])
    put = lab.rmas("records", "add", "-C", home, *number, "--status", "lost", "--reference", "LEAK-HAND")
    assert put.returncode == 0, put.stderr
    assert lab.rmas("records", "find", "-C", home, *number).returncode == 0
    back = lab.rmas("records", "withdraw", "-C", home, "--reference", "LEAK-HAND", "--reason", "recovered")
    assert back.returncode == 0, back.stderr
    given = tmp_path / "input"
    given.mkdir()
    wrong = [
        {"document_number": markers[61], "issuing_state": "NZL", "document_class": "P", "status": "lost"},
        {"document_number": markers[62] + "\u0410", "issuing_state": "AUS", "document_class": "P", "status": "lost"},
        {"document_number": markers[63], "issuing_state": "AUS", "document_class": "P", "status": "mislaid"},
        {"document_number": markers[64], "issuing_state": "AUS", "reference": markers[64], "status": "lost"},
    ]
    (given / "wrong.jsonl").write_text("\n".join(json.dumps({"action": "add", **line}) for line in wrong))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    file = given / "wrong.jsonl"
    refused = lab.rmas("import", "-C", home, file, "--list", "reported", "--delta", "--as-of", now, "--json")
    assert refused.returncode == 2
    assert len(json.loads(refused.stdout)["rejected_lines"]) == len(wrong)
    assert not any(one in refused.stdout + refused.stderr for one in markers[61:65])


def test_a_node_that_dies_and_one_that_is_asked_what_is_wrong_leave_no_number_behind(lab: LabRun) -> None:
    """N08: the doctor and the status of a node that has served these numbers."""
    for command in ("status", "doctor"):
        said = lab.rmas(command, "-C", lab.path / "AUS", "--json")
        assert json.loads(said.stdout)
