"""An economy's way in, on files carried by hand: root key, entry, request, fingerprint, charter."""

from __future__ import annotations

import base64
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from federation import charter as charters
from federation.bundle_codec import decode_notice_envelope
from federation.charter_codec import decode_document
from federation.entry import read_entry
from federation.entry_codec import decode_notice
from node import root_key
from node.clock import Clock
from node.spoken import groups
from tests.node.command import run
from tests.node.offices import Office, ok, refused

CONTACT = {
    "desk": "Border desk",
    "telephone": "+64 4 555 0100",
    "email": "desk@border.example.nz",
    "hours": "24/7",
    "time_zone": "Pacific/Auckland",
    "languages": ["mi", "en"],
    "deputy": "",
}


@pytest.fixture
def nzl(tmp_path: Path) -> Office:
    return Office(tmp_path / "nzl", "NZL")


def test_founders_make_the_first_charter_from_their_requests_and_let_a_fourth_in(tmp_path: Path) -> None:
    """From nothing to four members, by the documented steps, with no node running anywhere."""
    offices = {economy: Office(tmp_path / economy, economy) for economy in ("AUS", "NZL", "USA", "FJI")}
    founders = [offices[economy] for economy in ("AUS", "NZL", "USA")]
    one = tmp_path / "1.charter"
    adds = [part for office in founders for part in ("--add", office.request())]
    ok("charter", "propose", *adds, "--out", one)
    for office in founders:
        ok("charter", "approve", one, "--key", office.keys[0], "--yes")
    asked = offices["FJI"].request()
    # What the joiner reads out is what a member sees of the file that reached it.
    shown = ok("charter", "show", asked)
    assert groups(bytes.fromhex(shown["fingerprint"])) in run("charter", "show", asked).stdout
    two = tmp_path / "2.charter"
    told = ok("charter", "propose", "--from", one, "--add", asked, "--out", two)
    assert [one["fingerprint"] for one in told["new_keys"]] == shown["root_keys"]
    for office in (*founders[:2], offices["FJI"]):
        told = ok("charter", "approve", two, "--key", office.keys[0], "--from", one, "--yes")
    assert told["in_force"]
    charter = charters.read(decode_document(two.read_bytes()))
    entry = read_entry(decode_document((offices["FJI"].path / "own.entry").read_bytes()), charter)
    assert (entry.economy, entry.number) == ("FJI", 1)


def test_nothing_secret_is_in_a_request(nzl: Office) -> None:
    request = nzl.request().read_bytes()
    value = json.loads(request)
    octets = b"".join(base64.b64decode(value[name]) for name in ("entry", "crl", "notice"))
    for file in (*nzl.home.glob("keys/*.pem"), *nzl.home.glob("secrets/*"), *nzl.keys):
        secret = base64.b64decode(b"".join(file.read_bytes().splitlines()[1:-1]))[40:72] or file.read_bytes().strip()
        assert secret not in octets + request


@pytest.mark.parametrize("part", ["entry", "crl", "notice"])
def test_a_request_with_a_part_of_somebody_elses_is_refused(nzl: Office, tmp_path: Path, part: str) -> None:
    """Whoever has the file in between cannot put documents of their own under the joiner's name."""
    other = Office(tmp_path / "other", "NZL")
    own, foreign = (json.loads(office.request().read_bytes()) for office in (nzl, other))
    mixed = tmp_path / "mixed.request"
    mixed.write_text(json.dumps(own | {part: foreign[part]}))
    done = run("charter", "propose", "--add", mixed, "--out", tmp_path / "1.charter")
    assert done.returncode == 2
    assert done.code in ("TOO_FEW_SIGNATURES", "CRL_ISSUER_UNKNOWN", "WRONG_ISSUER")
    assert not (tmp_path / "1.charter").exists()


