"""The microbenchmarks of the native code: decode, encode, rings, histogram."""

import json
import subprocess
from collections.abc import Sequence

from bench.context import Context
from bench.load import LoadError
from bench.paths import BUILD, ROOT
from bench.results import Measurement
from bench.scenarios.scenario import Bar, Scenario


def read_values(output: str) -> dict[str, float]:
    """The numbers of the JSON lines a microbenchmark prints, by what was measured and its unit.

    {"bench": "decode", "ns": 46.7} becomes decode_ns.
    """
    values = {}
    for line in output.splitlines():
        said = json.loads(line)
        for unit, number in said.items():
            if unit != "bench":
                values[f"{said['bench']}_{unit}"] = float(number)
    return values


def _build() -> None:
    made = subprocess.run(
        ["make", "-s", "-C", str(ROOT / "bench" / "native"), "benches", "-j2"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise LoadError(f"the microbenchmarks did not build:\n{made.stderr}")


def _run(context: Context) -> None:
    _build()
    for run in range(context.runs):
        for program in sorted((ROOT / "bench" / "native").glob("bench_*.cpp")):
            line = ["taskset", "-c", context.server_cores, str(BUILD / program.stem)]
            done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
            faults = [f"ended with code {done.returncode}"] if done.returncode else []
            values = read_values(done.stdout)
            context.record(Measurement("native", program.stem, "tiltyard", run, values, faults))


def _bars(_found: Sequence[Measurement]) -> list[Bar]:
    return []


SCENARIO = Scenario("native", "microbenchmarks of the native code", _run, _bars)
