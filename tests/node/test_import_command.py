"""`rmas import` and `rmas records` as an operator runs them: with the node down, and with a lab that runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.lock import NodeLock
from tests.node.command import Done, found_federation, make_home, run
from tests.node.passport_office import as_csv, issued, reported
from tests.running import LabRun

# Cut an hour before whatever clock runs the tests.
CUT = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = make_home(tmp_path / "NZL", "NZL")
    found_federation(home)
    return home


@pytest.fixture
def extract(tmp_path: Path, markers: tuple[str, ...]) -> Path:
    path = tmp_path / "input" / "reported.csv"
    path.parent.mkdir()
    path.write_bytes(as_csv([reported(number, f"P-{n}") for n, number in enumerate(markers[:100])]))
    return path


def take(home: Path, *words: str | Path, stdin: str = "") -> tuple[Done, dict[str, Any]]:
    done = run("import", *words, "-C", home, "--json", stdin=stdin)
    return done, json.loads(done.stdout)


def test_an_import_with_the_node_down_is_durable_and_says_so(home: Path, extract: Path) -> None:
    done, told = take(home, extract, "--list", "reported", "--full", "--as-of", CUT, "--expect", "100")
    assert done.returncode == 0
    assert (told["accepted"], told["served"], told["refused"]) == (100, False, None)
    assert datetime.fromisoformat(told["data_as_of"]) == datetime.fromisoformat(CUT)
    words = run("import", extract, "--list", "reported", "--full", "--as-of", CUT, "-C", home)
    assert "100 lines; 0 changed, 100 unchanged, 0 withdrawn, 0 rejected." in words.stdout
    assert "served when the node starts" in words.stdout


def test_an_extract_may_come_through_a_pipe(home: Path, extract: Path) -> None:
    text = f"#as_of={CUT}\n" + extract.read_text()
    done, told = take(home, "-", "--list", "reported", "--full", stdin=text)
    assert (done.returncode, told["accepted"]) == (0, 100)


def test_a_refused_import_ends_with_2_one_sentence_and_the_lines(
    home: Path, extract: Path, markers: tuple[str, ...]
) -> None:
    extract.write_text(extract.read_text().replace(",lost,", ",gone,", 1))
    done = run("import", extract, "--list", "reported", "--full", "--as-of", CUT, "-C", home)
    assert (done.returncode, done.code) == (2, "REJECTED")
    assert done.stderr.startswith("rmas: Nothing was changed. ")
    assert done.stdout == (
        "line 2, status: The status is none of lost, stolen, stolen_blank, revoked, invalid. [STATUS]\n"
    )
    assert markers[0] not in done.stdout + done.stderr


def test_few_rejected_lines_end_with_3_and_hold_the_list(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.mkdir()
    lines = [reported(f"QZX{n:06}", f"P-{n}", status="lost" if n else "?") for n in range(1_000)]
    (path / "many.csv").write_bytes(as_csv(lines))
    done = run("import", path / "many.csv", "--list", "reported", "--full", "--as-of", CUT, "-C", home)
    assert done.returncode == 3
    assert "Its as-of is held" in done.stdout
    assert "--accept-rejected" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--list", "reported"], "USAGE"),
        (["--list", "reported", "--full", "--delta"], "USAGE"),
        (["--list", "reported", "--full", "--since", CUT], "USAGE"),
        (["--list", "wanted", "--full"], "USAGE"),
        (["--full"], "USAGE"),
        (["--list", "reported", "--full"], "AS_OF_MISSING"),
        (["--list", "issued", "--full", "--as-of", CUT], "UNKNOWN_FIELD"),
        (["--list", "reported", "--delta", "--as-of", CUT], "FULL_AS_DELTA"),
        (["--list", "reported", "--full", "--as-of", CUT, "--source", "police"], "SOURCE_UNKNOWN"),
    ],
)
def test_wrong_usage_ends_with_2_and_changes_nothing(home: Path, extract: Path, words: list[str], code: str) -> None:
    done = run("import", extract, *words, "-C", home)
    assert (done.returncode, done.code) == (2, code)
    assert json.loads(run("records", "stats", "-C", home, "--json").stdout)["reported"]["records"] == 0


def test_a_dry_run_says_what_would_be(home: Path, extract: Path, markers: tuple[str, ...]) -> None:
    extract.write_bytes(as_csv([reported(markers[0], "P-1")]))
    words: list[str | Path] = ["import", extract, "--list", "reported", "--full", "--as-of", CUT, "-C", home]
    tried = run(*words, "--dry-run").stdout
    assert "full extract: 1 line; 1 changed, " in tried
    assert "The list would be as of " in tried
    assert "The list is as of " in run(*words).stdout


def test_a_file_that_is_not_there_is_named(home: Path) -> None:
    done = run("import", "/nowhere/x.csv", "--list", "reported", "--full", "--as-of", CUT, "-C", home)
    assert (done.returncode, done.code) == (2, "INPUT_UNREADABLE")
    assert "/nowhere/x.csv" in done.stderr


def test_while_another_process_changes_the_lists_nothing_is_written(
    home: Path, extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H08."""
    monkeypatch.setattr("node.intake._PATIENCE_SECONDS", 0.3)
    with NodeLock(home / "run" / "lock"):
        done = run("import", extract, "--list", "reported", "--full", "--as-of", CUT, "-C", home)
    assert (done.returncode, done.code) == (2, "NODE_RUNNING")
    assert json.loads(run("records", "stats", "-C", home, "--json").stdout)["reported"]["records"] == 0


