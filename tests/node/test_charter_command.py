"""A federation's charters on files carried by hand: proposed, compared, approved by root keys, joined."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from federation.charter import read
from federation.charter_codec import decode_document, encode_document
from federation.errors import BadDocument
from federation.succession import start
from node import chartering, root_key, root_record
from node.clock import Clock
from tests.node.command import Done, run

FOUNDERS = ("AUS", "NZL", "USA")


class Table:
    """Root keys of several economies and the charters between them, in one directory."""

    def __init__(self, path: Path) -> None:
        path.chmod(0o700)
        self.path = path

    def key(self, economy: str, place: int = 1) -> Path:
        """That economy's root key, made when it is first asked for."""
        file = self.path / f"{economy}-{place}.root"
        if not file.exists():
            assert run("root", "new", file).returncode == 0
        return file

    def draft(self, *members: str, needed: int = 1, keys: int = 1, **changes: Any) -> Path:
        value = {
            "federation": "lab",
            "votes": "2/3",
            "members": [
                {
                    "economy": economy,
                    "root_keys": [self.public(economy, place) for place in range(1, keys + 1)],
                    "signatures_needed": needed,
                }
                for economy in members
            ],
            "routes": [
                {"issuing_state": economy, "document_class": "P", "pattern": "*", "economy": economy}
                for economy in members
            ],
        }
        file = self.path / "draft.json"
        file.write_text(json.dumps(value | changes))
        return file

    def public(self, economy: str, place: int = 1) -> str:
        return base64.b64encode(root_key.public_of(self.key(economy, place)).spki).decode()

    def propose(self, name: str, *options: str | Path) -> Path:
        out = self.path / name
        done = run("charter", "propose", *options, "--out", out)
        assert done.returncode == 0, done.stderr
        return out

    def approve(self, file: Path, by: Iterable[str], *options: str | Path, place: int = 1) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for economy in by:
            done = run("charter", "approve", file, "--key", self.key(economy, place), *options, "--yes", "--json")
            assert done.returncode == 0, done.stderr
            told = json.loads(done.stdout)
        return told

    def first(self, *members: str) -> Path:
        """A first charter in force."""
        file = self.propose("1.charter", "--draft", self.draft(*members))
        assert self.approve(file, members)["in_force"]
        return file


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def told(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_three_economies_found_a_federation_and_admit_a_fourth_with_two_thirds(table: Table) -> None:
    """Every step on files alone; what comes out is what a node takes in by its pinned digest."""
    one = table.propose("1.charter", "--draft", table.draft(*FOUNDERS))
    assert not table.approve(one, ["AUS", "NZL"])["in_force"]
    assert table.approve(one, ["USA"])["in_force"]
    table.draft(*FOUNDERS, "FJI")
    two = table.propose("2.charter", "--from", one, "--draft", table.path / "draft.json")
    before = told(run("charter", "difference", one, two, "--json"))
    assert (before["version"], before["in_force"], before["votes"][0]["missing"]) == (2, False, list(FOUNDERS))
    assert any("FJI joins" in line for line in before["difference"])
    assert before["new_keys"] == [{"economy": "FJI", "fingerprint": root_key.public_of(table.key("FJI")).key_id.hex()}]
    # Two of three would do before; of the four after, two thirds are three.
    half = table.approve(two, ["AUS", "NZL"], "--from", one)
    assert not half["in_force"]
    assert [(count["needed"], len(count["signed"])) for count in half["votes"]] == [(2, 2), (3, 2)]
    assert table.approve(two, ["FJI"], "--from", one)["in_force"]
    first, second = (decode_document(file.read_bytes()) for file in (one, two))
    held = start(first, read(first).digest).take(second)
    assert set(held.effective().members) == {*FOUNDERS, "FJI"}


def test_one_admin_with_one_members_key_admits_nobody(table: Table) -> None:
    """E12: whoever holds one root key proposes, approves as often as wanted, and the charter does not come into force."""
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--draft", table.draft(*FOUNDERS, "FJI"))
    after = table.approve(two, ["NZL", "NZL", "NZL"], "--from", one)
    assert not after["in_force"]
    assert [len(count["signed"]) for count in after["votes"]] == [1, 1]
    # Nor by lowering the rule: that is a charter like any other, under the rule that stands.
    lower = run("charter", "propose", "--from", one, "--votes", "1/3", "--out", table.path / "lower.charter")
    assert (lower.returncode, lower.code) == (2, "MALFORMED")


def test_a_key_signs_one_charter_a_version_ever(table: Table) -> None:
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--remove", "USA")
    other = table.propose("2-other.charter", "--from", one, "--remove", "AUS")
    table.approve(two, ["NZL"], "--from", one)
    before = other.read_bytes()
    done = run("charter", "approve", other, "--key", table.key("NZL"), "--from", one, "--yes")
    assert (done.returncode, done.code) == (2, "ROOT_SIGNED_OTHER")
    assert other.read_bytes() == before
    # Nor once the signed copy is gone, nor with the key carried elsewhere without its record.
    two.unlink()
    assert (
        run("charter", "approve", other, "--key", table.key("NZL"), "--from", one, "--yes").code == "ROOT_SIGNED_OTHER"
    )
    root_record.record_file(table.key("NZL")).unlink()
    done = run("charter", "approve", other, "--key", table.key("NZL"), "--from", one, "--yes")
    assert (done.code, other.read_bytes()) == ("ROOT_RECORD_MISSING", before)


def test_what_a_key_signs_is_on_disk_before_the_signature_exists(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--remove", "USA")
    key = table.key("NZL")
    noted: list[bytes] = []

    def crash(*_: object) -> None:
        noted.append(root_record.signed(key, root_key.public_of(key).key_id)["lab"][2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("federation.signed.sign", crash)
        assert run("charter", "approve", two, "--key", key, "--from", one, "--yes").returncode == 130
    digest = read(decode_document(two.read_bytes())).digest
    assert noted == [digest]
    assert not decode_document(two.read_bytes()).signatures
    # The same one may be signed after all; another may not.
    assert table.approve(two, ["NZL"], "--from", one)["votes"][0]["signed"] == ["NZL"]


def test_copies_signed_apart_are_joined(table: Table) -> None:
    one = table.propose("1.charter", "--draft", table.draft(*FOUNDERS))
    for economy in FOUNDERS:
        table.approve(one, [economy], "--out", table.path / f"{economy}.charter")
    joined = table.path / "joined.charter"
    a, b, c = (table.path / f"{economy}.charter" for economy in FOUNDERS)
    assert run("charter", "merge", a, b, "--out", joined).returncode == 0
    after = told(run("charter", "merge", joined, c, "--out", joined, "--json"))
    assert after["votes"][0]["missing"] == []
    assert len(decode_document(one.read_bytes()).signatures) == 0


def test_two_proposals_are_not_joined(table: Table) -> None:
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--remove", "USA")
    done = run("charter", "merge", one, two, "--out", table.path / "both.charter")
    assert (done.returncode, done.code) == (2, "CONFLICT")
    assert run("charter", "merge", one, one, "--out", two).code == "FILE_EXISTS"


def test_a_member_with_several_keys_votes_once_enough_of_them_signed(table: Table) -> None:
    one = table.propose("1.charter", "--draft", table.draft("AUS", "NZL", keys=3, needed=2))
    assert table.approve(one, ["AUS", "NZL"])["votes"][0]["signed"] == []
    assert table.approve(one, ["AUS"], place=3)["votes"][0]["signed"] == ["AUS"]
    assert table.approve(one, ["NZL"], place=2)["in_force"]


def test_a_proposal_older_than_180_days_is_not_approved(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    one = table.propose("1.charter", "--draft", table.draft(*FOUNDERS))
    later = Clock().now_ms() + 180 * 86_400_000
    monkeypatch.setattr(Clock, "now_ms", lambda _: later)
    done = run("charter", "approve", one, "--key", table.key("NZL"), "--yes")
    assert (done.returncode, done.code) == (2, "LAPSED")
    # Nor by whoever else asks: a key that is not even unlocked signs nothing.
    reviewed = chartering.review(chartering.read(one), [], later)
    with pytest.raises(BadDocument, match="LAPSED"):
        chartering.approve(reviewed, table.key("NZL"), lambda: pytest.fail("unlocked"), later)
    assert root_record.signed(table.key("NZL"), root_key.public_of(table.key("NZL")).key_id) == {}


def test_nobody_signs_unseen(table: Table) -> None:
    """Without the charter before there is no difference to read, and without a reader nobody to agree."""
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--remove", "USA")
    assert run("charter", "approve", two, "--key", table.key("NZL"), "--yes").code == "PARENT_NEEDED"
    assert run("charter", "approve", two, "--key", table.key("NZL"), "--from", one).code == "CONFIRMATION_NEEDED"
    assert run("charter", "approve", two, "--key", table.key("NZL"), "--from", two, "--yes").code == "WRONG_PREVIOUS"
    said = run("charter", "approve", two, "--key", table.key("NZL"), "--from", one, "--yes").stdout
    assert "USA leaves." in said
    assert "missing: AUS, USA" in said


@pytest.mark.parametrize(("said", "code", "signed"), [("n\n", "NOT_CONFIRMED", []), ("y\n", "", ["NZL"])])
def test_whoever_sits_there_reads_the_difference_and_is_asked(
    table: Table, monkeypatch: pytest.MonkeyPatch, said: str, code: str, signed: list[str]
) -> None:
    one = table.first(*FOUNDERS)
    two = table.propose("2.charter", "--from", one, "--remove", "USA")
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("node.cli.charter.sys", terminal)
    done = run("charter", "approve", two, "--key", table.key("NZL"), "--from", one, stdin=said)
    assert done.code == code
    assert "USA leaves." in done.stdout.partition("Sign this with")[0]
    assert told(run("charter", "difference", one, two, "--json"))["votes"][0]["signed"] == signed


def test_a_key_that_nobody_lists_signs_nothing(table: Table) -> None:
    one = table.propose("1.charter", "--draft", table.draft(*FOUNDERS))
    done = run("charter", "approve", one, "--key", table.key("FJI"), "--yes")
    assert (done.returncode, done.code) == (2, "ROOT_NOT_LISTED")
    assert root_record.signed(table.key("FJI"), root_key.public_of(table.key("FJI")).key_id) == {}


def test_a_draft_shown_is_a_draft_to_propose(table: Table) -> None:
    one = table.first(*FOUNDERS)
    draft = table.path / "shown.json"
    draft.write_text(run("charter", "show", one, "--draft").stdout)
    two = table.propose("2.charter", "--from", one, "--draft", draft)
    assert told(run("charter", "difference", one, two, "--json"))["difference"] == ["Nothing changes but the version."]
    shown = run("charter", "show", two).stdout
    assert "NZL: 1 of 1 root key must sign" in shown
    assert told(run("charter", "show", two, "--json"))["charter"] == json.loads(draft.read_text())


def test_routes_and_the_rule_are_changed_like_members(table: Table) -> None:
    one = table.first(*FOUNDERS)
    routes = table.path / "routes.json"
    routes.write_text(json.dumps([{"issuing_state": "NZL", "document_class": "P", "pattern": "L*", "economy": "NZL"}]))
    two = table.propose("2.charter", "--from", one, "--routes", routes, "--votes", "3/4")
    lines = told(run("charter", "difference", one, two, "--json"))["difference"]
    assert "Route added: NZL P L* -> NZL." in lines
    assert any("3/4" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"members": []}, "MALFORMED"),
        ({"more": 1}, "INVALID_DRAFT"),
        ({"votes": "all"}, "INVALID_DRAFT"),
        ({"votes": "1/2"}, "MALFORMED"),
        ({"federation": "../x"}, "INVALID_NAME"),
        ({"federation": "\ud800"}, "INVALID_DRAFT"),
        (
            {"routes": [{"issuing_state": "NZL", "document_class": "Q", "pattern": "*", "economy": "NZL"}]},
            "INVALID_DRAFT",
        ),
        (
            {"routes": [{"issuing_state": "NZL", "document_class": "P", "pattern": "*", "economy": "FJI"}]},
            "NOT_A_MEMBER",
        ),
        ({"members": [{"economy": "NZL", "root_keys": ["AAAA"], "signatures_needed": 1}]}, "MALFORMED"),
        ({"members": [{"economy": "NZL", "root_keys": ["?"], "signatures_needed": 1}]}, "INVALID_DRAFT"),
        ({"members": [{"economy": "NZL", "root_keys": [], "signatures_needed": True}]}, "INVALID_DRAFT"),
        ({"members": [{"economy": "NZL", "root_keys": [], "signatures_needed": 1.0}]}, "INVALID_DRAFT"),
    ],
)
def test_a_draft_that_makes_no_charter_is_refused(table: Table, changes: dict[str, Any], code: str) -> None:
    """E10, I05: names that are none, numbers that are none, keys that are none."""
    out = table.path / "1.charter"
    done = run("charter", "propose", "--draft", table.draft("NZL", **changes), "--out", out)
    assert (done.returncode, done.code) == (2, code)
    assert not out.exists()


def test_json_that_says_a_thing_twice_is_no_draft(table: Table) -> None:
    draft = table.draft("NZL")
    draft.write_text(draft.read_text().replace('"votes"', '"federation": "other", "votes"'))
    done = run("charter", "propose", "--draft", draft, "--out", table.path / "1.charter")
    assert done.code == "INVALID_DRAFT"


def test_nothing_is_written_over_a_proposal(table: Table) -> None:
    one = table.first(*FOUNDERS)
    before = one.read_bytes()
    assert run("charter", "propose", "--draft", table.draft("NZL"), "--out", one).code == "FILE_EXISTS"
    assert one.read_bytes() == before


@pytest.mark.parametrize("damage", ["", "x", "cut"])
def test_a_file_that_is_no_charter_is_refused(table: Table, damage: str) -> None:
    one = table.first("NZL")
    one.write_bytes(one.read_bytes()[:-1] if damage == "cut" else damage.encode())
    done = run("charter", "show", one, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "MALFORMED")


def test_a_signature_that_does_not_hold_is_not_passed_on(table: Table) -> None:
    one = table.first("AUS", "NZL")
    document = decode_document(one.read_bytes())
    harmed = one.read_bytes().replace(document.signatures[0].signature, document.signatures[1].signature)
    (table.path / "harmed.charter").write_bytes(harmed)
    assert decode_document(harmed).digest == document.digest
    assert encode_document(decode_document(harmed)) == harmed
    done = run("charter", "merge", one, table.path / "harmed.charter", "--out", table.path / "m.charter")
    assert done.returncode == 0  # the good copy's signature stands
    assert run("charter", "show", table.path / "harmed.charter").code == "BAD_SIGNATURE"