def test_other_root_keys_make_another_fingerprint_and_need_an_entry_signed_by_them(nzl: Office, tmp_path: Path) -> None:
    other = Office(tmp_path / "other", "NZL")
    own = json.loads(nzl.request().read_bytes())
    keys = json.loads(other.request().read_bytes())["root_keys"]
    mixed = tmp_path / "mixed.request"
    mixed.write_text(json.dumps(own | {"root_keys": keys}))
    assert refused(run("charter", "show", mixed)) == "TOO_FEW_SIGNATURES"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"more": 1}, "INVALID_REQUEST"),
        ({"crl": "?"}, "INVALID_REQUEST"),
        ({"economy": 1}, "INVALID_REQUEST"),
        ({"signatures_needed": 0}, "MALFORMED"),
        ({"signatures_needed": -1}, "INVALID_REQUEST"),
        ({"economy": "../"}, "INVALID_NAME"),
        ({"economy": "AUS", "routes": []}, "NOT_A_MEMBER"),
        (
            {"routes": [{"issuing_state": "AUS", "document_class": "P", "pattern": "*", "economy": "AUS"}]},
            "NOT_A_MEMBER",
        ),
    ],
)
def test_a_request_that_is_none_is_refused(nzl: Office, tmp_path: Path, change: dict[str, Any], code: str) -> None:
    """E10: names and figures in a request come from a stranger."""
    file = tmp_path / "bad.request"
    file.write_text(json.dumps(json.loads(nzl.request().read_bytes()) | change))
    assert refused(run("charter", "show", file)) == code


def test_a_member_does_not_join_twice_nor_another_federation(nzl: Office, tmp_path: Path) -> None:
    request, one = nzl.request(), tmp_path / "1.charter"
    ok("charter", "propose", "--add", request, "--out", one)
    assert (
        refused(run("charter", "propose", "--from", one, "--add", request, "--out", tmp_path / "2")) == "MEMBER_ALREADY"
    )
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps({"federation": "lab", "votes": "2/3", "members": [], "routes": []}))
    done = run("charter", "propose", "--draft", draft, "--add", request, "--out", tmp_path / "2")
    assert refused(done) == "REQUEST_FOREIGN"


def test_a_request_needs_an_entry_that_enough_roots_signed(tmp_path: Path) -> None:
    office = Office(tmp_path / "nzl", "NZL", keys=2)
    ok("charter", "show", office.request("--signatures-needed", "2"))
    unsigned = tmp_path / "unsigned.entry"
    ok("entry", "make", "-C", office.home, "--out", unsigned)
    ok("entry", "sign", unsigned, "--key", office.keys[0], "--yes")
    roots = [part for key in office.keys for part in ("--root-key", key)]
    done = run(
        "charter", "request", "-C", office.home, "--entry", unsigned, *roots, "--signatures-needed", "2",
        "--out", tmp_path / "r",
    )  # fmt: skip
    assert refused(done) == "TOO_FEW_SIGNATURES"
    assert not (tmp_path / "r").exists()


def test_another_economys_entry_is_not_asked_with(nzl: Office, tmp_path: Path) -> None:
    aus = Office(tmp_path / "aus", "AUS")
    key = root_key.public_file(nzl.keys[0])
    done = run("charter", "request", "-C", nzl.home, "--entry", aus.entry(), "--root-key", key, "--out", tmp_path / "r")
    assert refused(done) == "REQUEST_FOREIGN"


def test_an_entry_says_what_its_files_said(nzl: Office, tmp_path: Path) -> None:
    contacts, coverage = tmp_path / "contacts.json", tmp_path / "coverage.json"
    contacts.write_text(json.dumps([CONTACT]))
    rows = [
        {"issuing_state": "NZL", "document_class": "P", "kinds": ["ISSUED", "REPORTED"], "expiry_from": "2020-01-01"}
    ]
    coverage.write_text(json.dumps(rows))
    file = nzl.entry("--contacts", contacts, "--coverage", coverage, "--number", "7")
    shown = ok("entry", "show", file)
    assert shown["number"] == 7
    assert shown["coverage"] == [{**rows[0], "kinds": ["REPORTED", "ISSUED"]}]
    assert shown["contacts"] == [{**CONTACT, "languages": ["en", "mi"]}]
    assert shown["signed_by"] == [root_key.public_of(nzl.keys[0]).key_id.hex()]
    said = run("entry", "show", file).stdout
    assert "Border desk: +64 4 555 0100, 24/7" in said
    # What it prints is what it reads.
    contacts.write_text(json.dumps(shown["contacts"]))
    coverage.write_text(json.dumps(shown["coverage"]))
    assert (
        ok("entry", "show", nzl.entry("--contacts", contacts, "--coverage", coverage))["coverage"] == shown["coverage"]
    )