@pytest.mark.parametrize("list_name", ["reported", "issued"])
@settings(max_examples=40)
@given(data=st.binary(max_size=400))
def test_any_octets_are_a_sentence_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, list_name: str, data: bytes
) -> None:
    """I12."""
    home = _home_for_anything(tmp_path_factory)
    path = home / "any.csv"
    path.write_bytes(data)
    done = run("import", path, "--list", list_name, "--full", "--as-of", CUT, "-C", home)
    assert done.returncode == 2
    assert done.code.isupper()
    assert "Traceback" not in done.stderr
    assert done.code != "UNEXPECTED"


_MADE: list[Path] = []


def _home_for_anything(factory: pytest.TempPathFactory) -> Path:
    if not _MADE or not _MADE[0].exists():
        base = factory.mktemp("anything")
        home = make_home(base / "NZL", "NZL")
        found_federation(home)
        _MADE[:] = [home]
    return _MADE[0]


class TestRecords:
    def add(self, home: Path, number: str, *words: str) -> Done:
        return run("records", "add", "-C", home, "--issuing-state", "NZL", "--number", number, *words, "--json")

    def test_a_theft_is_told_found_and_withdrawn_by_reference(self, home: Path, markers: tuple[str, ...]) -> None:
        done = self.add(home, markers[0], "--status", "stolen", "--reference", "LS-1", "--reported-on", "2026-11-22")
        assert (done.returncode, json.loads(done.stdout)["changed"]) == (0, 1)
        (found,) = json.loads(run("records", "find", "--reference", "LS-1", "-C", home, "--json").stdout)
        assert (found["state"], found["reported_on"], found["on_the_list"]) == ("stolen", "2026-11-22", True)
        done = run("records", "withdraw", "-C", home, "--reference", "LS-1", "--reason", "recovered", "--json")
        assert json.loads(done.stdout)["withdrawn"] == 1
        (found,) = json.loads(run("records", "find", "--reference", "LS-1", "-C", home, "--json").stdout)
        assert (found["state"], found["reason"], found["on_the_list"]) == ("withdrawn", "recovered", False)

    def test_a_document_is_found_by_its_fields(self, home: Path, markers: tuple[str, ...]) -> None:
        self.add(home, markers[0], "--status", "lost", "--reference", "LS-1")
        self.add(home, markers[0], "--list", "issued", "--birth", "1960-04-12", "--expiry", "", "--reference", "IS-1")
        spelt = f"{markers[0][:3].lower()}-{markers[0][3:]}<"
        done = run("records", "find", "--issuing-state", "nzl", "--number", spelt, "-C", home, "--json")
        assert [(one["list"], one["reference"]) for one in json.loads(done.stdout)] == [
            ("reported", "LS-1"),
            ("issued", "IS-1"),
        ]
        done = run("records", "find", "--issuing-state", "NZL", "--number", markers[1], "-C", home)
        assert (done.returncode, done.stdout) == (1, "No record.\n")
        assert markers[0] not in run("records", "find", "--reference", "LS-1", "-C", home).stdout

    def test_a_record_without_a_reference_is_told_the_one_it_got(self, home: Path, markers: tuple[str, ...]) -> None:
        done = run("records", "add", "-C", home, "--issuing-state", "NZL", "--number", markers[0], "--status", "lost")
        reference = done.stdout.partition("got ")[2].split()[0]
        assert reference.startswith("K-")
        assert run("records", "withdraw", "--reference", reference, "-C", home).returncode == 0

    def test_what_is_there_is_changed_only_when_asked_to(self, home: Path, markers: tuple[str, ...]) -> None:
        self.add(home, markers[0], "--status", "lost", "--reference", "LS-1")
        done = self.add(home, markers[0], "--status", "stolen", "--reference", "LS-1")
        assert (done.returncode, done.code) == (2, "REJECTED")
        assert json.loads(done.stdout)["rejected_lines"][0]["code"] == "REFERENCE_TAKEN"
        assert self.add(home, markers[0], "--status", "stolen", "--reference", "LS-1", "--change").returncode == 0

    def test_a_record_of_the_issued_list_says_whether_it_expires(self, home: Path, markers: tuple[str, ...]) -> None:
        told = ["--list", "issued", "--reference", "IS-1"]
        for dates in ([], ["--birth", "1960-04-12"], ["--expiry", "2031-01-02"]):
            done = self.add(home, markers[0], *told, *dates)
            assert (done.returncode, done.code) == (2, "USAGE")
            assert "--expiry ''" in done.stderr
        assert self.add(home, markers[0], *told, "--birth", "1960-04-12", "--expiry", "").returncode == 0

    def test_a_person_who_tells_one_record_hears_of_no_lines(self, home: Path, markers: tuple[str, ...]) -> None:
        words: list[str | Path] = [
            "records",
            "add",
            "-C",
            home,
            "--issuing-state",
            "NZL",
            "--number",
            markers[0],
            "--reference",
            "LS-1",
        ]
        assert "reported list: 1 record changed.\n" in run(*words, "--status", "lost").stdout
        assert "reported list: 1 record unchanged.\n" in run(*words, "--status", "lost").stdout
        done = run(*words, "--status", "stolen")
        assert (done.returncode, done.code) == (2, "REJECTED")
        assert "--change" in done.stdout
        assert all(word not in done.stdout + done.stderr for word in ("line", "extract"))

    def test_lists_are_counted(self, home: Path, extract: Path) -> None:
        take(home, extract, "--list", "reported", "--full", "--as-of", CUT)
        self.add(home, "QZX100000", "--status", "stolen_blank", "--number-to", "QZX100099", "--reference", "BL-1")
        told = json.loads(run("records", "stats", "-C", home, "--json").stdout)
        assert told["reported"]["by_status"] == {"lost": 100, "stolen_blank": 1}
        assert told["issued"] == {"records": 0, "by_status": {}, "data_as_of": None}
        words = run("records", "stats", "-C", home).stdout
        assert "reported: 101 records, as of" in words
        assert "issued: 0 records, never imported in full" in words

    @pytest.mark.parametrize(
        "words", [[], ["--reference", "x", "--number", "y"], ["--number", "QZX000001"], ["--issuing-state", "NZL"]]
    )
    def test_finding_needs_a_reference_or_a_document(self, home: Path, words: list[str]) -> None:
        done = run("records", "find", *words, "-C", home)
        assert (done.returncode, done.code) == (2, "USAGE")


