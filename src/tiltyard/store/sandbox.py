"""Examining or running a model in a child process that may crash, hang or eat memory without harm.

The child (`python -m tiltyard.store.probe`) has its own session, a memory and a CPU limit, an empty
working folder, and is killed with all it started when its time is over. Nothing it does reaches
the parent but one line of JSON a stage. Thread-safe.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tiltyard.errors import PublishRefused
from tiltyard.store.manifest import Description, FileEntry, description_from_dict

LOAD_TIMEOUT_S = 60.0
MEMORY_MB = 2048
MEMORY_PER_MODEL_BYTE = 8
_STDERR_BYTES = 4096
# What C++ libraries write when they cannot allocate.
OUT_OF_MEMORY_TEXTS = (
    "bad_alloc",
    "Failed to allocate memory",
    "std::length_error",
    "Memory allocation still failed",  # OpenBLAS
    "Cannot allocate memory",  # the dynamic linker
)
_STAGE_TEXT = {
    "start": "while the examination started",
    "check": "while its graph was checked",
    "load": "at load",
    "run": "at run",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use. Without `memory_mb`: 2048 MB and 8 times the model's size."""

    load_timeout_s: float = LOAD_TIMEOUT_S
    memory_mb: int | None = None


def memory_limit_mb(memory_mb: int | None, model_bytes: int) -> int:
    """The limit for a model of `model_bytes`, external data included."""
    if memory_mb is not None:
        return memory_mb
    return MEMORY_MB + (MEMORY_PER_MODEL_BYTE * model_bytes >> 20)


@dataclass(frozen=True, slots=True)
class Examination:
    """What the child found.

    `files` has what was read, by name in the version's folder; `model` is the new model.onnx where
    the model was changed, None where it is served as it came.
    """

    description: Description
    files: dict[str, FileEntry]
    golden: bytes
    model: bytes | None


def examine(path: Path, samples: Path | None, limits: Limits) -> Examination:
    """Check, load and run the model at `path` in a child process.

    Raises PublishRefused, saying why, for any model that cannot be served within `limits`.
    """
    if not path.is_file():
        raise PublishRefused(f"cannot read {path}: there is no such file")
    with tempfile.TemporaryDirectory(prefix="tiltyard-probe-") as folder:
        work = Path(folder)
        (work / "cwd").mkdir()
        (work / "out").mkdir()
        job = {
            "model": str(path.absolute()),
            "samples": None if samples is None else str(samples.absolute()),
            "out": str(work / "out"),
            "memory_mb": limits.memory_mb,
            "cpu_seconds": int(limits.load_timeout_s) + 2,
        }
        found = run_child(path.name, job, work, limits.load_timeout_s)
        model = work / "out" / "model.onnx"
        return Examination(
            description=description_from_dict(found),
            files={name: FileEntry(**entry) for name, entry in found["files"].items()},
            golden=(work / "out" / "golden.npz").read_bytes(),
            model=model.read_bytes() if model.exists() else None,
        )


def run_child(what: str, job: dict[str, Any], work: Path, timeout_s: float) -> dict[str, Any]:
    """What the child found for `job`, which is about `what`. Its folder `work` has one named cwd.

    Raises PublishRefused.
    """
    with (work / "stderr").open("w+b") as stderr:
        with _child(work, stderr) as child:
            try:
                output, _ = child.communicate(json.dumps(job).encode(), timeout=timeout_s)
                timed_out = False
            except subprocess.TimeoutExpired as expired:
                output, timed_out = expired.stdout or b"", True
        stderr.seek(0, os.SEEK_END)
        stderr.seek(max(0, stderr.tell() - _STDERR_BYTES))
        said = stderr.read().decode("utf-8", "replace")
    begun, verdict = _last_words(output)
    if "found" in verdict:
        found: dict[str, Any] = verdict["found"]
        return found
    when = _STAGE_TEXT[begun["stage"]]
    if "refused" in verdict:
        raise PublishRefused(f"{what}: {verdict['refused']}")
    if timed_out or child.returncode == -signal.SIGXCPU:
        raise PublishRefused(f"{what}: hung {when}: not done after the limit of {timeout_s:g} s")
    if "memory" in verdict or any(text in said for text in OUT_OF_MEMORY_TEXTS):
        raise PublishRefused(
            f"{what}: ran out of memory {when}: the limit is {begun['memory_mb']} MB"
        )
    raise PublishRefused(f"{what}: crashed {when}: {_ending(child.returncode, said)}")


@contextlib.contextmanager
def _child(work: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    # -P: the working folder is not a place to import from. The path is made absolute because the
    # child works elsewhere.
    search = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
    # What is preloaded into us, an allocator or a sanitizer, may reserve more than the limit.
    inherited = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    environment = {
        **inherited,
        "PYTHONPATH": search,
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "tiltyard.store.probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=work / "cwd",
        env=environment,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _last_words(output: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last stage that began, and the verdict if there was one."""
    begun: dict[str, Any] = {"stage": "start", "memory_mb": 0}
    verdict: dict[str, Any] = {}
    for line in output.splitlines():
        with contextlib.suppress(ValueError):  # a line cut short by the end of the process
            message = json.loads(line)
            if "stage" in message:
                begun = message
            else:
                verdict = message
    return begun, verdict


def _ending(code: int, said: str) -> str:
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    if code >= 0:
        return f"exit code {code}: {last or 'no message'}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL":
        return "SIGKILL: the system ended it, as it does when there is no memory left"
    # Only who aborts says why; before another signal the last line is about something else.
    return f"{name}: {last}" if last and name == "SIGABRT" else name