def test_an_entry_of_two_copies_has_both_signatures(tmp_path: Path) -> None:
    office = Office(tmp_path / "nzl", "NZL", keys=2)
    unsigned = tmp_path / "unsigned.entry"
    ok("entry", "make", "-C", office.home, "--out", unsigned)
    copies = [tmp_path / "a.entry", tmp_path / "b.entry"]
    for key, copy in zip(office.keys, copies, strict=True):
        ok("entry", "sign", unsigned, "--key", key, "--yes", "--out", copy)
    assert len(ok("entry", "merge", *copies, "--out", copies[0])["signed_by"]) == 2
    assert refused(run("entry", "merge", copies[0], office.entry(), "--out", tmp_path / "c")) == "CONFLICT"


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ({"desk": ""}, "INVALID_NAME"),
        ({"desk": "Border\u202edesk"}, "INVALID_NAME"),
        ({"telephone": "call us"}, "INVALID_NAME"),
        ({"languages": []}, "MALFORMED"),
        ({"languages": "en"}, "INVALID_ENTRY_DRAFT"),
        ({"fax": "1"}, "INVALID_ENTRY_DRAFT"),
    ],
)
def test_a_desk_nobody_could_call_is_in_no_entry(
    nzl: Office, tmp_path: Path, contact: dict[str, Any], code: str
) -> None:
    file = tmp_path / "contacts.json"
    file.write_text(json.dumps([CONTACT | contact]))
    out = tmp_path / "own.entry"
    assert refused(run("entry", "make", "-C", nzl.home, "--out", out, "--contacts", file)) == code
    assert not out.exists()


def test_an_entry_is_not_signed_unseen(nzl: Office) -> None:
    file = nzl.path / "unsigned.entry"
    ok("entry", "make", "-C", nzl.home, "--out", file)
    assert refused(run("entry", "sign", file, "--key", nzl.keys[0])) == "CONFIRMATION_NEEDED"
    assert decode_document(file.read_bytes()).signatures == ()


def test_a_charter_is_no_entry(nzl: Office, tmp_path: Path) -> None:
    """One key signs both, so a signature for the one must never serve as one for the other."""
    one = tmp_path / "1.charter"
    ok("charter", "propose", "--add", nzl.request(), "--out", one)
    assert refused(run("entry", "sign", one, "--key", nzl.keys[0], "--yes")) == "MALFORMED"
    assert refused(run("charter", "approve", nzl.entry(), "--key", nzl.keys[0], "--yes")) == "MALFORMED"


def test_each_notice_has_the_next_number(nzl: Office) -> None:
    made = [ok("notice", "make", "-C", nzl.home)["number"] for _ in range(3)]
    assert made == [1, 2, 3]
    told = ok("notice", "make", "-C", nzl.home, "--number", "9", "--address", "a.example.nz:443", "--roles", "ask")
    assert (told["number"], told["endpoints"], told["roles"]) == (9, ["a.example.nz:443"], ["ask"])
    statement = decode_notice(decode_notice_envelope((nzl.home / "certs/own.notice").read_bytes()).payload)
    assert (statement.number, statement.node) == (9, "rmas://rmas/NZL/node1")
    assert refused(run("notice", "make", "-C", nzl.home, "--address", "unix:443")) == "INVALID_NAME"
    assert refused(run("notice", "make", "-C", nzl.home, "--roles", "watch")) == "INVALID_ROLE"
    (nzl.home / "certs/own.notice").write_bytes(b"x")
    assert refused(run("notice", "make", "-C", nzl.home)) == "NOTICE_DAMAGED"


def test_a_request_that_lay_about_until_its_papers_ended_is_made_anew(
    nzl: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = nzl.request()
    now = Clock().now()
    # The list has ended by then, which stops lookups until there is a fresh one, and nothing else.
    monkeypatch.setattr(Clock, "now", lambda _: now + timedelta(days=20))
    assert ok("charter", "show", request)["crl"] == 1
    monkeypatch.setattr(Clock, "now", lambda _: now + timedelta(days=40))
    assert refused(run("charter", "show", request)) == "LAPSED"


def test_a_request_under_a_revoked_message_key_is_refused(nzl: Office) -> None:
    ok("ca", "revoke", nzl.home / "certs/message.pem", "-C", nzl.home)
    roots = ("--root-key", nzl.keys[0])
    out = nzl.path / "own.request"
    done = run("charter", "request", "-C", nzl.home, "--entry", nzl.entry(), *roots, "--out", out)
    assert refused(done) == "WRONG_ISSUER"
    assert not out.exists()


def test_a_ca_does_not_sign_its_own_entry_as_a_root(nzl: Office) -> None:
    """Whoever has the CA's key, on a machine that is online, would then have the economy's word."""
    shutil.copy(nzl.home / "keys/ca.pem", nzl.path / "ca.root")
    file = nzl.path / "unsigned.entry"
    ok("entry", "make", "-C", nzl.home, "--out", file)
    assert refused(run("entry", "sign", file, "--key", nzl.path / "ca.root", "--yes")) == "SHARED_KEY"
