"""Resident memory after half a million W1 requests, and after five million."""

from collections.abc import Sequence

from bench.context import Context
from bench.load import THROUGHPUT
from bench.models import workload
from bench.process import resident_bytes
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_most
from bench.servers import GATEWAY, gateway, make_store

EARLY, LATE = 500_000, 5_000_000


def _run(context: Context) -> None:
    work = workload("W1")
    store = make_store([work])
    early, late = (EARLY // 10, LATE // 10) if context.quick else (EARLY, LATE)
    for run in range(context.runs):
        with context.server(gateway(work, store)) as server:
            first = context.load(server, THROUGHPUT, requests=early)
            rss_early = resident_bytes(server.pid)
            second = context.load(server, THROUGHPUT, requests=late - early)
            rss_late = resident_bytes(server.pid)
        values = {
            "rss_early_mb": rss_early / 1e6,
            "rss_late_mb": rss_late / 1e6,
            "rss_growth": rss_late / rss_early - 1,
        }
        case = f"W1 {early:,} to {late:,}"
        faults = first.faults + second.faults
        context.record(Measurement("memory", case, GATEWAY, run, values, faults))


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    full = f"W1 {EARLY:,} to {LATE:,}"
    growth = median(found, "memory", full, GATEWAY, "rss_growth")
    note = "" if growth is not None or not found else "only the full run counts"
    return [at_most("RSS growth from 500,000 to 5,000,000 requests", 0.02, growth, note)]


SCENARIO = Scenario("memory", "RSS over a long run", _run, _bars)
