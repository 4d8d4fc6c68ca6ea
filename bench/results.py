"""What was measured: one record a run, medians over runs, and the machine it was measured on."""

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.load import Report
from bench.paths import RESULTS, ROOT


@dataclass(frozen=True)
class Measurement:
    """One run of one case on one server. `values` carry their unit in their name."""

    scenario: str
    case: str
    server: str
    run: int
    values: dict[str, float]
    faults: list[str] = field(default_factory=list)


def from_report(scenario: str, case: str, server: str, run: int, report: Report) -> Measurement:
    """The measurement a load report makes."""
    values = asdict(report)
    faults = values.pop("faults")
    values.pop("versions")
    return Measurement(scenario, case, server, run, values, faults)


def median(
    measurements: Iterable[Measurement], scenario: str, case: str, server: str, value: str
) -> float | None:
    """The median over the runs without a fault; None when there is none."""
    found = [
        m.values[value]
        for m in measurements
        if (m.scenario, m.case, m.server) == (scenario, case, server)
        and not m.faults
        and value in m.values
    ]
    return statistics.median(found) if found else None


def _git(*arguments: str) -> str:
    line = ["git", *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _package_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def environment() -> dict[str, object]:
    """Machine, kernel, versions and commit: what a figure means nothing without."""
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    packages = ("tiltyard", "onnxruntime", "onnx", "numpy", "grpcio", "scikit-learn", "skl2onnx")
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": _git("rev-parse", "HEAD"),
        "commit_changed": changed,
        "packages": {name: _package_version(name) for name in packages},
    }


def save(
    measurements: Sequence[Measurement], bars: Sequence[dict[str, object]], also: Path | None
) -> Path:
    """Write JSON lines (environment, measurements, bars) under results/local and return the path.

    `also` gets the same lines.
    """
    lines = [json.dumps({"environment": environment()})]
    lines += [json.dumps({"measurement": asdict(m)}) for m in measurements]
    lines += [json.dumps({"bar": bar}) for bar in bars]
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / time.strftime("%Y%m%dT%H%M%SZ.jsonl", time.gmtime())
    file.write_text(text)
    if also is not None:
        also.write_text(text)
    return file
