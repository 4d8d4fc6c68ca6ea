"""The folders of uploads: locked while they live, swept when their gateway died."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiltyard.admin.upload_folder import PREFIX, UploadFolder, sweep

CRASH = """
import os, sys
from pathlib import Path
from tiltyard.admin.upload_folder import UploadFolder
made = UploadFolder(Path(sys.argv[1]))
(made.path / "model.onnx").write_bytes(b"half of it")
os._exit(9)
"""


def test_it_is_made_and_removed(tmp_path: Path) -> None:
    made = UploadFolder(tmp_path)
    assert made.path.parent == tmp_path
    (made.path / "model.onnx").write_bytes(b"x")
    made.remove()
    assert list(tmp_path.iterdir()) == []
    made.remove()


def test_what_a_crash_left_is_swept_and_what_lives_is_not(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], check=False)
    alive = UploadFolder(tmp_path)
    (tmp_path / "somebody_elses").mkdir()
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
    assert sweep(tmp_path) == 0  # too young: its gateway may be about to lock it
    assert sweep(tmp_path, age_s=0.0) == 1
    assert sorted(tmp_path.iterdir()) == sorted([alive.path, tmp_path / "somebody_elses"])
    alive.remove()


def test_what_cannot_be_swept_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{PREFIX}file").write_bytes(b"no folder")
    assert sweep(tmp_path, age_s=0.0) == 0
    monkeypatch.setattr(os, "open", None)
    assert sweep(tmp_path / "nowhere") == 0
