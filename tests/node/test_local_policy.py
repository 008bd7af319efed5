"""What an economy decides alone, and its file: nothing by default, changed in one step, never half understood."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from federation.directory import Grant
from federation.documents import ListName
from federation.status import Purpose
from node import config, grants_file
from node.epoch import EpochReader, move
from node.errors import OperatorError
from node.layout import Layout
from node.local_policy import (
    MAX_EACH,
    ROUTINE,
    Asking,
    Block,
    Lifted,
    OwnPolicy,
    lists_named,
    purposes_named,
)
from tests.virtual_time import NOW_MS

DAY_MS = 86_400_000
GRANT = Grant("AUS", frozenset(ListName), ROUTINE, NOW_MS + DAY_MS, "MOU art. 4", 2000, 1_000_000)
ASKING = Asking("AUS", NOW_MS + 2 * DAY_MS, "MOU art. 5")
BLOCK = Block("USA", NOW_MS, "keys stolen")
LIFTED = Lifted("ab" * 32, "PHL", NOW_MS, "minister's order")
FULL = OwnPolicy().allow(GRANT).allow_asking(ASKING).block(BLOCK).lift(LIFTED)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path, config.from_mapping({"federation": "lab", "economy": "NZL", "node": "node1"}))


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(OperatorError) as caught:
        act()
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_nothing_is_granted_and_nobody_asked_by_default(layout: Layout) -> None:
    policy = grants_file.read(layout)
    assert policy == OwnPolicy()
    assert policy.as_of(NOW_MS) == OwnPolicy().as_of(0)


def test_what_is_changed_is_read_back_and_nothing_else_moves(layout: Layout) -> None:
    assert grants_file.change(layout, lambda _: FULL) == FULL
    assert grants_file.read(layout) == FULL
    assert layout.grants.stat().st_mode & 0o777 == 0o600
    grants_file.change(layout, lambda policy: policy.deny("AUS"))
    assert grants_file.read(layout) == replace(FULL, grants={})
    changed = grants_file.change(layout, lambda p: p.stop_asking("AUS").unblock("USA").unlift("ab" * 32))
    assert changed == OwnPolicy() == grants_file.read(layout)


def test_a_policy_has_one_file() -> None:
    assert grants_file.parse(grants_file.render(FULL)) == FULL
    assert grants_file.render(grants_file.parse(grants_file.render(FULL))) == grants_file.render(FULL)


def test_asking_ends_and_a_grant_says_until_when_it_lasts() -> None:
    assert FULL.as_of(NOW_MS).ask == {"AUS"}
    assert FULL.as_of(ASKING.until_ms).ask == set()
    assert FULL.as_of(ASKING.until_ms).grants["AUS"].until_ms == GRANT.until_ms
    assert FULL.as_of(NOW_MS).blocked == {"USA"}
    assert FULL.as_of(NOW_MS).lifted == {"ab" * 32}
    ends = [FULL.next_end(at) for at in (NOW_MS, GRANT.until_ms, ASKING.until_ms)]
    assert ends == [GRANT.until_ms, ASKING.until_ms, None]


def test_a_second_grant_to_one_peer_takes_the_place_of_the_first() -> None:
    less = replace(GRANT, lists=frozenset({ListName.REPORTED}))
    assert FULL.allow(less).grants == {"AUS": less}
    assert FULL.block(replace(BLOCK, since_ms=NOW_MS + 1)) == FULL


def test_visa_and_investigation_are_granted_by_name_alone() -> None:
    assert purposes_named([]) == ROUTINE
    assert not ROUTINE & {Purpose.VISA, Purpose.INVESTIGATION}
    assert purposes_named(["visa", " BORDER_ENTRY"]) == {Purpose.VISA, Purpose.BORDER_ENTRY}
    for name in ("ALL", "*", "", "4"):
        assert code_of(lambda name=name: purposes_named([name])) == "GRANT_INVALID"  # type: ignore[misc]


def test_lists_are_always_named() -> None:
    assert lists_named(["Reported"]) == {ListName.REPORTED}
    for names in ([], ["all"], ["reported", "x"]):
        assert code_of(lambda names=names: lists_named(names)) == "GRANT_INVALID"  # type: ignore[misc]


@pytest.mark.parametrize(
    "grant",
    [
        replace(GRANT, to="../x"),
        replace(GRANT, to="aus"),
        replace(GRANT, lists=frozenset()),
        replace(GRANT, purposes=frozenset()),
        replace(GRANT, until_ms=-1),
        replace(GRANT, until_ms=1 << 63),
        replace(GRANT, reference="x" * 201),
        replace(GRANT, reference="a\u202eb"),
        replace(GRANT, reference="a\nb"),
        replace(GRANT, reference="\ud800"),
        replace(GRANT, rate_per_second=-1),
        replace(GRANT, questions_per_day=1 << 63),
    ],
    ids=str,
)
def test_a_grant_that_cannot_be_meant_is_refused(grant: Grant) -> None:
    assert code_of(lambda: OwnPolicy().allow(grant)) == "GRANT_INVALID"


def test_so_is_whatever_else_cannot_be_meant() -> None:
    policy = OwnPolicy()
    assert code_of(lambda: policy.allow_asking(replace(ASKING, economy="AUSX"))) == "GRANT_INVALID"
    assert code_of(lambda: policy.block(replace(BLOCK, reference="\0"))) == "GRANT_INVALID"
    for digest in ("ab", "AB" * 32, "../" + "a" * 61):
        assert code_of(lambda digest=digest: policy.lift(replace(LIFTED, suspension=digest))) == "GRANT_INVALID"  # type: ignore[misc]


def test_what_is_not_there_cannot_be_taken_back() -> None:
    policy = OwnPolicy()
    assert code_of(lambda: policy.deny("AUS")) == "NO_SUCH_GRANT"
    assert code_of(lambda: policy.stop_asking("AUS")) == "NO_SUCH_GRANT"
    assert code_of(lambda: policy.unblock("AUS")) == "NOT_BLOCKED"
    assert code_of(lambda: policy.unlift("ab" * 32)) == "NO_SUCH_GRANT"


def test_there_is_an_end_to_how_many_are_kept() -> None:
    names = [f"{a}{b}{c}" for a in "AB" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    policy = OwnPolicy(blocked={name: replace(BLOCK, economy=name) for name in names[:MAX_EACH]})
    assert code_of(lambda: policy.block(replace(BLOCK, economy=names[MAX_EACH]))) == "TOO_MANY_GRANTS"


def altered(**changes: Any) -> bytes:
    return json.dumps({**json.loads(grants_file.render(FULL)), **changes}).encode()


def altered_grant(**changes: Any) -> bytes:
    grant = json.loads(grants_file.render(FULL))["grants"][0]
    return altered(grants=[{**grant, **changes}])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        altered(schema=2),
        altered(schema=True),
        altered(extra=1),
        altered(grants={}),
        altered(grants=[1]),
        altered(blocked=[{"economy": "AUS", "since": "2026-01-01T00:00:00Z"}]),
        altered(ask=[{"economy": "AUS", "until": "2026-01-01T00:00:00", "reference": ""}]),
        altered_grant(reason="x"),
        altered_grant(purposes=["ALL"]),
        altered_grant(purposes=[["VISA"]]),
        altered_grant(lists=["reported", "all"]),
        altered_grant(rate_per_second=True),
        altered_grant(rate_per_second=2.0),
        altered_grant(rate_per_second=-1),
        altered_grant(questions_per_day=1 << 63),
        altered_grant(until="soon"),
        altered_grant(until="0001-01-01T00:00:00Z"),
        altered_grant(reference=None),
        altered_grant(to="AUS/../x"),
        altered(grants=json.loads(grants_file.render(FULL))["grants"] * 2),
        grants_file.render(FULL).replace(b'"schema": 1', b'"schema": 1, "schema": 1'),
        grants_file.render(FULL).replace(b"2000", b"NaN"),
        grants_file.render(FULL).replace(b"2000", b"1e309"),
        b" " * (grants_file.MAX_OCTETS + 1),
    ],
)
def test_a_file_that_is_not_ours_in_every_part_is_refused_whole(layout: Layout, data: bytes) -> None:
    """I05, and a misspelt key that would grant other than what was meant."""
    layout.grants.write_bytes(data)
    layout.grants.chmod(0o600)
    assert code_of(lambda: grants_file.read(layout)) == "POLICY_DAMAGED"
    assert code_of(lambda: grants_file.change(layout, lambda policy: policy)) == "POLICY_DAMAGED"
    assert layout.grants.read_bytes() == data


def test_a_file_that_others_may_write_is_refused(layout: Layout) -> None:
    layout.grants.write_bytes(grants_file.render(FULL))
    layout.grants.chmod(0o620)
    assert code_of(lambda: grants_file.read(layout)) == "POLICY_UNREADABLE"
    layout.grants.unlink()
    os.mkfifo(layout.grants, 0o600)
    assert code_of(lambda: grants_file.read(layout)) == "POLICY_UNREADABLE"
    layout.grants.unlink()
    layout.grants.mkdir(0o700)
    assert code_of(lambda: grants_file.read(layout)) == "POLICY_UNREADABLE"
    layout.grants.rmdir()
    layout.grants.symlink_to(layout.home / "elsewhere")
    assert code_of(lambda: grants_file.read(layout)) == "POLICY_UNREADABLE"


def test_a_full_disk_leaves_the_policy_as_it_was(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """H05."""
    grants_file.change(layout, lambda _: FULL)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        assert code_of(lambda: grants_file.change(layout, lambda policy: policy.deny("AUS"))) == "POLICY_UNWRITTEN"
    assert grants_file.read(layout) == FULL
    assert list(layout.home.iterdir()) == [layout.grants]


def test_running_processes_are_told_of_each_change_and_again_when_it_is_repeated(layout: Layout) -> None:
    layout.trust.mkdir()
    move(layout.trust / "epoch")
    seen = EpochReader(layout.trust / "epoch")
    before = seen()
    grants_file.change(layout, lambda _: FULL)
    assert seen() == before + 1
    # The first may have broken off between the two steps.
    grants_file.change(layout, lambda _: FULL)
    assert seen() == before + 2


def test_changes_at_the_same_time_lose_nothing(layout: Layout) -> None:
    names = [f"A{letter}{other}" for letter in "ABCD" for other in "ABCDE"]

    def block(name: str) -> None:
        grants_file.change(layout, lambda policy: policy.block(replace(BLOCK, economy=name)))

    threads = [threading.Thread(target=block, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(grants_file.read(layout).blocked) == names


def test_a_counter_that_is_missing_or_short_is_named(tmp_path: Path) -> None:
    assert code_of(lambda: EpochReader(tmp_path / "epoch")) == "EPOCH_MISSING"
    (tmp_path / "epoch").write_bytes(b"1234567")
    assert code_of(lambda: EpochReader(tmp_path / "epoch")) == "EPOCH_MISSING"
