"""The command line without a process of its own: the same `main`, a hundred times a minute."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from certs.identity import NodeName
from node import config, grants_file, init, lab_trust, member
from node.cli.main import main
from node.clock import Clock
from node.lab_trust import Founder
from node.layout import Layout
from node.local_policy import OwnPolicy


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def code(self) -> str:
        """The stable code in its last line."""
        return self.stderr.rstrip("]\n").rpartition("[")[2]


def run(*arguments: str | Path, stdin: str = "") -> Done:
    """Run `rmas` with these arguments, and this on standard input, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main([os.fspath(argument) for argument in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def make_home(path: Path, economy: str, federation: str = "rmas") -> Path:
    """A new node, as `rmas init` makes it."""
    name = NodeName(federation, economy, "node1")
    listen = ["127.0.0.1:7443"]
    clock = Clock()
    init.create(path, init.Plan(name, listen), clock)
    return path


def found_federation(*homes: Path, allow: bool = False) -> None:
    """Let these nodes, of one federation, trust each other by a first charter; with ``allow`` each lets the others ask.

    Their root keys lie beside the first home, in `roots`.
    """
    clock = Clock()
    roots = homes[0].parent / "roots"
    roots.mkdir(exist_ok=True)
    joiners, layouts, federation = [], {}, ""
    for home in homes:
        settings = config.load(home)
        layout = Layout.of(home, settings)
        routes = tuple(member.own_routes(settings.economy))
        founder = Founder(layout, settings.name, routes, member.ALL_KINDS, tuple(settings.peer.listen))
        joiners.append(lab_trust.request(founder, roots, clock)[1])
        layouts[settings.economy] = layout
        federation = settings.federation
    lab_trust.found(federation, layouts, joiners, roots, clock)
    if not allow:
        for layout in layouts.values():
            grants_file.change(layout, lambda _: OwnPolicy())
