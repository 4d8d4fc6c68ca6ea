"""A slow model saturates the workers while a fast one is served inline beside it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

from bench.context import Context
from bench.corpus import write_corpus
from bench.load import Shape, finish_load, start_load
from bench.models import Workload, workload
from bench.paths import ROOT
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_least, at_most, ratio
from bench.server import Server
from bench.servers import GATEWAY, gateway, make_store

WORKER_THREADS = 1
SLOW_SHAPE = Shape(4, 2)
# A tenth of what W1 can do there: its latency is then its own, not that of its queue.
FAST_SHAPE = Shape(4, 8, rate=2_000.0)
# The slow client moves 110 KB a request on the same core; the fast one must not wait for it.
SLOW_CLIENT_NICE = 10
# One run of so many rows takes longer than anything this machine does to a thread by itself: who
# waited for it shows.
LONG_ROWS = 32
LONG_SHAPE = Shape(2, 1)


def _run_bare_loop(context: Context, work: Workload, run: int, rows: int) -> None:
    line = ["taskset", "-c", context.server_cores, sys.executable, "-m", "bench.bare_loop"]
    shape = ",".join(str(n) for n in (rows, *work.rows.shape[1:]))
    line += [str(work.model_file), str(WORKER_THREADS), str(context.duration_s), shape]
    said = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    context.record(Measurement("mixed", _name(rows), "bare loop", run, json.loads(said)))


def _name(rows: int) -> str:
    return "W3" if rows == 1 else f"W3x{rows}"


def _run_together(context: Context, server: Server, slow: Workload, run: int, rows: int) -> None:
    """The slow load, `rows` a request, covers the fast one's warm-up and window from end to end."""
    corpus = write_corpus(slow, rows)
    target = replace(server.target(), corpus=corpus, tolerance=slow.tolerance)
    slow_process = start_load(
        target,
        SLOW_SHAPE if rows == 1 else LONG_SHAPE,
        context.load_core,
        warm_up_s=context.warm_up_s,
        duration_s=context.duration_s + context.warm_up_s,
        nice=SLOW_CLIENT_NICE,
    )
    fast = context.load(server, FAST_SHAPE)
    together = finish_load(slow_process)
    context.record_report("mixed", f"W1 beside {_name(rows)}", GATEWAY, run, fast)
    context.record_report("mixed", f"{_name(rows)} beside W1", GATEWAY, run, together)


def _run(context: Context) -> None:
    fast, slow = workload("W1"), workload("W3")
    store = make_store([fast, slow])
    for run in range(context.runs):
        _run_bare_loop(context, slow, run, 1)
        _run_bare_loop(context, slow, run, LONG_ROWS)
        with context.server(gateway(slow, store, worker_threads=WORKER_THREADS)) as server:
            report = context.load(server, SLOW_SHAPE)
            context.record_report("mixed", "W3 alone", GATEWAY, run, report)
        with context.server(gateway(fast, store, worker_threads=WORKER_THREADS)) as server:
            report = context.load(server, FAST_SHAPE)
            context.record_report("mixed", "W1 alone", GATEWAY, run, report)
            _run_together(context, server, slow, run, 1)
            _run_together(context, server, slow, run, LONG_ROWS)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(case: str, value: str, server: str = GATEWAY) -> float | None:
        return median(found, "mixed", case, server, value)

    long_name = _name(LONG_ROWS)
    longest = of("W1 beside W3", "max_us")
    late = of("W1 beside W3", "late_max_us")
    note = "" if late is None else f"of it late at the client: up to {late:,.0f} us"
    return [
        at_least(
            "W3: throughput over session.run in a bare loop",
            0.95,
            ratio(of("W3 alone", "throughput"), of("W3", "throughput", "bare loop")),
        ),
        at_most(
            "W1 beside saturated W3: p99 over W1 alone",
            3.0,
            ratio(of("W1 beside W3", "p99_us"), of("W1 alone", "p99_us")),
        ),
        at_most("W1 beside saturated W3: maximum, us", 10_000.0, longest, note),
        at_most(
            f"W1 beside saturated {long_name}: maximum over one of its runs",
            1.0,
            ratio(of(f"W1 beside {long_name}", "max_us"), of(long_name, "run_us", "bare loop")),
        ),
    ]


SCENARIO = Scenario("mixed", "W1 in an open loop while W3 saturates the workers", _run, _bars)
