"""The counting kernels: what a record costs the monitor thread."""

import json
import subprocess
import sys
from collections.abc import Sequence

from bench.context import Context
from bench.paths import ROOT
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_least

# Of the monitor's part of a request's CPU time.
ROWS_PER_S_MIN = 5e6


def read_cases(output: str) -> dict[str, dict[str, float]]:
    """The numbers of each JSON line, by its case.

    {"bench": "full", "row_ns": 90.5} is {"full": {"row_ns": 90.5}}.
    """
    said = [json.loads(line) for line in output.splitlines()]
    return {
        one["bench"]: {unit: float(number) for unit, number in one.items() if unit != "bench"}
        for one in said
    }


def _run(context: Context) -> None:
    for run in range(context.runs):
        program = [sys.executable, "-m", "bench.counting_loop", f"{context.duration_s}"]
        line = ["taskset", "-c", context.server_cores, *program]
        done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            fault = f"ended with code {done.returncode}: {done.stderr.strip()[-300:]}"
            context.record(Measurement("kernels", "full", "tiltyard", run, {}, [fault]))
            continue
        for case, values in read_cases(done.stdout).items():
            context.record(Measurement("kernels", case, "tiltyard", run, values))


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    return [
        at_least(
            f"kernels: 30-feature rows/s a core, {told}",
            ROWS_PER_S_MIN,
            median(found, "kernels", case, "tiltyard", "rows_per_s"),
        )
        for case, told in (
            ("full", "surprise and Mahalanobis distance included"),
            ("without_mahalanobis", "without Mahalanobis distance"),
        )
    ]


SCENARIO = Scenario("kernels", "records a core can count, by kind of profile", _run, _bars)
