import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import models
from tiltyard.errors import PublishRefused
from tiltyard.store import sandbox
from tiltyard.store.sandbox import Limits, examine


def _saved(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("model", "limits", "reason"),
    [
        (models.crash_at_load, Limits(), r"m\.onnx: crashed at load: SIGFPE$"),
        (models.crash_at_run, Limits(), r"m\.onnx: crashed at run: SIGFPE$"),
        (models.hang_at_run, Limits(3), r"m\.onnx: hung at run: not done after the limit of 3 s"),
        (
            models.memory_at_load,
            Limits(memory_mb=700),
            r"m\.onnx: ran out of memory at load: the limit is 700 MB",
        ),
        (
            models.memory_at_run,
            Limits(),
            r"m\.onnx: ran out of memory at run: the limit is 2048 MB",
        ),
    ],
)
def test_harmful_models_are_refused_with_the_reason(
    tmp_path: Path, model: Callable[[], bytes], limits: Limits, reason: str
) -> None:
    with pytest.raises(PublishRefused, match=reason):
        examine(_saved(tmp_path, model()), None, limits)


def test_what_is_preloaded_into_us_does_not_use_up_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sanitizer's library reserves terabytes at start."""
    line = ["g++", "-print-file-name=libasan.so"]
    library = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    monkeypatch.setenv("LD_PRELOAD", library)
    found = examine(_saved(tmp_path, models.identity()), None, Limits())
    assert found.description.inputs


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    path = _saved(tmp_path, models.crash_at_run())
    with pytest.raises(PublishRefused):
        examine(path, None, Limits())
    assert list((tmp_path / "temp").iterdir()) == []
    assert {"m.onnx", "temp"} == {entry.name for entry in tmp_path.iterdir()}


def _children() -> set[int]:
    """Processes whose parent is this one."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(fields[1]) == os.getpid():
            found.add(int(entry.name))
    return found


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGKILL, "SIGKILL: the system ended it, as it does when there is no memory left"),
    ],
)
def test_a_killed_child_is_a_crash_and_is_reaped(
    tmp_path: Path, number: signal.Signals, sentence: str
) -> None:
    path = _saved(tmp_path, models.hang_at_run())
    before = _children()
    refusals: list[str] = []

    def run() -> None:
        try:
            examine(path, None, Limits(60))
        except PublishRefused as refused:
            refusals.append(str(refused))

    thread = threading.Thread(target=run)
    thread.start()
    while not (started := _children() - before):
        thread.join(0.01)
    (child,) = started
    os.kill(child, number)
    thread.join()
    assert len(refusals) == 1
    assert "crashed" in refusals[0]
    assert refusals[0].endswith(sentence)
    assert before == _children()


def test_the_memory_limit_grows_with_the_model() -> None:
    assert sandbox.memory_limit_mb(None, 0) == 2048
    assert sandbox.memory_limit_mb(None, 100 << 20) == 2048 + 8 * 100
    assert sandbox.memory_limit_mb(64, 100 << 20) == 64


def test_a_limit_too_small_to_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match=r"ran out of memory while .* the limit is 16 MB"):
        examine(_saved(tmp_path, models.identity()), None, Limits(memory_mb=16))


def test_files_beside_the_model_are_not_imported(tmp_path: Path) -> None:
    """A model's folder may hold an `onnx.py`; the child must not run it."""
    for name in ("onnx.py", "numpy.py", "tiltyard.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the model folder')")
    found = examine(_saved(tmp_path, models.identity()), None, Limits())
    assert [spec.name for spec in found.description.inputs] == ["x"]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="there is no such file"):
        examine(tmp_path / "none.onnx", None, Limits())
