"""What the log says of documents and grants before they end, with the nodes' own files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from node import app, config
from node.clock import Clock
from node.jobs import watch_trust
from node.jobs.surroundings import Surroundings
from tests.node.command import found_federation, make_home


class Office:
    """A node that does not run, its clock as a test sets it, and what the job says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._node = app.load_node(home, config.load(home))

    def hears(self, later: timedelta) -> list[tuple[str, str, str]]:
        """Level, event, and whom it is about, when the job runs that much later."""
        said: list[tuple[str, str, str]] = []

        def say(level: str) -> Any:
            return lambda event, **fields: said.append(
                (level, event, fields.get("economy") or fields.get("peer") or fields["code"])
            )

        log = SimpleNamespace(error=say("error"), warning=say("warning"))
        node = SimpleNamespace(
            clock=SimpleNamespace(now=lambda: Clock().now() + later),
            layout=self._node.layout,
            directory=self._node.directory,
            economy=self._node.economy,
        )
        watch_trust.run(cast(Surroundings, SimpleNamespace(node=node, log=log)))
        return sorted(said)


@pytest.fixture
def nzl(tmp_path: Path) -> Office:
    homes = [make_home(tmp_path / economy, economy) for economy in ("NZL", "AUS")]
    found_federation(*homes, allow=True)
    return Office(homes[0])


def lists(level: str) -> list[tuple[str, str, str]]:
    return [(level, "revocation list grows old", economy) for economy in ("AUS", "NZL")]


def test_a_fresh_federation_gives_no_cause_for_alarm(nzl: Office) -> None:
    assert nzl.hears(timedelta(0)) == []


def test_a_list_that_nobody_renews_is_said_after_two_days_and_louder_before_its_end(nzl: Office) -> None:
    assert nzl.hears(timedelta(days=1)) == []
    assert nzl.hears(timedelta(days=2, hours=1)) == lists("warning")
    assert nzl.hears(timedelta(days=7, hours=1)) == lists("error")
    assert nzl.hears(timedelta(days=11)) == lists("error")


def test_a_grant_does_not_end_unannounced(nzl: Office) -> None:
    ends = datetime.fromtimestamp(
        nzl._node.directory.members["NZL"].grants["AUS"].until_ms / 1000, Clock().now().tzinfo
    )
    for days, level in ((29, "warning"), (6, "error"), (0, "error")):
        heard = nzl.hears(ends - Clock().now() - timedelta(days=days))
        assert (level, "grant ends", "AUS") in heard


def test_documents_that_were_lost_are_said(nzl: Office) -> None:
    next((nzl.home / "trust/crls").glob("AUS-*")).unlink()
    assert ("error", "trust documents need a person", "TRUST_LOST") in nzl.hears(timedelta(0))


def test_documents_that_do_not_hold_are_said(nzl: Office) -> None:
    (nzl.home / "trust/floor").write_bytes(b"{}")
    assert nzl.hears(timedelta(0)) == [("error", "trust documents cannot be taken up", "TRUST_FLOOR_DAMAGED")]
