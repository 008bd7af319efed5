"""The command `rmas`: one file a command group, one way to end.

People see one sentence and a code, never a traceback; `RMAS_DEBUG=1` shows it to whoever asks.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from importlib import import_module
from importlib.metadata import version as installed_version
from typing import Annotated

import typer
from typer.exceptions import TyperException

from certs.errors import CertsError
from federation.errors import FederationError
from node.cli.output import complain, print_json, say
from node.errors import OperatorError, OutcomeUnknown
from node.printable import mask

USAGE = 2
UNEXPECTED = 1
INTERRUPTED = 130

# In the order in which `rmas --help` lists them; each module's `register` adds what stands here under its name.
_COMMANDS = {
    "init": "init",
    "serve": "serve",
    "status": "status",
    "doctor": "doctor",
    "lookup": "lookup",
    "import": "importing",
    "records": "records",
    "cert": "cert",
    "ca": "ca",
    "root": "root",
    "peer": "peer",
    "trust": "trust",
    "charter": "charter",
    "entry": "entry",
    "notice": "notice",
    "suspension": "suspension",
    "withdrawal": "withdrawal",
    "lab": "lab",
}
_HELP = """A member economy's node for travel-document lookups: ask the economy that issued a document, answer those that
ask about yours.

First steps: `rmas lab up DIR --economies NZL,AUS` for a federation on this machine, `rmas init DIR --economy NZL` for a
node of your own, `rmas doctor -C DIR` when something is wrong."""


def program(only: str = "") -> typer.Typer:
    """The command line; with the name of a command, that one alone: importing all of them takes as long as a lookup."""
    built = typer.Typer(
        name="rmas",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )
    built.callback()(_options)
    for module in [_COMMANDS[only]] if only in _COMMANDS else _COMMANDS.values():
        import_module(f"node.cli.{module}").register(built)
    return built


def __getattr__(name: str) -> typer.Typer:
    # `app` is the whole program, for whoever describes it; a command line never needs the whole.
    if name == "app":
        return program()
    raise AttributeError(name)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"rmas {installed_version('rmas-node')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options that stand before any command."""


def run() -> None:
    """Entry point of `rmas`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code; whatever goes wrong is told in one sentence."""
    if arguments[:1] != ["serve"]:
        # gRPC tells of each connection that ends; a node's log wants that, a person at a terminal does not.
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        code = program(arguments[0] if arguments else "")(arguments, prog_name="rmas", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be written, not even by the interpreter's flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    except (KeyboardInterrupt, typer.Abort):
        complain("INTERRUPTED", "Stopped before it was finished.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last door: people get a sentence, RMAS_DEBUG=1 the traceback
        return _fail(error, as_json="--json" in arguments)


def _fail(error: Exception, as_json: bool) -> int:
    if os.environ.get("RMAS_DEBUG") == "1":
        traceback.print_exception(error)
    code, message, exit_code = _explain(error)
    if message:
        complain(code, message)
    if as_json:
        print_json({"error": {"code": code, "message": message}})
    return exit_code


def _explain(error: Exception) -> tuple[str, str, int]:
    if isinstance(error, TyperException):
        return "USAGE", _usage(error), USAGE
    if isinstance(error, OutcomeUnknown):
        # Not 2: a script must not read it as refused.
        return error.code, error.message, UNEXPECTED
    if isinstance(error, OperatorError):
        return error.code, error.message, USAGE
    if isinstance(error, CertsError | FederationError):
        code = getattr(error, "code", None) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).upper()
        # Where an error keeps its sentence apart, its text begins with the code, which the line ends with.
        return str(code), getattr(error, "message", None) or str(error), USAGE
    message = f"Unexpected {type(error).__name__}; RMAS_DEBUG=1 shows where. Nothing is known to have changed."
    return "UNEXPECTED", message, UNEXPECTED


def _usage(error: TyperException) -> str:
    # The parser quotes what it did not understand; on this command line that may be a document number.
    text = mask(" ".join(error.format_message().split())).rstrip(".")
    return f"{text}; see `rmas --help` or `rmas COMMAND --help`." if text else ""
