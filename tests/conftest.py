"""What tests of every package may ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.running import LAB_ECONOMIES, LabRun, rmas
from tests.world import World

# Examples follow from the code alone and no clock judges them: a run that fails fails again, on any machine. `make fuzz`
# and the soak tests are where chance looks for more.
settings.register_profile(
    "rmas",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
settings.load_profile("rmas")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """New Zealand, Australia and the United States, who may ask each other everything."""
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabRun]:
    """NZL, AUS, USA and PHL on loopback, one for the whole run: leave it as you found it, every node running."""
    path = tmp_path_factory.mktemp("federation") / "lab"
    up = rmas("lab", "up", path, "--economies", ",".join(LAB_ECONOMIES), "--records", "50")
    assert up.returncode == 0, up.stderr
    try:
        yield LabRun(path, json.loads((path / "specimens.json").read_text()))
    finally:
        rmas("lab", "down", path)
