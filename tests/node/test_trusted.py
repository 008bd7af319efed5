"""What a process trusts follows what lies on its disk, also after something went wrong there."""

from __future__ import annotations

from pathlib import Path

import pytest

from node import app, config, grants_file
from node.clock import Clock
from node.errors import OperatorError
from node.layout import Layout
from node.local_policy import Block, OwnPolicy
from node.trusted import Trusted
from tests.node.command import found_federation, make_home, run


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    homes = [make_home(tmp_path / economy, economy) for economy in ("NZL", "AUS")]
    found_federation(*homes, allow=True)
    return Layout.of(homes[0], config.load(homes[0]))


@pytest.fixture
def trusted(layout: Layout) -> Trusted:
    found = Trusted(layout, "NZL", Clock())
    found.read()
    return found


def block_australia(policy: OwnPolicy) -> OwnPolicy:
    return policy.block(Block("AUS", 1, "order 7"))


def test_nothing_is_read_again_until_something_moves(layout: Layout, trusted: Trusted) -> None:
    assert not trusted.moved()
    grants_file.change(layout, block_australia)
    assert trusted.moved()
    assert trusted.read().blocked == {"AUS"}
    assert not trusted.moved()


def revoke_and_take(layout: Layout) -> None:
    """Australia takes its TLS leaf back, and its list comes in here."""
    australia = layout.home.parent / "AUS"
    assert run("ca", "revoke", australia / "certs/tls.pem", "-C", australia).returncode == 0
    assert run("trust", "take", australia / "certs/ca.crl", "-C", layout.home).returncode == 0


def test_a_policy_that_is_damaged_keeps_out_no_revocation(layout: Layout, trusted: Trusted) -> None:
    grants_file.change(layout, block_australia)
    trusted.read()
    good = layout.grants.read_bytes()
    layout.grants.write_bytes(b"{")
    revoke_and_take(layout)
    directory = trusted.read()
    assert directory.standings["AUS"].revoked
    assert directory.blocked == {"AUS"}
    assert trusted.policy_problem is not None
    layout.grants.write_bytes(good)
    trusted.read()
    assert trusted.policy_problem is None


class Later(Clock):
    """A clock that a test sets forward."""

    seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.seconds


def test_a_reading_that_failed_is_repeated_in_a_while(layout: Layout) -> None:
    clock = Later()
    trusted = Trusted(layout, "NZL", clock)
    trusted.read()
    revoke_and_take(layout)
    floor = (layout.trust / "floor").read_bytes()
    (layout.trust / "floor").write_bytes(b"{}")
    with pytest.raises(OperatorError):
        trusted.read()
    (layout.trust / "floor").write_bytes(floor)
    # Not five times a second: whatever is damaged is looked at in full each time.
    assert not trusted.moved()
    clock.seconds = 2
    assert trusted.moved()
    assert trusted.read().standings["AUS"].revoked
    assert not trusted.moved()


def test_all_is_read_again_each_minute_whatever_the_counter_says(layout: Layout) -> None:
    clock = Later()
    trusted = Trusted(layout, "NZL", clock)
    trusted.read()
    clock.seconds = 59
    assert not trusted.moved()
    clock.seconds = 61
    assert trusted.moved()


def test_a_counter_that_was_put_back_or_cut_short_is_seen(layout: Layout, trusted: Trusted) -> None:
    epoch = layout.trust / "epoch"
    before = epoch.read_bytes()
    epoch.unlink()
    assert trusted.moved()
    epoch.write_bytes(before)
    revoke_and_take(layout)
    assert trusted.moved()
    epoch.write_bytes(b"")
    assert trusted.moved()


def test_a_block_that_was_written_and_never_told_is_told_by_repeating_it(
    layout: Layout, trusted: Trusted, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("node.epoch.move", lambda path: None)
        grants_file.change(layout, block_australia)
    assert not trusted.moved()
    grants_file.change(layout, block_australia)
    assert trusted.moved()
    assert trusted.read().blocked == {"AUS"}


def test_a_running_node_takes_up_what_came_in_once(layout: Layout) -> None:
    node = app.load_node(layout.home, config.load(layout.home))
    revoke_and_take(layout)
    assert node.renew_trust()
    assert node.directory.standings["AUS"].revoked
    assert not node.renew_trust()


def test_what_is_read_again_to_be_sure_is_no_change(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every member's rate, and whoever was verified, would begin anew each minute."""
    monkeypatch.setattr("node.trusted.LONGEST_SECONDS", 0)
    node = app.load_node(layout.home, config.load(layout.home))
    before = node.directory
    assert node.trusted.moved()
    assert not node.renew_trust()
    assert node.directory is before
    grants_file.change(layout, block_australia)
    assert node.renew_trust()
    assert node.directory.blocked == {"AUS"}
