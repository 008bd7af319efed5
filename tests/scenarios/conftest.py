"""What tests at a live node's own doors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node import lab_control
from node.clock import Clock
from tests import pair as pairs
from tests.foreign_node import ForeignNode, Line
from tests.pair import Pair
from tests.running import LabRun


@pytest.fixture(scope="session")
def nzl(lab: LabRun) -> ForeignNode:
    """The lab's NZL by hand, beside the node that runs."""
    return ForeignNode(lab.path / "NZL")


@pytest.fixture(scope="session")
def aus_port(nzl: ForeignNode) -> int:
    """Where the lab's AUS answers its peers."""
    return int(nzl.node.directory.members["AUS"].nodes[0].addresses[0].rpartition(":")[2])


@pytest.fixture
def line(nzl: ForeignNode, aus_port: int) -> Iterator[Line]:
    """What NZL has open to AUS all the while, with a session."""
    with Line(nzl, "AUS", aus_port) as line:
        yield line


@pytest.fixture(scope="session")
def unmended_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """NZL and AUS with a relay between them, in whatever state the last test left them."""
    pair = pairs.build(tmp_path_factory.mktemp("pair") / "lab")
    yield pair
    lab_control.stop(pair.lab, pair.lab.economies, Clock())
    pair.relay.close()


@pytest.fixture
def pair(unmended_pair: Pair) -> Pair:
    """NZL and AUS with a relay between them, both running and well; a test may break what it likes."""
    unmended_pair.mend("AUS", "NZL")
    return unmended_pair
