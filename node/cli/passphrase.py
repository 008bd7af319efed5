"""Where the passphrase of a root key comes from: a file that RMAS_ROOT_PASSPHRASE_FILE names, or whoever sits there."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import typer

from node.errors import OperatorError

VARIABLE = "RMAS_ROOT_PASSPHRASE_FILE"
_LIMIT = 1024


def for_new_key(wanted: bool) -> str | None:
    """The passphrase a new key is to be put under: from the file if one is named, asked twice if ``wanted``, else None."""
    return _from_file() or (_ask("Passphrase of the new root key", twice=True) if wanted else None)


def for_key(file: Path) -> str:
    """The passphrase of the key in ``file``."""
    return _from_file() or _ask(f"Passphrase of {file}", twice=False)


def _ask(prompt: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        message = f"The key needs a passphrase and nobody is there to type it; name a file that holds it in {VARIABLE}."
        raise OperatorError("ROOT_PASSPHRASE_NEEDED", message)
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))


def _from_file() -> str | None:
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    try:
        with Path(name).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_LIMIT).decode()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        message = f"{name}, which {VARIABLE} names, cannot be read: {cause}."
        raise OperatorError("ROOT_PASSPHRASE_FILE", message) from None
    if mode & 0o077:
        message = f"{name} is open to other users (mode {mode:04o}); `chmod 0600` it, and change the passphrase."
        raise OperatorError("ROOT_PASSPHRASE_FILE", message)
    passphrase = text.splitlines()[0] if text else ""
    if not passphrase:
        message = f"{name}, which {VARIABLE} names, has no passphrase in its first line."
        raise OperatorError("ROOT_PASSPHRASE_FILE", message)
    return passphrase
