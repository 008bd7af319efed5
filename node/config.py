"""Reading the settings of one node: `rmas.toml` in its directory, overridden by `RMAS_*` variables.

What is not a setting is refused: a misspelt name never silently means the default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from node.errors import ConfigError
from node.settings import ENV_PREFIX, Settings

__all__ = [
    "CONFIG_FILE",
    "ENV_PREFIX",
    "RESERVED_VARIABLES",
    "Settings",
    "from_mapping",
    "load",
    "read_file",
    "variables",
]

CONFIG_FILE = "rmas.toml"
# Variables that are read by the command line itself and are no settings.
RESERVED_VARIABLES = {
    "RMAS_HOME": "the node's directory, for commands without `-C`",
    "RMAS_DEBUG": "`1` shows the full traceback of an unexpected error",
    "RMAS_ROOT_PASSPHRASE_FILE": "file with the passphrase of a root key in its first line, for commands that sign",
}


def load(home: Path) -> Settings:
    """The settings of the node in ``home``.

    Raises ConfigError: NO_NODE (no rmas.toml there), CONFIG_SYNTAX, UNKNOWN_SETTING, UNKNOWN_VARIABLE, MISSING_SETTING,
    INVALID_SETTING.
    """
    return from_mapping(read_file(home))


def from_mapping(values: Mapping[str, Any]) -> Settings:
    """Settings from what a file says, overridden by the environment. Raises ConfigError as ``load``."""
    _refuse_unknown_variables()
    try:
        return Settings(**values)
    except SettingsError as error:
        raise ConfigError("INVALID_SETTING", f"An RMAS_* variable cannot be read ({error}); lists are JSON.") from None
    except ValidationError as error:
        raise _explain(error) from None


def read_file(home: Path) -> dict[str, Any]:
    """What `rmas.toml` in ``home`` says, unchecked. Raises ConfigError: NO_NODE, CONFIG_SYNTAX."""
    path = home / CONFIG_FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"There is no {CONFIG_FILE} in {home}; name a node's directory with -C, or make one with `rmas init`."
        raise ConfigError("NO_NODE", message) from None
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError("CONFIG_SYNTAX", f"{path} cannot be read: {cause}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("CONFIG_SYNTAX", f"{path} is not TOML: {error}; correct that place.") from None


def variables(model: type[BaseModel] = Settings, prefix: str = ENV_PREFIX) -> Iterator[tuple[str, str]]:
    """Every variable that overrides a setting, with the setting's dotted name."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        yield variable, name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from ((deeper, f"{name}.{rest}") for deeper, rest in variables(kind, variable + "__"))


def _refuse_unknown_variables() -> None:
    known = {name for name, _ in variables()} | RESERVED_VARIABLES.keys()
    # Names are read without regard to case, so a lower-case one would take effect and must be known as well.
    unknown = sorted(name for name in os.environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)
    if unknown:
        message = f"The environment has {', '.join(unknown)}, which no setting is named; unset it or correct its name."
        raise ConfigError("UNKNOWN_VARIABLE", message)


_REMEDIES = {
    "extra_forbidden": ("UNKNOWN_SETTING", "there is no such setting; docs/reference/configuration.md lists them all"),
    "missing": ("MISSING_SETTING", "it must be given"),
}


def _explain(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    wrong = re.sub(r"^Value error, ", "", first["msg"])
    code, remedy = _REMEDIES.get(first["type"], ("INVALID_SETTING", f"{wrong[:1].lower()}{wrong[1:]}"))
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return ConfigError(code, f"{_origin(first['loc'])}, setting `{name}`: {remedy}{more}.")


def _origin(location: tuple[int | str, ...]) -> str:
    variable = ENV_PREFIX + "__".join(str(part) for part in location if isinstance(part, str)).upper()
    return variable if variable in {name.upper() for name in os.environ} else CONFIG_FILE
