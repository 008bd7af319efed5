"""What a node trusts, taken in by hand: pinned once by a digest read aloud, then document by document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from node.spoken import groups
from tests.node.command import run
from tests.node.offices import Office, approve, founded, ok

ECONOMIES = ("AUS", "NZL", "USA")


@pytest.fixture(scope="module")
def unpinned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three founders with their requests and first charter, made once and copied for each test."""
    path = tmp_path_factory.mktemp("founders")
    founded(path, [Office(path / economy, economy) for economy in ECONOMIES])
    return path


@pytest.fixture(scope="module")
def pinned(unpinned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, who have pinned the charter and taken it in with all requests."""
    path = copied(unpinned, tmp_path_factory.mktemp("pinned"))
    digest = ok("charter", "show", path / "1.charter")["digest"]
    for economy in ECONOMIES:
        office = Office(path / economy, economy)
        ok("trust", "pin", groups(bytes.fromhex(digest)), "-C", office.home)
        take(office, path / "1.charter", *(path / one / "own.request" for one in ECONOMIES))
    return path


def copied(source: Path, to: Path) -> Path:
    shutil.copytree(source, to, dirs_exist_ok=True)
    return to


@pytest.fixture
def first(pinned: Path, tmp_path: Path) -> Path:
    """The first charter, in force with every founder."""
    return copied(pinned, tmp_path) / "1.charter"


@pytest.fixture
def offices(tmp_path: Path) -> list[Office]:
    return [Office(tmp_path / economy, economy) for economy in ECONOMIES]


def take(office: Office, *files: Path, code: int = 0) -> list[dict[str, Any]]:
    done = run("trust", "take", *files, "-C", office.home, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    return list(json.loads(done.stdout)["documents"])


def shown(office: Office) -> dict[str, Any]:
    return ok("trust", "show", "-C", office.home)


def member(office: Office, economy: str) -> dict[str, Any]:
    return {one["economy"]: one for one in shown(office)["members"]}[economy]


def test_what_founders_take_in_is_what_they_show(first: Path, offices: list[Office]) -> None:
    nzl = offices[1]
    told = shown(nzl)
    assert [one["version"] for one in told["charters"]] == [1]
    assert told["anchor"] == told["charters"][0]["digest"] == ok("charter", "show", first)["digest"]
    assert [(one["economy"], one["entry"], one["crls"][0]["fresh"]) for one in told["members"]] == [
        ("AUS", 1, True),
        ("NZL", 1, True),
        ("USA", 1, True),
    ]
    assert told["alarms"] == []
    said = run("trust", "show", "-C", nzl.home).stdout
    assert "AUS: entry 1, CRL 1 with 0 certificates until" in said
    assert "rmas://rmas/AUS/node1, answer and ask, at 127.0.0.1:7443" in said


def test_one_bundle_brings_a_joiner_all_that_the_members_hold(
    first: Path, offices: list[Office], tmp_path: Path
) -> None:
    fji = Office(tmp_path / "FJI", "FJI")
    two = tmp_path / "2.charter"
    ok("charter", "propose", "-C", offices[0].home, "--add", fji.request(), "--out", two)
    assert approve(two, [*offices[:2], fji], "--from", first)["in_force"]
    assert [one["outcome"] for one in take(offices[0], two, fji.path / "own.request")] == ["taken"] * 4
    bundle = tmp_path / "all.bundle"
    ok("trust", "bundle", "-C", offices[0].home, "--out", bundle)
    # The joiner pins the charter that admits it; what came before is not needed.
    ok("trust", "pin", ok("charter", "show", two)["digest"], "-C", fji.home)
    outcomes = {(one["kind"], one["outcome"]) for one in take(fji, bundle)}
    assert outcomes == {
        ("charter", "taken"), ("charter", "refused"), ("entry", "taken"), ("crl", "taken"), ("notice", "taken")
    }  # fmt: skip
    assert [one["economy"] for one in shown(fji)["members"]] == ["AUS", "FJI", "NZL", "USA"]
    assert [one["version"] for one in shown(fji)["charters"]] == [2]
    # And it brings another founder up to date.
    take(offices[2], bundle)
    assert [one["version"] for one in shown(offices[2])["charters"]] == [2]


def test_a_charter_without_its_votes_is_not_taken_in(first: Path, offices: list[Office], tmp_path: Path) -> None:
    """E12: one admin's charter lies in the node's own directory, and changes nothing."""
    fji = Office(tmp_path / "FJI", "FJI")
    two = tmp_path / "2.charter"
    ok("charter", "propose", "--from", first, "--add", fji.request(), "--out", two)
    approve(two, [offices[1], fji], "--from", first)
    (refused,) = take(offices[1], two, code=2)
    assert (refused["outcome"], refused["code"]) == ("refused", "TOO_FEW_VOTES")
    assert [one["version"] for one in shown(offices[1])["charters"]] == [1]


def test_an_edited_floor_is_seen_at_once(first: Path, offices: list[Office]) -> None:
    """E12: whoever edits what the node remembers does not make it forget; it trusts nobody until it is mended."""
    floor = offices[1].home / "trust/floor"
    floor.write_bytes(floor.read_bytes().replace(b'"crl"', b'"CRL"', 1))
    done = run("trust", "show", "-C", offices[1].home)
    assert (done.returncode, done.code) == (2, "TRUST_FLOOR_DAMAGED")


def test_the_own_list_and_notice_are_held_as_soon_as_they_are_made(first: Path, offices: list[Office]) -> None:
    nzl = offices[1]
    assert ok("ca", "revoke", "2a", "-C", nzl.home)["taken"]["outcome"] == "taken"
    assert (member(nzl, "NZL")["crls"][0]["number"], member(nzl, "NZL")["crls"][0]["revoked"]) == (2, 1)
    assert ok("notice", "make", "-C", nzl.home)["taken"]["outcome"] == "taken"
    assert member(nzl, "NZL")["nodes"][0]["notice"] == 2
    assert "Taken into trust/" in run("ca", "crl", "-C", nzl.home).stdout


def test_a_restored_home_numbers_on_from_what_came_back(first: Path, offices: list[Office]) -> None:
    """Whoever restores an old backup must neither be refused by the peers nor forget what was revoked."""
    nzl = offices[1]
    ok("ca", "revoke", "2a", "-C", nzl.home)
    ok("notice", "make", "-C", nzl.home)
    (nzl.home / "certs/ca.crl").unlink()
    (nzl.home / "certs/own.notice").unlink()
    made = ok("ca", "crl", "-C", nzl.home)
    assert (made["number"], list(made["revoked"]), made["taken"]["outcome"]) == (3, ["2a"], "taken")
    assert ok("notice", "make", "-C", nzl.home)["number"] == 3
    out = nzl.path / "next.entry"
    assert ok("entry", "make", "-C", nzl.home, "--out", out)["number"] == 2
    ok("entry", "sign", out, "--key", nzl.keys[0], "--yes")
    assert [one["outcome"] for one in take(nzl, out)] == ["taken"]


def test_a_revocation_does_not_wait_for_a_damaged_store(first: Path, offices: list[Office]) -> None:
    nzl = offices[1]
    (nzl.home / "trust/floor").write_bytes(b"")
    told = ok("ca", "revoke", "2a", "-C", nzl.home)
    assert (told["number"], told["taken"]["code"]) == (2, "TRUST_FLOOR_DAMAGED")
    assert "does not hold it itself" in run("ca", "crl", "-C", nzl.home).stdout


def test_before_a_charter_is_pinned_nothing_is_taken_in(unpinned: Path, tmp_path: Path) -> None:
    nzl = Office(copied(unpinned, tmp_path) / "NZL", "NZL")
    for command in (["take", tmp_path / "x"], ["show"], ["bundle", "--out", tmp_path / "x"]):
        done = run("trust", *command, "-C", nzl.home)
        assert (done.returncode, done.code) == (2, "TRUST_UNPINNED")
    assert run("trust", "pin", "12", "-C", nzl.home).code == "INVALID_FINGERPRINT"
    assert ok("ca", "crl", "-C", nzl.home)["taken"] is None


def test_a_pin_is_said_once(first: Path, offices: list[Office]) -> None:
    done = run("trust", "pin", "0" * 64, "-C", offices[1].home)
    assert (done.returncode, done.code) == (2, "TRUST_EXISTS")
    assert shown(offices[1])["anchor"] == ok("charter", "show", first)["digest"]


def test_a_file_that_is_no_trust_document_is_refused(first: Path, offices: list[Office], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    done = run("trust", "take", tmp_path / "x", "-C", offices[1].home)
    assert (done.returncode, done.code) == (2, "MALFORMED")
