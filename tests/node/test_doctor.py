from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.identity import NodeName
from certs.keystore import KeyStore
from node import config, config_file, grants_file, init, lab_trust
from node.clock import Clock
from node.doctor import keys, machine, standing
from node.doctor.checks import examine
from node.doctor.finding import Level, raised
from node.errors import OperatorError
from node.layout import Layout
from node.trusted import Trusted
from tests.node.command import found_federation, make_home, run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A node that is all right, but for lists that nobody filled yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    made = make_home(tmp_path / "nzl", "NZL")
    config_file.change(made / "rmas.toml", "peer", {"listen": [address]})
    found_federation(made)
    return made


def found(home: Path, level: Level) -> dict[str, str]:
    return {finding.code: finding.sentence for finding in examine(home) if finding.level is level}


def faults(home: Path) -> set[str]:
    return set(found(home, Level.FAULT))


def test_a_new_node_has_no_fault_and_three_warnings(home: Path) -> None:
    assert faults(home) == set()
    assert set(found(home, Level.WARNING)) == {"REPORTED_LIST_EMPTY", "ISSUED_LIST_EMPTY", "NO_GRANTS"}


def test_the_command_ends_with_1_when_there_is_a_fault_and_says_what_to_do(home: Path) -> None:
    assert run("doctor", "-C", home).returncode == 0
    (home / "keys" / "tls.pem").chmod(0o644)
    done = run("doctor", "-C", home, "--json")
    report: dict[str, Any] = json.loads(done.stdout)
    (finding,) = [one for one in report["findings"] if one["level"] == "fault"]
    assert (done.returncode, report["ok"], finding["code"]) == (1, False, "KEY_EXPOSED")
    assert "chmod" in finding["remedy"]
    assert finding.keys() == {"code", "level", "sentence", "remedy"}
    assert "-> " in run("doctor", "-C", home).stdout


def test_nothing_is_changed_by_looking(home: Path) -> None:
    before = {path: (path.stat().st_mode, path.read_bytes()) for path in home.rglob("*") if path.is_file()}
    list(examine(home))
    after = {path: (path.stat().st_mode, path.read_bytes()) for path in home.rglob("*") if path.is_file()}
    # SQLite leaves its shared memory beside a database that was read.
    assert {path: after[path] for path in before if "changes.db-" not in path.name} == {
        path: what for path, what in before.items() if "changes.db-" not in path.name
    }


def test_without_settings_there_is_one_finding(tmp_path: Path) -> None:
    assert [finding.code for finding in examine(tmp_path)] == ["NO_NODE"]


def swap_keys(home: Path) -> None:
    tls, message = home / "keys/tls.pem", home / "keys/message.pem"
    one, other = tls.read_bytes(), message.read_bytes()
    tls.write_bytes(other)
    message.write_bytes(one)


def swap_certificates(home: Path) -> None:
    tls, message = home / "certs/tls.pem", home / "certs/message.pem"
    one, other = tls.read_bytes(), message.read_bytes()
    tls.write_bytes(other)
    message.write_bytes(one)


def take_certificates_of_another_ca(home: Path) -> None:
    other = make_home(home.with_name("other"), "NZL")
    for name in ("tls", "message"):
        (home / f"certs/{name}.pem").write_bytes((other / f"certs/{name}.pem").read_bytes())
        (home / f"keys/{name}.pem").write_bytes((other / f"keys/{name}.pem").read_bytes())


def take_another_ca_key(home: Path) -> None:
    (home / "keys/ca.pem").unlink()
    KeyStore(home / "keys").generate("ca")


def rename_node(home: Path) -> None:
    path = home / "rmas.toml"
    path.write_text(path.read_text().replace('node = "node1"', 'node = "node2"'))


def edit_the_floor(home: Path) -> None:
    floor = home / "trust" / "floor"
    floor.write_bytes(floor.read_bytes().replace(b"1", b"2"))


def remove_the_charter(home: Path) -> None:
    next((home / "trust" / "charters").iterdir()).unlink()


def take_away_the_notice(home: Path) -> None:
    next((home / "trust" / "notices").iterdir()).unlink()


def remove_the_key_of_the_floor(home: Path) -> None:
    (home / "secrets" / "trust").unlink()


def take_another_pepper(home: Path) -> None:
    (home / "secrets/pepper").write_text("ab" * 32)


def damage_store(home: Path) -> None:
    (home / "store/changes.db").write_bytes(b"x" * 8192)


