"""What an economy alone decides: said by one command each, and in force at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from federation.status import Purpose
from node import config, grants_file
from node.clock import Clock
from node.layout import Layout
from node.local_policy import OwnPolicy
from tests.node.command import make_home, run

UNTIL = "2099-06-30T00:00:00Z"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "nzl", "NZL")


def peer(home: Path, *arguments: str) -> dict[str, Any]:
    done = run("peer", *arguments, "-C", home, "--json")
    assert done.returncode == 0, done.stderr
    return {one["economy"]: one for one in json.loads(done.stdout)["peers"]}


def code(home: Path, *arguments: str) -> str:
    done = run("peer", *arguments, "-C", home)
    assert (done.returncode, done.stdout) == (2, "")
    return done.code


def policy(home: Path) -> OwnPolicy:
    return grants_file.read(Layout.of(home, config.load(home)))


def test_the_default_is_nothing(home: Path) -> None:
    assert peer(home, "list") == {}
    assert "Nothing is granted" in run("peer", "list", "-C", home).stdout


def test_answering_and_asking_are_allowed_apart(home: Path) -> None:
    peer(home, "allow", "AUS", "--lists", "reported", "--until", UNTIL, "--reference", "MOU art. 4")
    assert (set(policy(home).grants), set(policy(home).ask)) == ({"AUS"}, set())
    peer(home, "allow", "USA", "--ask", "--until", UNTIL, "--reference", "MOU art. 5")
    assert (set(policy(home).grants), set(policy(home).ask)) == ({"AUS"}, {"USA"})
    said = run("peer", "list", "-C", home).stdout
    assert (
        f"AUS may ask reported for BORDER_ENTRY, BORDER_EXIT, PRE_DEPARTURE, TEST, until {UNTIL} (MOU art. 4)." in said
    )
    assert f"USA may ask nothing.\nUSA is asked, until {UNTIL} (MOU art. 5)." in said


def test_visa_and_investigation_are_granted_by_name_alone(home: Path) -> None:
    given = ("allow", "AUS", "--lists", "reported,issued", "--until", UNTIL, "--reference", "x")
    peer(home, *given)
    assert policy(home).grants["AUS"].purposes.isdisjoint({Purpose.VISA, Purpose.INVESTIGATION})
    assert peer(home, *given, "--purposes", "VISA")["AUS"]["grant"]["purposes"] == ["VISA"]


def test_what_is_taken_back_is_gone(home: Path) -> None:
    peer(home, "allow", "AUS", "--lists", "issued", "--ask", "--until", UNTIL, "--reference", "x")
    assert peer(home, "deny", "AUS", "--ask")["AUS"]["ask"] is None
    assert set(policy(home).grants) == {"AUS"}
    peer(home, "allow", "AUS", "--ask", "--until", UNTIL, "--reference", "x")
    told = peer(home, "deny", "AUS")["AUS"]
    assert (told["grant"], told["ask"]) == (None, None)
    assert code(home, "deny", "AUS") == "NO_SUCH_GRANT"


def test_a_block_stands_above_a_grant_and_leaves_it_there(home: Path) -> None:
    peer(home, "allow", "AUS", "--lists", "issued", "--ask", "--until", UNTIL, "--reference", "x")
    told = peer(home, "block", "AUS", "--reference", "order 7")["AUS"]
    assert (told["blocked"]["reference"], told["grant"]["lists"]) == ("order 7", ["issued"])
    assert policy(home).as_of(Clock().now_ms()).blocked == {"AUS"}
    assert "AUS is blocked since" in run("peer", "list", "-C", home).stdout
    assert peer(home, "unblock", "AUS")["AUS"]["blocked"] is None
    assert code(home, "unblock", "AUS") == "NOT_BLOCKED"


def test_a_suspension_is_lifted_for_this_economy(home: Path) -> None:
    digest = " ".join(["0Af1"] * 16)
    told = peer(home, "lift", "AUS", digest, "--reference", "minister")
    assert [one["suspension"] for one in told["AUS"]["lifted"]] == ["0af1" * 16]
    peer(home, "unlift", digest)
    assert policy(home).lifted == {}


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("allow", "NZL", "--lists", "issued", "--until", UNTIL, "--reference", "x"), "GRANT_SELF"),
        (("block", "NZL", "--reference", "x"), "GRANT_SELF"),
        (("allow", "aus", "--lists", "issued", "--until", UNTIL, "--reference", "x"), "GRANT_INVALID"),
        (("allow", "AUS", "--lists", "black", "--until", UNTIL, "--reference", "x"), "GRANT_INVALID"),
        (("allow", "AUS", "--until", UNTIL, "--reference", "x"), "GRANT_INVALID"),
        (
            ("allow", "AUS", "--lists", "issued", "--purposes", "all", "--until", UNTIL, "--reference", "x"),
            "GRANT_INVALID",
        ),
        (("allow", "AUS", "--lists", "issued", "--until", UNTIL, "--reference", "x\u202e"), "GRANT_INVALID"),
        (("allow", "AUS", "--lists", "issued", "--until", "2099-06-30", "--reference", "x"), "INVALID_TIME"),
        (("allow", "AUS", "--lists", "issued", "--until", "2020-01-01T00:00:00Z", "--reference", "x"), "GRANT_ENDED"),
        (("allow", "AUS", "--lists", "issued", "--reference", "x"), "USAGE"),
        (("lift", "AUS", "12", "--reference", "x"), "INVALID_FINGERPRINT"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    home: Path, arguments: tuple[str, ...], wrong: str
) -> None:
    assert code(home, *arguments) == wrong
    assert policy(home) == OwnPolicy()
