"""The reference of settings and log fields, written from their tables: `python -m node.reference DIRECTORY`.

A setting or field that is not described cannot exist, and one that is described cannot be missing from its page: a test
compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from node import durations
from node.config import CONFIG_FILE, ENV_PREFIX, RESERVED_VARIABLES, Settings
from node.log_fields import ALLOWED_FIELDS

_SETTINGS = f"""\
# Settings

Written by `make docs` from `node/settings.py`.

A node reads its settings from `{CONFIG_FILE}` in its directory, once, at its start. A variable of the environment comes
before the file: `{ENV_PREFIX}` and the setting's name in capitals, with two underscores where the name has a dot; lists
and tables are JSON. What is not listed here is refused, in the file and in the environment, so a misspelt name never
means the default. Paths are relative to the node's directory. Lengths of time are a whole number and a unit: `500ms`,
`3s`, `10m`, `48h`, `8d`.
"""

_LOGS = """\
# Logs

Written by `make docs` from `node/log_fields.py`.

A node writes one JSON object a line on standard error. `time`, `level` and `event` are in every line; the others where
they apply. A field that is not listed here never leaves the process: it is dropped, and counted in `fields_dropped`.
Control, bidirectional and invisible characters are written as `\\uXXXX`. No field holds a document number.
"""


def pages() -> dict[str, str]:
    """Every page that is written from here, by its file name."""
    written = {"configuration.md": _settings(), "logs.md": _logs()}
    return {name: "\n".join(lines) + "\n" for name, lines in written.items()}


def _logs() -> Iterator[str]:
    yield _LOGS
    for name, meaning in ALLOWED_FIELDS.items():
        yield f"- `{name}`: {meaning}"


def _settings() -> Iterator[str]:
    yield _SETTINGS
    yield "## Names"
    yield from _section(Settings, "")
    for name, field in Settings.model_fields.items():
        model = _model(field)
        if model is not None:
            yield f"\n## [{name}]"
            yield f"\n{model.__doc__}"
            yield from _section(model, f"{name}.")
    yield "\n## Variables that are no settings\n"
    for name, meaning in RESERVED_VARIABLES.items():
        yield f"- `{name}`: {meaning}."


def _section(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = _model(field)
        if inner is None:
            yield from _setting(prefix + name, field)
        elif prefix:
            yield from _section(inner, f"{prefix}{name}.")


def _setting(name: str, field: FieldInfo) -> Iterator[str]:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = "none, it must be given" if field.is_required() else f"`{_literal(field.default)}`"
    yield f"\n### {name}\n"
    yield f"{field.description}\n"
    yield f"- Default: {default}"
    yield f"- Without it: {extra['without']}"
    if extra.get("make"):
        yield f"- How: {extra['make']}"
    yield f"- Variable: `{ENV_PREFIX}{name.upper().replace('.', '__')}`"


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(one) for one in value)}]"
    if isinstance(value, timedelta):
        return f'"{durations.render(value)}"'
    return str(value)


if __name__ == "__main__":
    for page, text in pages().items():
        (Path(sys.argv[1]) / page).write_text(text, encoding="utf-8")