def open_run_directory(home: Path) -> None:
    (home / "run").chmod(0o777)


@pytest.mark.parametrize(
    ("harm", "codes"),
    [
        (swap_keys, {"KEY_MISMATCH"}),
        (swap_certificates, {"CERT_PURPOSE"}),
        (take_certificates_of_another_ca, {"CERT_ISSUER_UNKNOWN"}),
        (take_another_ca_key, {"KEY_MISMATCH"}),
        (rename_node, {"CERT_OTHER_NAME", "NO_NOTICE"}),
        (edit_the_floor, {"TRUST_FLOOR_DAMAGED"}),
        (remove_the_charter, {"TRUST_ROLLED_BACK"}),
        (take_away_the_notice, {"NO_NOTICE"}),
        (remove_the_key_of_the_floor, {"TRUST_KEY_MISSING"}),
        (take_another_pepper, {"WRONG_PEPPER"}),
        (damage_store, {"STORE_DAMAGED"}),
        (open_run_directory, {"DIRECTORY_EXPOSED"}),
        (lambda home: (home / "keys/tls.pem").unlink(), {"KEY_MISSING"}),
        (lambda home: (home / "certs/message.pem").unlink(), {"CERT_MISSING"}),
        (lambda home: (home / "certs/tls.pem").write_text("x"), {"KEY_DAMAGED"}),
        (lambda home: (home / "secrets/pepper").unlink(), {"PEPPER_MISSING"}),
        (lambda home: (home / "secrets/pepper").chmod(0o644), {"PEPPER_EXPOSED"}),
        (lambda home: (home / "spool").rmdir(), {"DIRECTORY_MISSING"}),
    ],
)
def test_each_harm_is_found_by_its_code(home: Path, harm: Any, codes: set[str]) -> None:
    harm(home)
    assert faults(home) == codes


def test_a_ca_key_kept_elsewhere_is_no_fault(home: Path) -> None:
    (home / "keys/ca.pem").unlink()
    assert faults(home) == set()


def test_every_remedy_is_a_sentence(home: Path) -> None:
    take_another_pepper(home)
    edit_the_floor(home)
    for finding in examine(home):
        assert finding.sentence.endswith("."), finding
        assert finding.remedy == "" or finding.remedy.endswith("."), finding
        assert (finding.remedy == "") == (finding.level is Level.OK), finding


@pytest.mark.parametrize(
    ("days", "level", "code"),
    [
        (0, Level.OK, "TLS_CERTIFICATE"),
        (21, Level.WARNING, "TLS_CERTIFICATE_ENDS"),
        (31, Level.FAULT, "CERT_EXPIRED"),
        (-1, Level.FAULT, "CERT_NOT_YET_VALID"),
    ],
)
def test_no_expiry_comes_unannounced(home: Path, days: int, level: Level, code: str) -> None:
    """Oracle 10: ten days before a leaf ends there is a warning, after it a fault."""
    settings = config.load(home)
    now = Clock().now() + timedelta(days=days)
    findings = {one.code: one for one in keys.check(Layout.of(home, settings), settings, now)}
    assert findings[code].level is level


def test_a_port_that_somebody_else_has_is_a_fault(home: Path) -> None:
    address = config.load(home).peer.listen[0]
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        other.listen()
        assert faults(home) == {"ADDRESS_TAKEN"}
    assert faults(home) == set()


@pytest.mark.parametrize("address", ["192.0.2.1:7443", "no-such-host.invalid:7443"])
def test_an_address_that_is_not_this_machines_is_a_fault(home: Path, address: str) -> None:
    config_file.change(home / "rmas.toml", "peer", {"listen": [address]})
    assert faults(home) == {"ADDRESS_UNUSABLE"}


@pytest.mark.parametrize(
    ("off", "code"),
    [
        (timedelta(0), "CLOCK"),
        (timedelta(seconds=20), "CLOCK"),
        (timedelta(seconds=-40), "CLOCK_DIFFERS"),
        (timedelta(minutes=10), "CLOCK_DIFFERS"),
        # A hardware clock in local time: New Zealand's, Nepal's.
        (timedelta(hours=13), "CLOCK"),
        (timedelta(hours=5, minutes=45), "CLOCK"),
        (timedelta(hours=13, seconds=50), "CLOCK_DIFFERS"),
    ],
)
def test_the_clock_is_held_against_the_hardware_clock(home: Path, tmp_path: Path, off: timedelta, code: str) -> None:
    rtc = tmp_path / "since_epoch"
    now = Clock().now()
    rtc.write_text(f"{(now - off).timestamp():.0f}\n")
    settings = config.load(home)
    codes = {one.code for one in machine.check(Layout.of(home, settings), settings, now, rtc)}
    assert codes & {"CLOCK", "CLOCK_DIFFERS"} == {code}


