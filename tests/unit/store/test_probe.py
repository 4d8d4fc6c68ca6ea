"""The child process by itself: what it reads and writes, and what it may use."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import models
from tiltyard.store.probe import _limit

PROBE = [sys.executable, "-m", "tiltyard.store.probe"]


def run(folder: Path, model: bytes, memory_mb: int | None = None) -> list[dict[str, Any]]:
    """What it reports; it must end with exit code 0."""
    (folder / "m.onnx").write_bytes(model)
    (folder / "out").mkdir()
    job = {
        "model": str(folder / "m.onnx"),
        "samples": None,
        "out": str(folder / "out"),
        "memory_mb": memory_mb,
        "cpu_seconds": 60,
    }
    done = subprocess.run(
        PROBE, input=json.dumps(job).encode(), capture_output=True, check=True, timeout=100
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_reports_each_stage_and_then_what_it_found(tmp_path: Path) -> None:
    *stages, verdict = run(tmp_path, models.identity(), memory_mb=900)
    assert stages == [
        {"stage": stage, "memory_mb": 900} for stage in ("start", "check", "load", "run")
    ]
    assert verdict["found"]["inputs"][0]["name"] == "x"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["golden.npz"]


def test_a_refusal_is_a_verdict_too(tmp_path: Path) -> None:
    *stages, verdict = run(tmp_path, models.custom_operator())
    assert [stage["stage"] for stage in stages] == ["start", "check"]
    assert "Score node 'y' is a custom operator" in verdict["refused"]


def test_so_is_running_out_of_memory(tmp_path: Path) -> None:
    *stages, verdict = run(tmp_path, models.memory_at_run(), memory_mb=900)
    assert stages[-1]["stage"] == "run"
    assert verdict == {"memory": True}


def test_it_limits_itself() -> None:
    child = os.fork()
    if child == 0:
        _limit(5)
        wanted = {
            resource.RLIMIT_CPU: (5, 6),
            resource.RLIMIT_CORE: (0, 0),
            resource.RLIMIT_FSIZE: (3 << 30, 3 << 30),
        }
        is_so = all(resource.getrlimit(what) == limit for what, limit in wanted.items())
        os._exit(0 if is_so else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_libraries_print_is_no_report() -> None:
    program = (
        "import os, sys\n"
        "from tiltyard.store import probe\n"
        "reports = probe._claim_stdout()\n"
        "print('from Python', flush=True)\n"
        "os.write(1, b'from C\\n')\n"
        "os.write(reports, b'a report\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"a report\n"
    assert done.stderr == b"from Python\nfrom C\n"


@pytest.mark.parametrize("text", [b"", b"{}", b"not json"])
def test_a_job_that_is_none_is_no_verdict(text: bytes) -> None:
    done = subprocess.run(PROBE, input=text, capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stdout == b""
