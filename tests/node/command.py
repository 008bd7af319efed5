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
from node import init, member
from node.cli.main import main
from node.cli.member_options import no_grants
from node.clock import Clock


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
    created = init.create(path, init.Plan(name, listen), clock)
    block = member.block(name, created.ca, listen, member.own_routes(economy), member.ALL_KINDS, no_grants(clock), ())
    member.save(created.layout.member, block)
    return path
