"""A program that feeds lists and is killed at it; `test_import_kill.py` starts it and looks at what is left.

`effects`: once for each effect on the disk, a forked child ends just before it or just after it, as `kill -9` would;
prints one line of JSON a run. `feed`: imports and tells records for ever, printing what was acknowledged, until killed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import node.importing
import node.staged
import node.store.sqlite_writer
from federation.documents import ListName
from node import importing
from node.acceptance import ImportRequest
from node.staged import one_importer
from node.store.sqlite_writer import SqliteWriter
from tests.node.passport_office import MIDNIGHT, PassportOffice, as_csv, at, hour, reported

NUMBERS = [f"QZX{n:06}" for n in range(60)]
# The year of the extracts that `feed` makes, one a minute.
FED_FROM = MIDNIGHT - timedelta(days=300)


def steps(office: PassportOffice) -> list[Callable[[], Any]]:
    """What is done to a list of P-0 to P-39 as of one o'clock; each step is acknowledged when it returns."""
    delta = [{"action": "withdraw", "reference": "P-1"}, {"action": "add", **reported(NUMBERS[50], "D-1")}]
    later = [{"action": "withdraw", "reference": "P-2"}, {"action": "add", **reported(NUMBERS[51], "D-2")}]
    return [
        lambda: office.full(
            [reported(number, f"P-{n}") for n, number in enumerate(NUMBERS[1:41])], at(1.5), allow_drop=99
        ),
        lambda: office.put("add", reported(NUMBERS[59], "DESK-1")),
        lambda: office.put("withdraw", {"reference": "P-5"}),
        lambda: office.delta(delta, since=at(1.5), as_of=at(2)),
        lambda: folded(lambda: office.delta(later, since=at(2), as_of=at(2.5))),
    ]


def folded(step: Callable[[], Any]) -> Any:
    node.importing.FOLD_FROM, kept = -1, node.importing.FOLD_FROM  # type: ignore[misc]
    try:
        return step()
    finally:
        node.importing.FOLD_FROM = kept  # type: ignore[misc]


def begin(root: Path) -> PassportOffice:
    office = PassportOffice(root)
    office.full([reported(number, f"P-{n}") for n, number in enumerate(NUMBERS[:40])], at(1))
    return office


def seen(office: PassportOffice) -> list[Any]:
    """All that a lookup or a report can tell."""
    state = office.writer.state(ListName.REPORTED)
    as_of = office.as_of()
    return [office.found(*NUMBERS), as_of and as_of.isoformat(), state.records, state.numbers]


class Countdown:
    """Ends the process at the nth effect, before or after it takes place."""

    def __init__(self, nth: int, *, after: bool) -> None:
        self.left = nth
        self.after = after

    def wrap(self, owner: Any, name: str) -> None:
        effect = getattr(owner, name)

        def fatal(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            # One effect may consist of others: after it is after all of them.
            last = self.left == 0
            if last and not self.after:
                os._exit(9)
            result = effect(*args, **kwargs)
            if last:
                os._exit(9)
            return result

        setattr(owner, name, fatal)

    def arm(self) -> None:
        for owner, name in (
            (os, "fsync"),
            (os, "rename"),
            (shutil, "rmtree"),
            (SqliteWriter, "_publish"),
            (SqliteWriter, "_take"),
            (SqliteWriter, "_rebase"),
            (node.staged.Plan, "write"),
        ):
            self.wrap(owner, name)


def say(line: str) -> None:
    """At once: what is said before a kill must have been heard."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def effects(root: Path) -> None:
    """Every effect of every step; prints what was acknowledged and what stood after the next start."""
    base = root / "base"
    begin(base).close()
    expected = root / "expected"
    shutil.copytree(base, expected)
    office = PassportOffice(expected)
    states = [seen(office)]
    for step in steps(office):
        assert not step().refused
        states.append(seen(office))
    office.close()
    say(json.dumps({"states": states}))
    for nth in range(1, 1_000):
        for after in (False, True):
            store = root / f"run-{nth}-{after}"
            shutil.copytree(base, store)
            acknowledged, killed = run_child(store, Countdown(nth, after=after))
            if not killed:
                return
            office = PassportOffice(store)
            say(json.dumps({"nth": nth, "after": after, "told": acknowledged, "seen": seen(office)}))
            office.close()
            shutil.rmtree(store)


def run_child(store: Path, countdown: Countdown) -> tuple[int, bool]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        office = PassportOffice(store)
        countdown.arm()
        for step in steps(office):
            step()
            os.write(writing, b".")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        acknowledged = len(pipe.read())
    return acknowledged, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def rows_of_version(version: int, count: int) -> Iterator[dict[str, str]]:
    """Each version of the list has numbers of its own: one of another version is a mixed list."""
    for n in range(count):
        yield reported(number_of(version, n), f"P-{n}")


def number_of(version: int, n: int) -> str:
    return f"{'QX'[version % 2]}{version:04}Z{n:07}"


def feed(root: Path, count: int) -> None:
    """Prints `full N` and `put N` when N is acknowledged."""
    office = PassportOffice(root, now=hour(12))
    as_of = office.as_of()
    version = 1 + (round((as_of - FED_FROM) / timedelta(minutes=1)) if as_of is not None else 0)
    say("ready")
    while True:
        extract = io.BytesIO(as_csv(rows_of_version(version, count)))
        cut = FED_FROM + timedelta(minutes=version)
        request = ImportRequest(ListName.REPORTED, full=True, as_of=cut.isoformat(), allow_drop=count)
        with one_importer(root):
            staged = importing.stage(office.register, request, extract, office.now, lambda _octets: None)
            assert staged.name is not None, staged.outcome
            assert not importing.adopt(office.register, office.writer, staged.name, office.now).refused
        say(f"full {version}")
        for n in range(5):
            # Told after every extract was cut: these must outlive all imports.
            assert office.put("add", reported(f"QZZ{version:04}{n}", f"DESK-{version}-{n}")).exit_code == 0
            say(f"put {version}{n}")
        version += 1


if __name__ == "__main__":
    if sys.argv[1] == "effects":
        effects(Path(sys.argv[2]))
    else:
        feed(Path(sys.argv[2]), int(sys.argv[3]))
