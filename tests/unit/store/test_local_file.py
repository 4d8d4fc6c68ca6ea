"""Files that are read are those that lie there."""

import os
from pathlib import Path

import pytest

from tiltyard.store.local_file import LARGE_BYTES, read_whole


@pytest.mark.parametrize(
    "size", [0, 1, LARGE_BYTES, LARGE_BYTES + 1, 3 * LARGE_BYTES, 3 * LARGE_BYTES + 17]
)
def test_every_byte_is_there(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert bytes(read_whole(tmp_path / "file")) == content


def test_a_file_that_shrinks_meanwhile_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(2 * LARGE_BYTES))
    told = os.fstat

    def shrink(descriptor: int) -> os.stat_result:
        found = told(descriptor)
        os.truncate(path, LARGE_BYTES + 5)
        return found

    monkeypatch.setattr(os, "fstat", shrink)
    with pytest.raises(OSError, match=f"has {LARGE_BYTES + 5} bytes, and had {2 * LARGE_BYTES}"):
        read_whole(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "file")
