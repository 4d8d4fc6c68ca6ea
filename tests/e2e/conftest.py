"""A store with versions that answer differently, for the tests that change who serves."""

import shutil
from pathlib import Path

import pytest

from tests import models
from tests.conftest import publisher
from tiltyard.store import open_store

# `m` has versions 1 to 3, each adding its number; `queued` has 1 and 2, whose runs are too long for
# an io thread, also of one row, and whose answer to zeros is their number.
VERSIONS = (1, 2, 3)
QUEUED_LAYERS = 64


@pytest.fixture(scope="session")
def _rollout_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollout")
    publish = publisher(open_store(str(folder / "store"), create=True), folder)
    for version in VERSIONS:
        assert publish("m", models.adds(version)) == version
    for version in VERSIONS[:2]:
        assert publish("queued", models.slow(QUEUED_LAYERS, amount=version)) == version
    return folder / "store"


@pytest.fixture
def rollout_store(_rollout_store: Path, tmp_path: Path) -> Path:
    """A copy of its own; the newest version of each model will be its champion."""
    shutil.copytree(_rollout_store, tmp_path / "store")
    return tmp_path / "store"
