"""A node whose clock is ten minutes wrong, asking and asked: no answer, and each side is told how the two differ."""

from __future__ import annotations

import re

import pytest

from federation.verdict import Verdict
from node import lab_control
from node.clock import Clock
from tests.node.command import run
from tests.pair import Pair

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("offset", "nzl_hears", "aus_hears"), [("+10m", "ahead of", "behind"), ("-10m", "behind", "ahead of")]
)
def test_a_node_with_a_wrong_clock_neither_gets_nor_gives_an_answer(
    offset: str, nzl_hears: str, aus_hears: str, unmended_pair: Pair
) -> None:
    """ATTACKS F02: the clock is AUS's; NZL asks it, and it asks NZL."""
    pair = unmended_pair
    pair.mend("NZL")
    lab_control.stop(pair.lab, ["AUS"], Clock())
    started = run("lab", "start", pair.lab.path, "AUS", "--clock", offset)
    assert started.returncode == 0, started.stderr
    for result, heard in ((pair.ask(), nzl_hears), (pair.ask_back(), aus_hears)):
        assert (result.verdict, result.reason, result.code) == (Verdict.NO_ANSWER, "REFUSED", "CLOCK")
        said = re.search(r"Its clock is (\d+) s (.*) this node's\.", result.message)
        assert said is not None
        assert said[2] == heard
        assert int(said[1]) == pytest.approx(600, abs=2)
