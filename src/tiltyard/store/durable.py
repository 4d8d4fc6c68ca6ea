"""Writing files and folders so that they are still there after the machine has lost its power."""

import os
from pathlib import Path


def write_synced(target: Path, data: bytes) -> None:
    """Write `data` to `target`, over what is there, and fsync it. The folder is not synced."""
    with target.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def sync_tree(folder: Path) -> None:
    """fsync `folder` and all folders in it, the innermost first."""
    for path, _, _ in os.walk(folder, topdown=False):
        sync_folder(Path(path))


def sync_folder(folder: Path) -> None:
    """fsync one folder: the names in it, not what they name."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folders(folder: Path) -> None:
    """Make `folder` and what is missing above it, each synced into the one that holds it."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)