class TestRunningNode:
    def test_a_theft_told_to_a_running_node_is_an_alert_abroad_and_its_withdrawal_none(self, lab: LabRun) -> None:
        document = lab.specimen("NZL", "issued")
        assert lab.ask("AUS", document)["verdict"] == "CLEAR"
        done = run(
            "records", "add", "-C", lab.path / "NZL", "--issuing-state", document["issuing_state"],
            "--class", document["document_class"], "--number", document["document_number"],
            "--status", "stolen", "--reference", "DESK-1", "--json",
        )  # fmt: skip
        assert json.loads(done.stdout)["served"]
        assert lab.ask("AUS", document)["verdict"] == "ALERT"
        done = run("records", "withdraw", "-C", lab.path / "NZL", "--reference", "DESK-1", "--json")
        assert json.loads(done.stdout)["served"]
        assert lab.ask("AUS", document)["verdict"] == "CLEAR"

    def test_an_import_is_served_when_the_command_returns(
        self, lab: LabRun, tmp_path: Path, markers: tuple[str, ...]
    ) -> None:
        home = lab.path / "NZL"
        document = issued(markers[199], "CMD-1")
        path = tmp_path / "input" / "delta.csv"
        path.parent.mkdir()
        path.write_bytes(as_csv([{"action": "add", **document}]))
        done, told = take(home, path, "--list", "issued", "--delta")
        assert (done.returncode, told["served"], told["changed"]) == (0, True, 1)
        assert lab.ask("USA", document)["verdict"] == "CLEAR"
        path.write_bytes(as_csv([{"action": "withdraw", "reference": "CMD-1"}]))
        _, told = take(home, path, "--list", "issued", "--delta")
        assert (told["served"], told["withdrawn"]) == (True, 1)
        assert lab.ask("USA", document)["verdict"] == "NOT_RECOGNISED"
        assert list((home / "store" / "incoming").iterdir()) == []
