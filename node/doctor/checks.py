"""Every check of one node, in the order in which a start would meet them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from node import config
from node.clock import Clock
from node.doctor import keys, machine, store
from node.doctor.finding import Finding, fine, raised
from node.errors import OperatorError
from node.layout import Layout


def examine(home: Path) -> Iterator[Finding]:
    """What is right and wrong with the node in ``home``; reads everything, changes nothing, raises nothing.

    Without readable settings there is one finding: nothing else can be looked at.
    """
    try:
        settings = config.load(home)
    except OperatorError as error:
        yield raised(error, "CONFIG")
        return
    yield fine("CONFIG", f"rmas.toml describes {settings.name}.")
    layout = Layout.of(home, settings)
    now = Clock(timedelta(seconds=settings.lab.clock_offset_seconds)).now()
    yield from machine.check(layout, settings, now)
    yield from keys.check(layout, settings, now)
    yield from store.check(layout, settings, now)