def test_a_clock_set_off_on_purpose_is_told(home: Path) -> None:
    config_file.change(home / "rmas.toml", "lab", {"clock_offset_seconds": 600})
    assert "CLOCK_OFFSET" in found(home, Level.WARNING)


def test_a_socket_nobody_answers_on_is_told(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home / "run/desk.sock"))
    assert "STALE_SOCKET" in found(home, Level.WARNING)


def test_a_list_that_is_held_back_is_told_with_what_would_release_it(home: Path) -> None:
    with contextlib.closing(sqlite3.connect(home / "store/changes.db")) as changes, changes:
        changes.execute("INSERT OR REPLACE INTO sources VALUES ('issued', 'main', 0, 86400000, 90000000, 3)")
    sentence = found(home, Level.WARNING)["ISSUED_LIST_HELD"]
    assert "since 1970-01-02T01:00:00Z" in sentence
    assert "(3)" in sentence


def test_a_peer_that_is_no_member_is_told(tmp_path: Path) -> None:
    home = make_home(tmp_path / "nzl", "NZL")
    found_federation(home)
    policy = lab_trust.everything("NZL", ["AUS"], Clock())
    grants_file.change(Layout.of(home, config.load(home)), lambda _: policy)
    assert found(home, Level.WARNING)["PEER_UNKNOWN"].startswith("AUS ")


@pytest.mark.parametrize(
    ("left", "codes"),
    [
        (timedelta(days=31), set()),
        (timedelta(days=29), {"GRANT_ENDS"}),
        (timedelta(0), {"GRANT_ENDED"}),
    ],
)
def test_a_grant_does_not_end_unannounced(tmp_path: Path, left: timedelta, codes: set[str]) -> None:
    homes = [make_home(tmp_path / economy, economy) for economy in ("NZL", "AUS")]
    found_federation(*homes, allow=True)
    directory = Trusted(Layout.of(homes[0], config.load(homes[0])), "NZL", Clock()).read()
    until = datetime.fromtimestamp(directory.members["NZL"].grants["AUS"].until_ms / 1000, UTC)
    assert {finding.code for finding in standing.check(directory, "NZL", until - left)} == codes


def test_cause_and_remedy_are_told_apart_however_an_error_joins_them() -> None:
    for text in ("A cause; a remedy: with detail.", "A cause: a remedy: with detail."):
        finding = raised(OperatorError("CODE", text), "OTHER")
        assert finding.sentence.startswith("A cause")
        assert finding.remedy.endswith("etail.")
    assert raised(OperatorError("CODE", "Only a cause."), "OTHER").remedy == ""


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("start it", "Start it."),
        ("docs/data.md lists them", "docs/data.md lists them."),
        ("`chmod 0600` it.", "`chmod 0600` it."),
        ("rmas.toml is wrong", "rmas.toml is wrong."),
    ],
)
def test_a_remedy_becomes_a_sentence_and_no_path_or_command_a_capital(said: str, remedy: str) -> None:
    assert raised(OperatorError("CODE", f"A cause; {said}"), "OTHER").remedy == remedy


def test_a_name_that_differs_is_not_hidden_by_a_node_of_the_same_economy(tmp_path: Path) -> None:
    plan = init.Plan(NodeName("rmas", "NZL", "node2"), ["127.0.0.1:7443"])
    home = init.create(tmp_path / "n", plan, Clock()).layout.home
    assert "TRUST_UNPINNED" in faults(home)


def test_a_revocation_list_that_nobody_renews_is_told_and_then_a_fault(home: Path) -> None:
    settings = config.load(home)
    layout, now = Layout.of(home, settings), Clock().now()

    def codes(later: timedelta) -> set[str]:
        return {finding.code for finding in keys.check(layout, settings, now + later)}

    assert not codes(timedelta(0)) & {"CRL_OLD", "CRL_ENDED"}
    assert "CRL_OLD" in codes(timedelta(days=3))
    assert "CRL_ENDED" in codes(timedelta(days=11))
