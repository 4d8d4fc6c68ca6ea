"""Registries on files of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiltyard.registry import Registry, open_registry

NOW = 1_700_000_000.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'registry.db'}"


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    """With model w1 in it, whose versions are 1 to 4, and whose champion is 4."""
    with open_registry(url, busy_timeout_s=0, clock=lambda: NOW) as opened:
        opened.note_versions("w1", [(version, f"{version:064x}") for version in range(1, 5)])
        yield opened
