"""The child process that examines or runs one model: `python -m tiltyard.store.probe`.

Reads its job as JSON on stdin; writes one JSON line a stage to stdout, and last its verdict:
{"found": ..}, {"refused": sentence} or {"memory": true}. sandbox.py is the other side. It limits
itself before anything is imported that parses a model.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiltyard.errors import PublishRefused
from tiltyard.store.sandbox import OUT_OF_MEMORY_TEXTS, memory_limit_mb

_PR_SET_PDEATHSIG = 1
_OUT_BYTES_MAX = 3 << 30


def main() -> int:
    """Do what the job says. The exit code is 0 whenever there is a verdict."""
    reports = _claim_stdout()
    job = json.load(sys.stdin)
    _limit(job["cpu_seconds"])

    def report(message: dict[str, Any]) -> None:
        os.write(reports, json.dumps(message).encode() + b"\n")

    def begin(stage: str, model_bytes: int) -> None:
        limit_mb = memory_limit_mb(job["memory_mb"], model_bytes)
        # RLIMIT_DATA counts private writable memory, and so what is allocated; RLIMIT_AS would
        # also count the shared libraries and thread arenas that nobody touches.
        resource.setrlimit(resource.RLIMIT_DATA, (limit_mb << 20, resource.RLIM_INFINITY))
        report({"stage": stage, "memory_mb": limit_mb})

    report(_verdict(job, begin))
    return 0


def _verdict(job: dict[str, Any], begin: Callable[[str, int], None]) -> dict[str, Any]:
    try:
        begin("start", Path(job["model"]).stat().st_size)
        return {"found": (_run if "rows" in job else _examine)(job, begin)}
    except PublishRefused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"memory": True}
    except Exception as error:
        if any(text in str(error) for text in OUT_OF_MEMORY_TEXTS):
            return {"memory": True}
        raise


def _examine(job: dict[str, Any], begin: Callable[[str, int], None]) -> dict[str, Any]:
    # Imported under the limits, and only here: this brings in onnx and onnxruntime.
    from tiltyard.store.examine import examine

    samples = None if job["samples"] is None else Path(job["samples"])
    return examine(Path(job["model"]), samples, Path(job["out"]), begin)


def _run(job: dict[str, Any], begin: Callable[[str, int], None]) -> dict[str, Any]:
    from tiltyard.monitor.profile.signature import Signature
    from tiltyard.store.manifest import specs_from_list
    from tiltyard.store.row_run import run_rows

    signature = Signature(specs_from_list(job["inputs"]), specs_from_list(job["outputs"]))
    paths = (Path(job[name]) for name in ("model", "rows", "out"))
    model, rows, out = paths
    return run_rows(model, signature, rows, out, job["step"], begin)


def _claim_stdout() -> int:
    """Keep stdout for reports alone: what libraries print goes to stderr."""
    sys.stdout.flush()
    reports = os.dup(1)
    os.dup2(2, 1)
    return reports


def _limit(cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUT_BYTES_MAX, _OUT_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
