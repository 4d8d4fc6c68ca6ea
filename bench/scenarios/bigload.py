"""A model of 300 MB is loaded while W1 is served: who waits for whom."""

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.context import Context
from bench.load import LoadError, finish_load
from bench.models import workload
from bench.operator_process import Operator
from bench.results import Measurement, from_report, median
from bench.rollouts import find_half_load
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.servers import GATEWAY, gateway, make_store
from bench.store_models import small_beside_large

MEGABYTES = 300
LARGE_VERSION = 1  # in no slot; the small version 2 serves
CALM, LOADING, IDLE = "W1 at half load", "W1 while it loads", "loading, idle machine"
IDLE_LOADS, IDLE_LOADS_QUICK = 3, 1
LOAD_S_MAX = 300.0
RECLAIM_S = 1.5  # what is unloaded is given back when the reclaimer has looked
# The load covers so many loads as they are on an idle machine, and at least so long.
WINDOW_LOADS, WINDOW_S_MIN = 6, 10.0
WINDOW_LOADS_QUICK, WINDOW_S_MIN_QUICK = 4, 3.0


@dataclass(frozen=True)
class Loader:
    """Loads the large version, and unloads it again. Raises LoadError when it does not load."""

    operator: Operator
    model: str

    def load(self) -> float:
        """How long it took, in seconds."""
        return self._call("load_version") / 1e3

    def unload(self) -> None:
        self._call("unload_version")
        time.sleep(RECLAIM_S)

    def _call(self, method: str) -> float:
        said = self.operator.call(method, self.model, LARGE_VERSION)
        if said.failed:
            raise LoadError(f"{method} failed: {said.first_failure}")
        return said.max_ms

    def load_until_end(self, process: subprocess.Popen[str]) -> list[float]:
        """Again and again; how long each took that ended before the load did."""
        took: list[float] = []
        while process.poll() is None:
            seconds = self.load()
            if process.poll() is None:
                took.append(seconds)
            self.unload()
        return took


def _measure(context: Context, loader: Loader, server_run: int, idle_loads: int) -> float:
    took = []
    for _ in range(1 + idle_loads):
        took.append(loader.load())
        loader.unload()
    values = {"load_s": statistics.median(took[1:]), "first_load_s": took[0]}
    context.record(Measurement("bigload", IDLE, GATEWAY, server_run, values))
    return values["load_s"]


def _run(context: Context) -> None:
    w1 = workload("W1")
    large, small = small_beside_large(MEGABYTES)
    timeout = ("--load-timeout-s", str(LOAD_S_MAX))
    launch = gateway(w1, make_store([w1, large, small]), extra=timeout)
    quick = context.quick
    for run in range(context.runs):
        with context.server(launch) as server, context.operator(server) as operator:
            loader = Loader(operator, large.model_name)
            loader.unload()
            idle_s = _measure(context, loader, run, IDLE_LOADS_QUICK if quick else IDLE_LOADS)
            window_s = (
                max(WINDOW_S_MIN_QUICK, WINDOW_LOADS_QUICK * idle_s)
                if quick
                else max(WINDOW_S_MIN, WINDOW_LOADS * idle_s)
            )
            shape = find_half_load(context, server)
            calm = context.load(server, shape, duration_s=window_s)
            context.record_report("bigload", CALM, GATEWAY, run, calm)
            process = context.start_load(server, shape, duration_s=window_s)
            time.sleep(context.warm_up_s)
            took = loader.load_until_end(process)
            found = from_report("bigload", LOADING, GATEWAY, run, finish_load(process))
        if took:
            found.values.update(load_s=statistics.median(took), loads=float(len(took)))
        else:
            found.faults.append(f"no load ended within {window_s:.1f} s")
        context.record(found)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(case: str, value: str) -> float | None:
        return median(found, "bigload", case, GATEWAY, value)

    late = of(LOADING, "late_max_us")
    note = "" if late is None else f"of it late at the client: up to {late:,.0f} us"
    return [
        at_most(
            f"{MEGABYTES} MB load: W1's p99 over its own before",
            1.5,
            ratio(of(LOADING, "p99_us"), of(CALM, "p99_us")),
        ),
        at_most(f"{MEGABYTES} MB load: W1's maximum, us", 50_000, of(LOADING, "max_us"), note),
        at_most(
            f"{MEGABYTES} MB load beside W1: time over that on an idle machine",
            3.0,
            ratio(of(LOADING, "load_s"), of(IDLE, "load_s")),
        ),
    ]


SCENARIO = Scenario("bigload", "a 300 MB model is loaded beside W1 at half load", _run, _bars)
