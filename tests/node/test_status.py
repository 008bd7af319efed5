"""`rmas status`, and `rmas doctor` beside a node that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.cli import status as command
from tests.node.command import make_home, run
from tests.running import LabRun

HELD = {
    "data_as_of": "2026-11-22T05:30:00Z",
    "held_as_of": "2026-11-22T07:00:00Z",
    "held_since": "2026-11-22T07:10:00Z",
    "held_rejected": 2,
}
FACTS = {
    "economy": "NZL",
    "node": "rmas://lab/NZL/node1",
    "state": "degraded",
    "now": "2026-11-22T08:00:00Z",
    "started_at": "2026-11-22T07:00:00Z",
    "peer_addresses": ["127.0.0.1:7443"],
    "desk_socket": "/n/run/desk.sock",
    "charter": {"version": 1, "digest": "ab" * 32},
    "workers": [
        {"index": 0, "pid": 7, "ready": True, "answered": 1, "refused": 0, "sessions": 1, "faults": 0},
        {"index": 1, "pid": None, "ready": False, "answered": 0, "refused": 0, "sessions": 0, "faults": 0},
    ],
    "worker_restarts": 3,
    "lists": {
        "reported": {
            "records": 12,
            "data_as_of": "2026-11-22T05:30:00Z",
            "age_seconds": 9000,
            "sources": {"main": dict(HELD)},
        },
        "issued": {"records": 0, "data_as_of": None, "age_seconds": None, "sources": {}},
    },
    "peers": [
        {
            "economy": "AUS",
            "nodes": [{"node": "rmas://lab/AUS/node1", "state": "unreachable", "last_error": "\x1b[2Jno"}],
        }
    ],
}


def test_a_person_sees_what_is_wrong() -> None:
    text = "\n".join(command._for_person(FACTS))
    assert "rmas://lab/NZL/node1 is degraded since 2026-11-22T07:00:00Z" in text
    assert "3 restarts of a worker" in text
    assert [line.split() for line in text.splitlines() if line.startswith(("  0 ", "  1 "))] == [
        ["0", "7", "yes", "1", "0", "1", "0"],
        ["1", "-", "no", "0", "0", "0", "0"],
    ]
    assert "  reported  12       2026-11-22T05:30:00Z    2h" in text
    assert "  issued    0        never imported in full  -" in text
    assert "  reported is held back since 2026-11-22T07:10:00Z, and ages: 2 lines of source main rejected" in text
    assert "issued is held" not in text


def test_what_a_peer_said_cannot_steer_the_terminal() -> None:
    """K11: the words of a peer that refused us are its own."""
    text = "\n".join(command._for_person(FACTS))
    assert "\x1b" not in text
    assert "unreachable (\\u001b[2Jno)" in text


def test_a_node_that_does_not_run_is_told_with_the_command_that_starts_it(tmp_path: Path) -> None:
    home = make_home(tmp_path / "nzl", "NZL")
    done = run("status", "-C", home, "--json")
    assert (done.returncode, done.code) == (2, "NODE_DOWN")
    assert f"rmas serve -C {home}" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "NODE_DOWN"


@pytest.mark.parametrize(("state", "code"), [("ready", 0), ("degraded", 1)])
def test_the_exit_code_says_whether_it_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    home = make_home(tmp_path / "nzl", "NZL")
    (home / "run/desk.sock").touch()
    monkeypatch.setattr("node.desk_client.Desk.status", lambda *_: {**FACTS, "state": state})
    assert run("status", "-C", home).returncode == code


@pytest.mark.slow
def test_a_running_node_tells_of_its_workers_lists_and_peers(lab: LabRun) -> None:
    done = run("status", "-C", lab.path / "NZL", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["state"], facts["node"]) == (0, "ready", "rmas://lab/NZL/node1")
    assert [worker["ready"] for worker in facts["workers"]] == [True]
    assert facts["lists"]["reported"]["records"] > 5
    assert {peer["economy"] for peer in facts["peers"]} == {"AUS", "USA", "PHL"}
    assert "never imported" not in run("status", "-C", lab.path / "NZL").stdout
    assert "never imported" in run("status", "-C", lab.path / "PHL").stdout


@pytest.mark.slow
def test_the_doctor_finds_no_fault_with_a_running_node(lab: LabRun) -> None:
    done = run("doctor", "-C", lab.path / "NZL", "--json")
    findings = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0, findings
    assert findings["PORT"]["sentence"].endswith("this node is running.")
    assert findings["RUN_FILES"]["sentence"] == "The node is running."
    assert [code for code, one in findings.items() if one["level"] == "warning"] == []
