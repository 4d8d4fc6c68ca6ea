"""Stores to publish into, and one published version that is made once."""

import shutil
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from tests import models
from tiltyard.store import Store, open_store
from tiltyard.store.publish import publish_model


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty local store."""
    return open_store(str(tmp_path / "store"), create=True)


@pytest.fixture
def remote() -> Store:
    """An empty store that is not a folder."""
    return Store(MemoryStore(), "memory://test", None)


@pytest.fixture(scope="session")
def _w1_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    (folder / "w1.onnx").write_bytes(models.w1())
    publish_model(open_store(str(folder / "store"), create=True), "w1", folder / "w1.onnx")
    return folder / "store"


@pytest.fixture
def w1_store(_w1_store: Path, tmp_path: Path) -> Store:
    """A store with version 1 of w1, to do anything to."""
    shutil.copytree(_w1_store, tmp_path / "w1_store")
    return open_store(str(tmp_path / "w1_store"))
