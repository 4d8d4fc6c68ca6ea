"""What counting every request costs: a request, in all, and from its reply to being seen."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.context import Context
from bench.load import THROUGHPUT, Shape, finish_load
from bench.models import Workload, workload
from bench.results import Measurement, from_report, median
from bench.rollouts import find_half_load
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.server import Server
from bench.servers import GATEWAY
from bench.watched import (
    Accounts,
    champion_of,
    make_watched_store,
    measure_cost,
    unwatched_gateway,
    wait_until_watched,
    watched_gateway,
)
from tiltyard.client import AdminClient, InferenceClient
from tiltyard.monitor.counting.layout import ROWS

OFF, ON = "monitoring off", "every request counted"
FULL, HALF = f"W1 {THROUGHPUT.title}", "W1 at half load"
OVERLOAD = "overload"
FRESHNESS = "reply to GetDrift, W1 at half load"
PROBED = "probed"  # the model whose requests are waited for: W1 once more
PROBES, PROBES_QUICK = 100, 20
POLL_S = 0.05
SEEN_S_MAX = 20.0
RECORD_BYTES_MIN = 65_536  # one block


def _case(load: str, kind: str) -> str:
    return f"{load}, {kind}"


def faults_of(rows: Accounts) -> list[str]:
    """What is wrong with the accounts of a load: each row was counted or dropped."""
    if rows.missing:
        return [f"{rows.missing} rows were neither counted nor dropped: {rows}"]
    return [] if rows.counted else [f"nothing was counted: {rows}"]


def _measure(
    context: Context, server: Server, admin: AdminClient | None, load: str, shape: Shape, run: int
) -> None:
    cost, rows = measure_cost(context, server, admin, workload("W1").model_name, shape)
    case = _case(load, OFF if admin is None else ON)
    found = from_report("drift", case, GATEWAY, run, cost.report)
    found.values.update(io_cpu_us=cost.io_us, total_cpu_us=cost.total_us)
    if admin is not None:
        found.values.update(
            monitor_cpu_us=cost.monitor_us, offered=rows.offered, dropped=rows.dropped
        )
        found.faults.extend(faults_of(rows))
    context.record(found)


def _cost(context: Context, work: Workload, store: Path) -> None:
    """The same load on both in turn: a change of the machine meets both."""
    with (
        unwatched_gateway(context, work, store) as plain,
        watched_gateway(context, work, store) as (server, admin),
    ):
        half = find_half_load(context, server)
        for run in range(context.runs):
            for load, shape in ((FULL, THROUGHPUT), (HALF, half)):
                _measure(context, plain, None, load, shape, run)
                _measure(context, server, admin, load, shape, run)


def _overload(context: Context, work: Workload, store: Path) -> None:
    """Records have hardly any room: most are dropped, and not one is lost sight of."""
    with watched_gateway(context, work, store, record_bytes_max=RECORD_BYTES_MIN) as (
        server,
        admin,
    ):
        _measure(context, server, admin, OVERLOAD, THROUGHPUT, 0)


def _probe(client: InferenceClient, admin: AdminClient, row: np.ndarray) -> float:
    """Seconds from a reply until GetDrift has its row."""
    before = int(champion_of(admin, PROBED).current.counts[ROWS])
    client.infer(PROBED, {"X": row})
    replied = time.monotonic()
    while int(champion_of(admin, PROBED).current.counts[ROWS]) == before:
        if time.monotonic() > replied + SEEN_S_MAX:
            return SEEN_S_MAX
        time.sleep(POLL_S)
    return time.monotonic() - replied


def _freshness(context: Context, work: Workload, store: Path) -> None:
    """Probes of a model that nobody else asks, while another keeps the gateway half busy."""
    probes = PROBES_QUICK if context.quick else PROBES
    with watched_gateway(context, work, store) as (server, admin):
        wait_until_watched(admin, PROBED)
        half = find_half_load(context, server)
        load = context.start_load(server, half, duration_s=probes * 0.3)
        with InferenceClient(server.address) as client:
            seen = [_probe(client, admin, work.rows[i : i + 1]) for i in range(probes)]
        report = finish_load(load)
    values = {
        "seen_p50_s": float(np.quantile(seen, 0.5)),
        "seen_p99_s": float(np.quantile(seen, 0.99)),
        "seen_max_s": max(seen),
    }
    context.record(Measurement("drift", FRESHNESS, GATEWAY, 0, values, report.faults))


def _run(context: Context) -> None:
    work = workload("W1")
    store = make_watched_store([work, replace(work, name=PROBED)])
    _cost(context, work, store)
    _overload(context, work, store)
    _freshness(context, work, store)


def _dropped(found: Sequence[Measurement], load: str) -> float | None:
    """Rows that were dropped, in all runs; None without one."""
    case = _case(load, ON)
    dropped = [m.values["dropped"] for m in found if m.case == case and not m.faults]
    return sum(dropped) if dropped else None


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(case: str, value: str) -> float | None:
        return median(found, "drift", case, GATEWAY, value)

    def gained(load: str, value: str) -> float | None:
        return ratio(of(_case(load, ON), value), of(_case(load, OFF), value))

    bars = []
    for load in (FULL, HALF):
        note = f"{_dropped(found, load) or 0:,.0f} rows dropped"
        bars += [
            at_most(f"{load}: io CPU time a request over none", 1.05, gained(load, "io_cpu_us")),
            at_most(
                f"{load}: all CPU time a request over none",
                1.12,
                gained(load, "total_cpu_us"),
                f"as if every row had been counted; {note}",
            ),
        ]
    return [
        *bars,
        at_most(f"{HALF}: rows dropped", 0, _dropped(found, HALF)),
        at_most(f"{FRESHNESS}: 99th percentile, s", 2.0, of(FRESHNESS, "seen_p99_s")),
    ]


SCENARIO = Scenario("drift", "W1 with every request counted, against none", _run, _bars)
