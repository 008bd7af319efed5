"""What tests at a live node's own doors share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.foreign_node import ForeignNode, Line
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
    line = Line(nzl, "AUS", aus_port)
    yield line
    line.close()
