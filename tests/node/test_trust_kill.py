"""Killed, out of room or without power at any moment, a trust store has the old set or the new one, and says so (H01)."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from node.errors import OperatorError
from node.trust_store import TrustStore
from tests.federation.federation_of import FederationOf
from tests.node.trust_home import bundle_of, filled, layout_in, take
from tests.node.trust_under_fire import EFFECTS, newer, seen
from tests.virtual_time import NOW_MS

ROOT = Path(__file__).parents[2]


def run(what: str, root: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.node.trust_under_fire", what, root],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_ended_at_any_effect_a_bundle_has_been_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    lines = run("taking", tmp_path)
    (before, after), runs = lines[0]["states"], lines[1:]
    assert before != after
    assert len(runs) > 40
    for one in runs:
        assert one["seen"] in (before, after), one
        assert one["again"] == after, one
        assert one["swept"], one
        assert one["told"] == 1, one
    assert {json.dumps(one["seen"]) for one in runs} == {json.dumps(before), json.dumps(after)}


@pytest.mark.slow
def test_ended_while_it_is_made_a_store_can_be_made_again(tmp_path: Path) -> None:
    runs = run("creating", tmp_path)
    assert len(runs) > 10
    assert {one["code"] for one in runs} == {"", "TRUST_EXISTS"}
    assert all(one["anchored"] for one in runs)


@dataclass
class Disk:
    """What happened to the disk, and what of it survives a power cut: what was synced, and perhaps names besides."""

    root: Path
    log: list[tuple[str, Any, Any]] = field(default_factory=list)
    open: dict[int, Path] = field(default_factory=dict)

    def record(self, patch: pytest.MonkeyPatch) -> None:
        for name in EFFECTS:
            patch.setattr(os, name, self._recorded(name, getattr(os, name)))

    def _recorded(self, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*args: Any, **kwargs: Any) -> Any:
            result = effect(*args, **kwargs)
            if name == "open":
                self.open[result] = Path(args[0])
            else:
                path = self.open.get(args[0]) if isinstance(args[0], int) else Path(args[0])
                self.log.append((name, path, bytes(args[1]) if name == "write" else args[1:2]))
            return result

        return recorded

    def cut(self, base: Path, home: Path, length: int, *, names_survive: bool) -> None:
        """Make ``home`` what ``base`` is after the first ``length`` effects and a power cut."""
        shutil.copytree(base, home)
        octets: dict[Path, bytes] = {}
        synced: dict[Path, bytes] = {}
        pending: list[tuple[str, Path, Path]] = []
        for name, path, rest in self.log[:length]:
            if name == "write":
                octets[path] = octets.get(path, b"") + rest
            elif name == "fsync" and path in octets:
                synced[path] = octets[path]
            elif name == "fsync":
                pending = [one for one in pending if not self._settle(one, path, synced, home)]
            elif name == "replace":
                pending.append(("replace", path, Path(rest[0])))
            elif name == "unlink":
                pending.append(("unlink", path, path))
        if names_survive:
            for one in pending:
                self._settle(one, one[2].parent, synced, home)

    def _settle(self, change: tuple[str, Path, Path], folder: Path, synced: dict[Path, bytes], home: Path) -> bool:
        name, source, target = change
        if target.parent != folder:
            return False
        landed = home / target.relative_to(self.root)
        if name == "replace":
            landed.write_bytes(synced.get(source, b""))
            landed.chmod(0o640)
        else:
            landed.unlink(missing_ok=True)
        return True


@pytest.mark.slow
def test_without_power_at_any_effect_what_was_not_synced_is_missed_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H03: only what was synced is there; of names that were not, all or none."""
    made = FederationOf("AUS", "NZL", "USA")
    base, whole = tmp_path / "base", tmp_path / "whole"
    filled(base, made)
    shutil.copytree(base, whole)
    before, bundle = seen(base), bundle_of(newer(made))
    disk = Disk(whole)
    with monkeypatch.context() as patch:
        disk.record(patch)
        TrustStore(layout_in(whole)).take_bundle(bundle, NOW_MS)
    after = seen(whole)
    states = []
    for length in range(len(disk.log) + 1):
        for names_survive in (False, True):
            home = tmp_path / f"cut-{length}-{names_survive}"
            disk.cut(base, home, length, names_survive=names_survive)
            states.append(seen(home))
            shutil.rmtree(home)
    assert all(state in (before, after) for state in states)
    assert states[0] == before
    assert states[-1] == states[-2] == after


@pytest.mark.parametrize("effect", ["open", "write", "fsync", "replace"])
def test_a_full_disk_leaves_the_set_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: str) -> None:
    """H05: at each of the first effects of a kind."""
    made = FederationOf("AUS", "NZL", "USA")
    store = filled(tmp_path, made)
    before, bundle = seen(tmp_path), bundle_of(newer(made))
    codes = []
    for nth in range(1, 100):
        with monkeypatch.context() as patch:
            patch.setattr(os, effect, Countdown(nth).wrapped(effect, getattr(os, effect)))
            try:
                store.take_bundle(bundle, NOW_MS)
            except OperatorError as error:
                codes.append(error.code)
        if len(codes) < nth or seen(tmp_path) != before:
            # What failed came after the floor was replaced, if anything did.
            break
        assert not list((tmp_path / "trust").glob("**/.*"))
        assert len(list((tmp_path / "trust").glob("*/*"))) == 10
    assert len(codes) > 3
    assert set(codes) <= {"TRUST_UNWRITTEN", "TRUST_UNTOLD"}
    assert {one.outcome for one in store.take_bundle(bundle, NOW_MS)} <= {"taken", "known"}
    assert seen(tmp_path) != before


class Countdown:
    """The nth effect finds no room."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def wrapped(self, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*args: Any, **kwargs: Any) -> Any:
            if name != "open" or args[1] & os.O_CREAT:
                self.left -= 1
                if self.left == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return effect(*args, **kwargs)

        return failing


@pytest.mark.slow
def test_whoever_reads_while_others_write_finds_a_whole_set(tmp_path: Path) -> None:
    made = FederationOf("AUS", "NZL", "USA")
    store = filled(tmp_path, made)
    done = threading.Event()
    read: list[int] = []

    def write() -> None:
        for number in range(2, 40):
            take(store, made.enter("AUS", number))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        loaded = TrustStore(layout_in(tmp_path)).survey(NOW_MS)
        assert not loaded.alarms
        assert len(loaded.documents.entries) == len(loaded.documents.notices) == 3
        read.append(loaded.documents.entries["AUS"].number)
    writer.join()
    assert read == sorted(read)
    assert len(set(read)) > 2


@pytest.mark.slow
def test_two_writers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    made = FederationOf("AUS", "NZL", "USA")
    filled(tmp_path, made)
    documents = {code: [made.enter(code, number) for number in range(2, 12)] for code in ("AUS", "USA")}

    def write(code: str) -> None:
        store = TrustStore(layout_in(tmp_path))
        for document in documents[code]:
            assert take(store, document).outcome == "taken"

    writers = [threading.Thread(target=write, args=(code,)) for code in documents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    entries = TrustStore(layout_in(tmp_path)).load(NOW_MS).entries
    assert [entries[code].number for code in documents] == [11, 11]
