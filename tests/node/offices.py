"""Economies as their operators run them: a node's home, root keys apart from it, and commands that say how they ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from node import root_key
from tests.node.command import Done, make_home, run


class Office:
    """One economy: its node's home, and its root keys on a machine of their own."""

    def __init__(self, path: Path, economy: str, keys: int = 1) -> None:
        """In ``path``, where it may be already: a copy of one that was made once."""
        self.path = path
        self.home = path / "home"
        self.keys = [path / f"{place}.root" for place in range(1, keys + 1)]
        if path.exists():
            return
        path.mkdir(mode=0o700)
        make_home(self.home, economy)
        for key in self.keys:
            assert run("root", "new", key).returncode == 0

    def entry(self, *options: str | Path) -> Path:
        out = self.path / "own.entry"
        out.unlink(missing_ok=True)
        ok("entry", "make", "-C", self.home, "--out", out, *options)
        for key in self.keys:
            ok("entry", "sign", out, "--key", key, "--yes")
        return out

    def request(self, *options: str | Path) -> Path:
        out = self.path / "own.request"
        out.unlink(missing_ok=True)
        roots = [part for key in self.keys for part in ("--root-key", root_key.public_file(key))]
        ok("charter", "request", "-C", self.home, "--entry", self.entry(), *roots, "--out", out, *options)
        return out


def ok(*arguments: str | Path) -> dict[str, Any]:
    """What a command that is to succeed tells scripts."""
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def refused(done: Done) -> str:
    """The code with which it was refused."""
    assert done.returncode == 2
    return done.code


def founded(path: Path, offices: Sequence[Office]) -> Path:
    """The first charter of these, in force."""
    file = path / "1.charter"
    ok("charter", "propose", *(part for one in offices for part in ("--add", one.request())), "--out", file)
    approve(file, offices)
    return file


def approve(file: Path, offices: Iterable[Office], *options: str | Path) -> dict[str, Any]:
    """Signed by the first root key of each of these; what the last was told."""
    told: dict[str, Any] = {}
    for office in offices:
        told = ok("charter", "approve", file, "--key", office.keys[0], "--yes", *options)
    return told
