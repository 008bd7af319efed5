"""Writing `rmas.toml`: once in full, later single values in place, always in one atomic step."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node.errors import ConfigError

Value = str | int | bool | list[str]
_SECTION = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?")


def render(top: Mapping[str, Value], sections: Mapping[str, Mapping[str, Value]]) -> str:
    """A new `rmas.toml` with these values; everything else keeps its default."""
    lines = [
        "# Settings of one RMAS node. docs/reference/configuration.md lists them all with their defaults;",
        "# `rmas doctor` checks them. RMAS_* variables override this file.",
        *(f"{name} = {_literal(value)}" for name, value in top.items()),
    ]
    for section, values in sections.items():
        lines += ["", f"[{section}]", *(f"{name} = {_literal(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def change(path: Path, section: str, values: Mapping[str, Value]) -> None:
    """Set ``values`` in ``section`` of the file at ``path``, keeping every comment and every other line.

    Raises ConfigError CONFIG_EDIT when the file is laid out in a way that cannot be edited safely.
    """
    before = path.read_text(encoding="utf-8")
    after = before
    for name, value in values.items():
        after = _set(after, section, name, _literal(value))
    # The edit works on lines, the reader on TOML: unless both agree on the result, leave the file alone.
    wanted = tomllib.loads(before)
    wanted.setdefault(section, {}).update(values)
    if _loads(after) != wanted:
        lines = "; ".join(f"{name} = {_literal(value)}" for name, value in values.items())
        raise ConfigError(
            "CONFIG_EDIT", f"{path} is laid out so that it cannot be changed safely; write under [{section}]: {lines}"
        )
    replace(path, after.encode())


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Make ``path`` hold ``content``, durably and in one step: after a crash it holds the old bytes or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _set(text: str, section: str, name: str, literal: str) -> str:
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if _section_of(line) == section), None)
    if start is None:
        return "\n".join([*lines, "", f"[{section}]", f"{name} = {literal}"]) + "\n"
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    assignment = re.compile(rf"\s*{re.escape(name)}\s*=")
    at = next((at for at in range(start + 1, end) if assignment.match(lines[at])), None)
    if at is None:
        lines.insert(start + 1, f"{name} = {literal}")
    else:
        lines[at] = f"{name} = {literal}"
    return "\n".join(lines) + "\n"


def _section_of(line: str) -> str | None:
    found = _SECTION.fullmatch(line)
    return found[1].strip() if found else None


def _loads(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _literal(value: Value) -> str:
    # JSON's strings, integers, booleans and lists are TOML's, but for two things: TOML has no surrogate pairs, and wants
    # DEL escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
