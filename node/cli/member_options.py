"""What `rmas init` and `rmas directory member` both say about a member."""

from __future__ import annotations

from datetime import timedelta

from node.clock import Clock
from node.member import Grants

ADDRESS_HELP = "Where peers reach this node, if that differs from where it listens."


def no_grants(clock: Clock) -> Grants:
    """Nobody may ask: being in the directory says who someone is and opens nothing."""
    return Grants((), clock.now() + timedelta(days=365), "")
