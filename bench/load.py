"""Runs the load generator and reads its report."""

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.paths import LOADGEN, ROOT

METHOD = "/inference.GRPCInferenceService/ModelInfer"


class LoadError(Exception):
    """The load could not be put on a server; the message says why."""


@dataclass(frozen=True)
class Shape:
    """How the load looks. `rate` is in requests a second; 0 means a closed loop."""

    connections: int
    streams: int
    rate: float = 0.0
    busy_poll: bool = False
    keys: int = 0  # how many different values the header tiltyard-key has; 0: none is sent

    @property
    def title(self) -> str:
        """As it is written in tables: 16x8, 4x1 spin, 4x4 at 1000/s, 16x8 keyed."""
        spin = " spin" if self.busy_poll else ""
        rate = f" at {self.rate:g}/s" if self.rate else ""
        keyed = " keyed" if self.keys else ""
        return f"{self.connections}x{self.streams}{spin}{rate}{keyed}"


THROUGHPUT = Shape(16, 8)
FOUR = Shape(4, 1)
ONE = Shape(1, 1)
ONE_SPINNING = replace(ONE, busy_poll=True)


@dataclass(frozen=True)
class Target:
    """Where the load goes and how replies are judged."""

    address: str
    corpus: Path
    tolerance: float = 0.0
    any_rank: bool = False
    tls_ca: Path | None = None
    watched_pids: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        """As the load generator takes them."""
        line = ["--address", self.address, "--corpus", str(self.corpus)]
        line += ["--tolerance", repr(self.tolerance), "--path", METHOD]
        if self.any_rank:
            line.append("--any-rank")
        if self.tls_ca is not None:
            line += ["--tls-ca", str(self.tls_ca)]
        for pid in self.watched_pids:
            line += ["--watch-pid", str(pid)]
        return line


@dataclass(frozen=True)
class VersionReplies:
    """The right replies of one model version, over the whole run. Times are CLOCK_MONOTONIC."""

    replies: int
    first_ns: int
    last_ns: int


@dataclass(frozen=True)
class Report:
    """What the load generator said. Times in microseconds, CPU time per request in microseconds.

    `completed` replies came in the window, `replies` in the whole run. `versions` is empty where
    the corpus does not tell versions apart.
    """

    throughput: float
    completed: int
    replies: int
    server_cpu_us: float
    server_busy: float
    client_busy: float
    p50_us: float
    p90_us: float
    p99_us: float
    p999_us: float
    max_us: float
    late_max_us: float  # open loop: how late a request left the client at worst
    faults: list[str] = field(default_factory=list)
    versions: dict[str, VersionReplies] = field(default_factory=dict)


def _faults(said: dict[str, Any]) -> list[str]:
    faults = []
    if said["completed"] == 0:
        faults.append("no request was answered")
    if said["wrong_values"]:
        faults.append(f"{said['wrong_values']} wrong replies, the first: {said['first_wrong']}")
    if said["errors"]:
        faults.append(f"errors by code {said['errors']}, the first: {said['first_error']}")
    if said["unanswered"]:
        faults.append(f"{said['unanswered']} requests never answered")
    if said["connections_lost"]:
        faults.append(f"{said['connections_lost']} connections lost")
    return faults


def read_report(text: str) -> Report:
    """Make a Report of the JSON object the load generator printed."""
    said = json.loads(text)
    latency = {name: ns / 1e3 for name, ns in said["latency_ns"].items()}
    return Report(
        throughput=said["throughput"],
        completed=said["completed"],
        replies=said["checked"],
        server_cpu_us=said["server_cpu_ns_per_request"] / 1e3,
        server_busy=said["server_busy"],
        client_busy=said["client_busy"],
        p50_us=latency["p50"],
        p90_us=latency["p90"],
        p99_us=latency["p99"],
        p999_us=latency["p999"],
        max_us=latency["max"],
        late_max_us=said["lateness_ns"]["max"] / 1e3,
        faults=_faults(said),
        versions={name: VersionReplies(**found) for name, found in said["versions"].items()},
    )


def build_loadgen() -> None:
    """Compile the load generator if it is not up to date. Raises LoadError."""
    made = subprocess.run(
        ["make", "-s", "-C", str(ROOT / "bench" / "native"), "loadgen", "-j2"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise LoadError(f"the load generator did not build:\n{made.stderr}")


def start_load(
    target: Target,
    shape: Shape,
    core: int | None,
    *,
    warm_up_s: float,
    duration_s: float = 0.0,
    requests: int = 0,
    nice: int = 0,
) -> subprocess.Popen[str]:
    """Start a load generator; give the process to `finish_load`.

    Either `duration_s` or `requests` ends the window. Without a `core` it runs on any.
    """
    line = [str(LOADGEN), *target.arguments()]
    line += [] if core is None else ["--core", str(core)]
    line += ["--connections", str(shape.connections), "--streams", str(shape.streams)]
    line += ["--warm-up", str(warm_up_s)]
    line += ["--requests", str(requests)] if requests else ["--duration", str(duration_s)]
    if shape.rate:
        line += ["--rate", str(shape.rate), "--poisson"]
    if shape.busy_poll:
        line.append("--busy-poll")
    if shape.keys:
        line += ["--keys", str(shape.keys)]
    return subprocess.Popen(
        ["nice", "-n", str(nice), *line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish_load(process: subprocess.Popen[str]) -> Report:
    """Wait for a load generator and read its report. Raises LoadError."""
    out, err = process.communicate()
    if process.returncode:
        raise LoadError(err.strip() or f"loadgen ended with code {process.returncode}")
    return read_report(out)


def wait_for_answer(target: Target, seconds_max: float) -> int:
    """CLOCK_MONOTONIC in ns when the server gave its first right answer. Raises LoadError."""
    line = [str(LOADGEN), *target.arguments(), "--first-answer", "--connect-for", str(seconds_max)]
    said = subprocess.run(line, capture_output=True, text=True, check=False)
    if said.returncode:
        raise LoadError(said.stderr.strip())
    return int(json.loads(said.stdout)["right_ns"])
