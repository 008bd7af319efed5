"""`rmas lab` itself, on a lab of two that each test leaves running or knows how to bring back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.node.command import run
from tests.running import LabRun, rmas

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabRun]:
    """NZL, and AUS, which as the last of a lab without PHL serves only its reported list."""
    path = tmp_path_factory.mktemp("two") / "lab"
    # A setting meant for one node must not reach those of a lab.
    up = rmas("lab", "up", path, "--economies", "NZL,AUS", "--records", "40", RMAS_PEER__DRAIN_SECONDS="1")
    assert up.returncode == 0, up.stderr
    made = LabRun(path, json.loads((path / "specimens.json").read_text()))
    yield made
    pids = [pid for one in status(made).values() for pid in one["pids"]]
    assert rmas("lab", "down", path, "--delete").returncode == 0
    assert not path.exists()
    assert not [pid for pid in pids if _runs_a_node(pid)]


def _runs_a_node(pid: int) -> bool:
    try:
        return b"node" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _all_running(two: LabRun) -> Iterator[None]:
    yield
    two.rmas("lab", "start", two.path)


def charter_of(two: LabRun, economy: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(two.rmas("status", "-C", two.path / economy, "--json").stdout)["charter"]
    return found


def status(two: LabRun) -> dict[str, dict[str, Any]]:
    done = run("lab", "status", two.path, "--json")
    return {one["economy"]: one for one in json.loads(done.stdout)}


def test_status_tells_where_each_node_is_and_which_processes_it_is(two: LabRun) -> None:
    facts = status(two)
    assert list(facts) == ["NZL", "AUS"]
    for economy, one in facts.items():
        assert one.keys() == {"economy", "dir", "state", "peer_address", "desk_address", "console_url", "pids"}
        assert (one["dir"], one["state"], one["console_url"]) == (str(two.path / economy), "running", None)
        assert one["peer_address"].startswith("127.0.0.1:")
        assert Path(one["desk_address"].removeprefix("unix:")).is_socket()
        # A supervisor and one worker; whoever else they start belongs to them too.
        assert len(one["pids"]) >= 2
        for pid in one["pids"]:
            os.kill(pid, 0)


def test_the_last_economy_vouches_for_nothing(two: LabRun) -> None:
    assert two.ask("NZL", two.specimen("AUS", "issued"))["verdict"] == "NOT_REPORTED"
    assert two.ask("AUS", two.specimen("NZL", "issued"))["verdict"] == "CLEAR"


def test_a_stopped_node_is_no_answer_and_back_again_when_start_returns(two: LabRun) -> None:
    stolen = two.specimen("AUS", "stolen")
    done = two.rmas("lab", "stop", two.path, "AUS")
    assert "AUS  stopped" in done.stdout
    facts = status(two)
    assert (facts["AUS"]["state"], facts["AUS"]["pids"], facts["NZL"]["state"]) == ("stopped", [], "running")
    answer = two.ask("NZL", stolen)
    assert (answer["verdict"], answer["reason"], answer["exit"]) == ("NO_ANSWER", "PEER_UNREACHABLE", 30)
    assert two.rmas("lab", "start", two.path, "AUS").returncode == 0
    assert two.ask("NZL", stolen)["verdict"] == "ALERT"


def test_a_wrong_clock_is_refused_and_told_and_no_clock_option_puts_it_right(two: LabRun) -> None:
    for clock in ("+10m", "-10m"):
        two.rmas("lab", "stop", two.path, "AUS")
        assert two.rmas("lab", "start", two.path, "AUS", "--clock", clock).returncode == 0
        answer = two.ask("NZL", two.specimen("AUS", "stolen"))
        assert (answer["verdict"], answer["reason"], answer["code"]) == ("NO_ANSWER", "REFUSED", "CLOCK")
    assert run("lab", "start", two.path, "AUS").code == "LAB_RUNNING"
    two.rmas("lab", "stop", two.path, "AUS")
    two.rmas("lab", "start", two.path, "AUS")
    assert two.ask("NZL", two.specimen("AUS", "stolen"))["verdict"] == "ALERT"


def test_a_node_that_was_killed_is_seen_and_brought_back_by_up(two: LabRun) -> None:
    supervisor, *workers = status(two)["AUS"]["pids"]
    os.kill(supervisor, signal.SIGKILL)
    done = two.rmas("lab", "up", two.path)
    assert done.returncode == 0, done.stderr
    facts = status(two)["AUS"]
    assert facts["state"] == "running"
    assert not {supervisor, *workers} & set(facts["pids"])
    assert two.ask("NZL", two.specimen("AUS", "stolen"))["verdict"] == "ALERT"


def test_up_on_a_running_lab_starts_nothing_anew(two: LabRun) -> None:
    before = status(two)
    assert two.rmas("lab", "up", two.path, "--economies", "AUS,NZL").returncode == 0
    assert status(two) == before


def test_a_lab_is_not_made_into_another_one(two: LabRun) -> None:
    done = run("lab", "up", two.path, "--economies", "NZL,USA")
    assert (done.returncode, done.code) == (2, "LAB_OTHER")


def test_a_node_that_does_not_come_up_says_what_its_log_says_last(two: LabRun) -> None:
    two.rmas("lab", "stop", two.path, "AUS")
    file = two.path / "AUS" / "trust" / "floor"
    good = file.read_bytes()
    file.write_bytes(good.replace(b"1", b"2"))
    done = two.rmas("lab", "start", two.path, "AUS")
    file.write_bytes(good)
    assert done.returncode == 2
    assert "AUS ended right after its start" in done.stderr
    assert "trust/floor" in done.stderr
    assert done.stderr.endswith("[LAB_NOT_READY]\n")
    assert status(two)["AUS"]["state"] == "stopped"


@pytest.mark.parametrize("command", ["stop", "start"])
def test_an_economy_that_takes_no_part_is_refused(two: LabRun, command: str) -> None:
    done = run("lab", command, two.path, "USA")
    assert (done.returncode, done.code) == (2, "LAB_NO_ECONOMY")


def test_down_stops_all_and_up_brings_the_same_federation_back(two: LabRun) -> None:
    trusted = charter_of(two, "NZL")
    assert two.rmas("lab", "down", two.path).returncode == 0
    assert {one["state"] for one in status(two).values()} == {"stopped"}
    assert two.rmas("lab", "up", two.path).returncode == 0
    assert charter_of(two, "NZL") == trusted
    assert two.ask("NZL", two.specimen("AUS", "stolen"))["verdict"] == "ALERT"


@pytest.mark.parametrize(
    ("economies", "code"),
    [
        ("NZL", "LAB_ECONOMIES"),
        ("NZL,NZL", "LAB_ECONOMIES"),
        ("NZL,XXX", "LAB_ECONOMIES"),
        ("NZL,D", "LAB_ECONOMIES"),
        ("", "LAB_ECONOMIES"),
    ],
)
def test_economies_that_make_no_lab_are_refused_and_nothing_is_made(tmp_path: Path, economies: str, code: str) -> None:
    done = run("lab", "up", tmp_path / "lab", "--economies", economies)
    assert (done.returncode, done.code) == (2, code)
    assert not (tmp_path / "lab").exists()


def test_more_records_than_there_are_numbers_make_no_lab(tmp_path: Path) -> None:
    done = run("lab", "up", tmp_path / "lab", "--economies", "NZL,PHL", "--records", "9000001")
    assert (done.returncode, done.code) == (2, "LAB_RECORDS")
    assert not (tmp_path / "lab").exists()


def test_a_directory_with_something_in_it_is_not_made_into_a_lab(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    done = run("lab", "up", tmp_path, "--economies", "NZL,AUS")
    assert (done.returncode, done.code) == (2, "LAB_EXISTS")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("command", ["status", "stop", "start", "down"])
def test_where_there_is_no_lab_the_command_says_how_to_make_one(tmp_path: Path, command: str) -> None:
    done = run("lab", command, tmp_path)
    assert (done.returncode, done.code) == (2, "NO_LAB")
    assert "rmas lab up" in done.stderr


def test_a_directory_that_is_no_lab_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    assert run("lab", "down", tmp_path, "--delete").code == "NO_LAB"
    assert (tmp_path / "precious").exists()
