"""The microbenchmarks of the native code: decode, encode, ring, histogram, runner."""

import subprocess
from collections.abc import Sequence

from bench.context import Context
from bench.load import LoadError
from bench.paths import BUILD, ROOT
from bench.results import Measurement
from bench.scenarios.scenario import Bar, Scenario


def _run(context: Context) -> None:
    made = subprocess.run(
        ["make", "-s", "-C", str(ROOT / "bench" / "native"), "benches", "-j2"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise LoadError(f"the microbenchmarks did not build:\n{made.stderr}")
    for program in sorted((ROOT / "bench" / "native").glob("bench_*.cpp")):
        context.console.print(f"[bold]{program.stem}[/bold]")
        line = ["taskset", "-c", context.server_cores, str(BUILD / program.stem)]
        done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
        context.console.print(done.stdout.rstrip(), markup=False, highlight=False)
        faults = [f"ended with code {done.returncode}"] if done.returncode else []
        context.record(Measurement("native", program.stem, "tiltyard", 0, {}, faults))


def _bars(_found: Sequence[Measurement]) -> list[Bar]:
    return []


SCENARIO = Scenario("native", "microbenchmarks of the native code", _run, _bars)
