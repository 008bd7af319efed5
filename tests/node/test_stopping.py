"""Suspensions and withdrawals on files carried by hand, signed where the root keys are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.node.command import run
from tests.node.offices import Office, founded, ok, refused

ECONOMIES = ("AUS", "NZL", "USA")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("founders")
    founded(path, [Office(path / economy, economy) for economy in ECONOMIES])
    return path


@pytest.fixture
def charter(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "1.charter"


def root(charter: Path, economy: str) -> Path:
    return charter.parent / economy / "1.root"


def sign(file: Path, charter: Path, *economies: str) -> dict[str, object]:
    told: dict[str, object] = {}
    for economy in economies:
        told = ok("suspension", "sign", file, "--key", root(charter, economy), "--charter", charter, "--yes")
    return told


def test_two_members_stop_a_third_for_72_hours(charter: Path, tmp_path: Path) -> None:
    """E11: from the command to what a node shows, by two keys and no more."""
    file = tmp_path / "aus.suspension"
    made = ok("suspension", "make", "AUS", "--by", "USA,NZL", "--charter", charter, "--out", file)
    assert (made["by"], made["missing"]) == (["NZL", "USA"], ["NZL", "USA"])
    assert sign(file, charter, "NZL")["missing"] == ["USA"]
    home = tmp_path / "NZL/home"
    ok("trust", "pin", ok("charter", "show", charter)["digest"], "-C", home)
    assert run("trust", "take", charter, file, "-C", home).returncode == 3
    assert "USA" in run("suspension", "show", file, "--charter", charter).stdout
    assert sign(file, charter, "USA")["missing"] == []
    ok("trust", "take", file, "-C", home)
    members = {one["economy"]: one for one in ok("trust", "show", "-C", home)["members"]}
    (shown,) = members["AUS"]["suspensions"]
    assert (shown["by"], shown["until"], shown["digest"]) == (["NZL", "USA"], made["ends_at"], made["digest"])
    # What it shows is what lifts it here.
    ok("peer", "lift", "AUS", shown["digest"], "--reference", "minister", "-C", home)


def test_copies_signed_apart_are_joined(charter: Path, tmp_path: Path) -> None:
    file, copy = tmp_path / "a.suspension", tmp_path / "b.suspension"
    ok("suspension", "make", "AUS", "--by", "NZL,USA", "--charter", charter, "--out", file)
    shutil.copy(file, copy)
    sign(file, charter, "NZL")
    sign(copy, charter, "USA")
    assert ok("suspension", "merge", file, copy, "--charter", charter, "--out", file)["missing"] == []


def test_a_member_leaves_on_its_own(charter: Path, tmp_path: Path) -> None:
    file = tmp_path / "usa.withdrawal"
    ok("withdrawal", "make", "USA", "--charter", charter, "--out", file)
    key = root(charter, "NZL")
    assert refused(run("withdrawal", "sign", file, "--key", key, "--charter", charter, "--yes")) == "ROOT_NOT_LISTED"
    ok("withdrawal", "sign", file, "--key", root(charter, "USA"), "--charter", charter, "--yes")
    home = tmp_path / "NZL/home"
    ok("trust", "pin", ok("charter", "show", charter)["digest"], "-C", home)
    ok("trust", "take", charter, file, "-C", home)
    assert [one["economy"] for one in ok("trust", "show", "-C", home)["members"] if one["withdrawn"]] == ["USA"]


@pytest.mark.parametrize(
    ("economy", "by", "code"),
    [
        ("AUS", "NZL", "MALFORMED"),
        ("AUS", "AUS,NZL", "MALFORMED"),
        ("AUS", "NZL,FJI", "NOT_A_MEMBER"),
        ("FJI", "NZL,USA", "NOT_A_MEMBER"),
        ("../", "NZL,USA", "INVALID_NAME"),
    ],
)
def test_a_suspension_that_would_not_count_is_not_made(
    charter: Path, tmp_path: Path, economy: str, by: str, code: str
) -> None:
    out = tmp_path / "x.suspension"
    assert refused(run("suspension", "make", economy, "--by", by, "--charter", charter, "--out", out)) == code
    assert not out.exists()


def test_nobody_signs_unseen_nor_another_document(charter: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.suspension"
    ok(
        "suspension",
        "make",
        "AUS",
        "--by",
        "AUS",
        "--charter",
        charter,
        "--out",
        file,
        "--starts",
        "2030-01-01T00:00:00Z",
    )
    key = root(charter, "AUS")
    assert refused(run("suspension", "sign", file, "--key", key, "--charter", charter)) == "CONFIRMATION_NEEDED"
    assert refused(run("suspension", "sign", charter, "--key", key, "--charter", charter, "--yes")) == "MALFORMED"
    assert sign(file, charter, "AUS")["missing"] == []
