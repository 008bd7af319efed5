"""A program that takes trust documents in and is killed at it; `test_trust_kill.py` starts it and looks at what is left.

For each effect on the disk, a forked child ends just before it, half way through it or just after it, as `kill -9`
would; prints one line of JSON a run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from federation.membership import others_digest
from node.clock import Clock
from node.errors import OperatorError
from node.trust_store import TrustStore
from tests.federation.federation_of import FederationOf
from tests.node.trust_home import bundle_of, files, filled, layout_in
from tests.virtual_time import NOW_MS

KILLED = 9
# Each changes something on the disk; reading does not.
EFFECTS = ("open", "write", "fsync", "replace", "unlink", "pwrite", "mkdir")


class Killer:
    """Ends the process at the nth effect."""

    def __init__(self, nth: int, when: str) -> None:
        self.left = nth
        self.when = when

    def arm(self) -> None:
        for name in EFFECTS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def fatal(*args: Any, **kwargs: Any) -> Any:
            if (name == "open" and not args[1] & os.O_CREAT) or (self.when == "half" and name != "write"):
                return effect(*args, **kwargs)
            self.left -= 1
            if self.left == 0 and self.when == "before":
                os._exit(KILLED)
            if self.left == 0 and self.when == "half":
                effect(args[0], args[1][: len(args[1]) // 2])
                os._exit(KILLED)
            result = effect(*args, **kwargs)
            if self.left == 0:
                os._exit(KILLED)
            return result

        return fatal


def newer(made: FederationOf) -> FederationOf:
    """Something that comes, something that takes another's place, and both would be seen apart."""
    made.adopt(["AUS", "NZL", "USA"])
    made.suspend("USA", by=("AUS", "NZL"))
    made.enter("AUS", 2)
    return made


def seen(home: Path) -> list[Any]:
    """What a process that starts now makes of it; an alarm or a refusal is none of the states there may be."""
    loaded = TrustStore(layout_in(home)).survey(NOW_MS)
    documents = loaded.documents
    return [
        [one.code for one in loaded.alarms],
        sorted(digest.hex() for digest in documents.succession.held),
        others_digest(documents).hex(),
    ]


def run_child(act: Callable[[], Any], killer: Killer) -> bool:
    """Whether ``act`` came to its end."""
    child = os.fork()
    if child == 0:
        killer.arm()
        try:
            act()
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, KILLED}, code
    return code == 0


def taking(root: Path) -> None:
    """A bundle is taken in by a node that holds something already."""
    made = FederationOf("AUS", "NZL", "USA")
    base = root / "base"
    filled(base, made)
    before = seen(base)
    bundle = bundle_of(newer(made))
    whole = root / "whole"
    shutil.copytree(base, whole)
    TrustStore(layout_in(whole)).take_bundle(bundle, NOW_MS)
    say({"states": [before, seen(whole)]})
    for when in ("before", "half", "after"):
        for nth in range(1, 1_000):
            home = root / f"run-{nth}-{when}"
            shutil.copytree(base, home)
            store = TrustStore(layout_in(home))
            watch = store.watch()
            told = watch()
            if run_child(lambda store=store: store.take_bundle(bundle, NOW_MS), Killer(nth, when)):  # type: ignore[misc]
                break
            left = seen(home)
            TrustStore(layout_in(home)).take_bundle(bundle, NOW_MS)
            swept = sorted(files(home)) == sorted(files(whole)) and not list((home / "trust").glob("**/.*"))
            say({"nth": nth, "when": when, "seen": left, "again": seen(home), "swept": swept, "told": watch() - told})
            shutil.rmtree(home)


def creating(root: Path) -> None:
    """A store is made, and made again after a kill."""
    anchor = FederationOf("AUS", "NZL").charters[0].digest
    for when in ("before", "half", "after"):
        for nth in range(1, 1_000):
            home = root / f"run-{nth}-{when}"
            layout = layout_in(home)
            if run_child(lambda layout=layout: TrustStore.create(layout, anchor, Clock()), Killer(nth, when)):  # type: ignore[misc]
                break
            try:
                TrustStore.create(layout, anchor, Clock())
                code = ""
            except OperatorError as error:
                code = error.code
            say({"nth": nth, "when": when, "code": code, "anchored": TrustStore(layout).anchor() == anchor})


def say(line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"taking": taking, "creating": creating}[sys.argv[1]](Path(sys.argv[2]))
