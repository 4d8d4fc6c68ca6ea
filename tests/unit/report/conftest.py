"""Snapshots and their planes, made once."""

import pytest

from tests.unit.report.sample_snapshots import NOW, sample
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.report.plane import Plane, plane


@pytest.fixture(scope="session")
def five() -> Snapshot:
    """Five features, four of which drift."""
    return sample(5)


@pytest.fixture(scope="session")
def calm() -> Snapshot:
    """Traffic as its baseline is, though not as the training data."""
    return sample(8, is_drifting=False)


@pytest.fixture(scope="session")
def five_plane(five: Snapshot) -> Plane:
    return plane(five, "p1", NOW)
