"""Which files and folders are synced; that it lasts, only a machine without power could show."""

import os
from pathlib import Path

import pytest

from tiltyard.store.durable import make_folders, sync_tree, write_synced


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is fsynced, in order."""
    found: list[Path] = []
    fsync = os.fsync

    def seen(handle: int) -> None:
        found.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", seen)
    return found


def test_a_file_is_written_over_and_synced(tmp_path: Path, synced: list[Path]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"long before")
    write_synced(path, b"now")
    assert path.read_bytes() == b"now"
    assert synced == [path]


def test_a_tree_is_synced_from_the_inside(tmp_path: Path, synced: list[Path]) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    sync_tree(tmp_path)
    assert synced == [tmp_path / "a" / "b", tmp_path / "a", tmp_path]


def test_folders_that_are_made_are_synced_into_those_above(
    tmp_path: Path, synced: list[Path]
) -> None:
    make_folders(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert sorted(synced) == [tmp_path, tmp_path / "a"]
    synced.clear()
    make_folders(tmp_path / "a")
    assert synced == []
