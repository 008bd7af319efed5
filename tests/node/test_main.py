from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from certs.errors import KeyMissing
from federation.errors import InvalidDirectory
from node.cli import main
from node.errors import OperatorError
from tests.node.command import run
from tests.running import rmas


def raising(error: BaseException) -> object:
    def program(only: str) -> object:
        def call(*_: object, **__: object) -> object:
            raise error

        return call

    return program


def test_the_version_is_that_of_the_distribution() -> None:
    assert rmas("--version").stdout == f"rmas {version('rmas-node')}\n"


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "node", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == rmas("--version").stdout


@pytest.mark.parametrize("name", ["", *main._COMMANDS])
def test_every_command_explains_itself(name: str) -> None:
    done = run(*([name] if name else []), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: rmas {name}".rstrip() in done.stdout


def test_a_command_alone_is_the_command_among_all() -> None:
    """Importing one command's module must not change what it accepts."""
    for name in main._COMMANDS:
        assert names(main.program(name)) == [name]
    assert names(main.program()) == sorted(main._COMMANDS)


def names(program: typer.Typer) -> list[str]:
    commands = [str(command.name) for command in program.registered_commands]
    return sorted(commands + [str(group.name) for group in program.registered_groups])


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["lookup", "--nonsense"],
        ["lookup", "--deadline"],
        ["init"],
        ["lab", "up"],
        ["lab", "up", "x", "--records", "no"],
    ],
)
def test_wrong_usage_is_one_sentence_with_a_code_and_exit_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.code, done.stdout) == (2, "USAGE", "")
    assert done.stderr.count("\n") == 1


def test_wrong_usage_does_not_repeat_a_document_number(markers: tuple[str, ...]) -> None:
    for number in markers[:20]:
        done = run("status", number)
        assert done.returncode == 2
        assert number not in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (OperatorError("SOME_CODE", "A cause; a remedy."), "SOME_CODE", 2),
        (KeyMissing("no such key; make it"), "KEY_MISSING", 2),
        (InvalidDirectory("The directory is wrong."), "INVALID_DIRECTORY", 2),
        (KeyboardInterrupt(), "INTERRUPTED", 130),
        (RuntimeError("what a library said about N1234567"), "UNEXPECTED", 1),
    ],
)
def test_whatever_goes_wrong_is_one_sentence_with_a_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: str, exit_code: int
) -> None:
    monkeypatch.delenv("RMAS_DEBUG", raising=False)
    monkeypatch.setattr(main, "program", raising(error))
    done = run("status")
    assert (done.returncode, done.code) == (exit_code, code)
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "N1234567" not in done.stderr


def test_with_json_the_error_is_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "program", raising(OperatorError("SOME_CODE", "A cause; a remedy.")))
    done = run("status", "--json")
    assert json.loads(done.stdout) == {"error": {"code": "SOME_CODE", "message": "A cause; a remedy."}}


def test_the_traceback_is_shown_to_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RMAS_DEBUG", "1")
    monkeypatch.setattr(main, "program", raising(RuntimeError("boom")))
    assert "Traceback" in run("status").stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`rmas ... | head -1` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "node", "--help"], stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.stderr == b""


def test_a_hostile_file_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """K11: the name of a directory comes from whoever made it."""
    done = run("doctor", "-C", tmp_path / "\x1b[2J\u202e")
    assert "\x1b" not in done.stdout + done.stderr
    done = run("status", "-C", tmp_path / "\x1b[2J\u202e")
    assert "\x1b" not in done.stdout + done.stderr


def test_help_shows_no_type_for_a_flag_as_if_a_value_followed() -> None:
    said = [line for line in run("lookup", "--help").stdout.splitlines() if "<bool>" in line]
    assert all("--help" in line for line in said), said
