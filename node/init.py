"""Making a node: its directory, keys, certificates, pepper and configuration.

The directory is built beside its place and moved there when it is whole, so a crash leaves nothing that looks like a
node and is none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from certs.identity import NodeName
from node import certifying, config, config_file, specimen_list
from node.clock import Clock
from node.config import Settings
from node.errors import OperatorError
from node.layout import DIRECTORIES, Layout
from node.secret_file import PEPPER
from node.store.keys import StoreKeys
from node.store.sqlite_writer import open_writer


@dataclass(frozen=True, slots=True)
class Plan:
    """What a new node is to be. ``sections`` are further settings for `rmas.toml`, by section."""

    name: NodeName
    listen: Sequence[str]
    sections: dict[str, dict[str, config_file.Value]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Created:
    """A new node: where it lies, its CA, and the day its leaves end."""

    layout: Layout
    ca: x509.Certificate
    leaves_end: datetime


def create(home: Path, plan: Plan, clock: Clock) -> Created:
    """Make the node ``plan`` describes in ``home``.

    Raises OperatorError HOME_EXISTS when there is anything at ``home`` but an empty directory, HOME_UNWRITTEN when the
    file system refuses.
    """
    home = home.absolute()
    _refuse_existing(home)
    building = home.with_name(f".{home.name}.{os.getpid()}.new")
    try:
        building.mkdir(mode=0o700, parents=True)
        for name in DIRECTORIES:
            (building / name).mkdir(mode=0o700)
        settings = _write_config(building, plan)
        layout = Layout.of(building, settings)
        ca, leaves_end = certifying.found(layout, plan.name, clock)
        PEPPER.create(layout.pepper, clock)
        open_writer(layout.store, StoreKeys(PEPPER.load(layout.pepper))).close()
        specimen_list.write(layout.specimens)
        place(building, home, config.CONFIG_FILE)
    except OSError as error:
        raise OperatorError(
            "HOME_UNWRITTEN", f"{home} cannot be made: {error.strerror}; choose another place."
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Created(Layout.of(home, settings), ca, leaves_end)


def place(built: Path, path: Path, last: str) -> None:
    """Move what was built to ``path``: in one step, or into the empty directory that is there.

    That one stays what it is, for somebody may stand in it or hold its lock; ``last`` is moved last, and is what makes
    the whole a whole.
    """
    if not path.exists():
        built.rename(path)
        return
    for child in sorted(built.iterdir(), key=lambda child: child.name == last):
        child.rename(path / child.name)


def _refuse_existing(home: Path) -> None:
    if home.is_symlink() or (home.exists() and (not home.is_dir() or any(home.iterdir()))):
        message = f"{home} is there already and is not overwritten; name a directory that does not exist or is empty."
        raise OperatorError("HOME_EXISTS", message)


def _write_config(home: Path, plan: Plan) -> Settings:
    top: dict[str, config_file.Value] = {
        "federation": plan.name.federation,
        "economy": plan.name.economy,
        "node": plan.name.node,
    }
    sections: dict[str, dict[str, config_file.Value]] = {
        "peer": {"listen": list(plan.listen)},
    }
    for name, values in plan.sections.items():
        sections.setdefault(name, {}).update(values)
    (home / config.CONFIG_FILE).write_text(config_file.render(top, sections), encoding="utf-8")
    # Read back as every command will, variables included: RMAS_STORE__PEPPER may already name another volume.
    return config.load(home)
