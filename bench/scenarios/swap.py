"""Champion swaps under load: what a request notices of them, and what they leave behind."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.context import Context
from bench.instructions import count_instructions, under_callgrind
from bench.load import ONE, finish_load
from bench.models import workload
from bench.operator_process import call_each
from bench.process import resident_bytes
from bench.results import Measurement, from_report, median
from bench.rollouts import Versions, crown, find_half_load, make_versions, silent, unload
from bench.scenarios.scenario import Bar, Scenario, at_least, at_most, ratio
from bench.servers import GATEWAY
from tiltyard.client import AdminClient

LONGER_S = 1.0  # than the storm does its load last
RECLAIM_S = 2.0  # what is unloaded is given back when the reclaimer has looked
CALM, STORM = "W1 at half load", "W1 in a swap storm"
CHANGES, CYCLES = "W1 1x1, table changes", "load and unload"
SPARE = 1  # in no slot: loaded and unloaded
SWAPPED = (2, 3)


@dataclass(frozen=True)
class Size:
    """How much of each; the bars are about FULL."""

    swaps: int
    storm_s: float
    calm_s: float
    changes: int
    counted_requests: int
    cycles: int
    cycles_first: int  # before the first look at memory


FULL = Size(1_000, 60.0, 20.0, 10_000, 10_000, 1_000, 50)
QUICK = Size(50, 3.0, 3.0, 200, 3_000, 50, 25)


def _swaps(model: str, count: int) -> list[tuple[str, int]]:
    """The arguments of so many swaps, of a model whose champion is the last of SWAPPED."""
    return [(model, SWAPPED[index % len(SWAPPED)]) for index in range(count)]


def _storm(context: Context, versions: Versions, size: Size, run: int) -> None:
    model = versions.work.model_name
    with context.server(versions.launch()) as server, context.operator(server) as operator:
        shape = find_half_load(context, server)
        calm = context.load(server, shape, duration_s=size.calm_s)
        context.record_report("swap", CALM, GATEWAY, run, calm)
        with AdminClient(server.admin_address) as admin:
            crown(admin, model, SWAPPED[-1])
        process = context.start_load(server, shape, duration_s=size.storm_s + LONGER_S)
        time.sleep(context.warm_up_s)
        said = operator.call_each("set_champion", _swaps(model, size.swaps), size.storm_s)
        report = finish_load(process)
    found = from_report("swap", STORM, GATEWAY, run, report)
    found.values.update(
        swaps=said.done,
        storm_s=size.storm_s,
        swap_p50_ms=said.p50_ms,
        swap_max_ms=said.max_ms,
    )
    if said.last_returned_ns > max(version.last_ns for version in report.versions.values()):
        found.faults.append("the load ended before the last swap")
    if said.failed:
        found.faults.append(f"{said.failed} swaps failed, the first: {said.first_failure}")
    found.faults.extend(silent(report, SWAPPED))
    context.record(found)


def _changes(context: Context, versions: Versions, size: Size) -> None:
    """One request at a time: then the count is the same each time, to a few in ten thousand."""
    model = versions.work.model_name
    with (
        context.server(under_callgrind(versions.launch())) as server,
        AdminClient(server.admin_address) as admin,
    ):
        crown(admin, model, SWAPPED[-1])
        before = count_instructions(context, server, size.counted_requests, ONE)
        again = count_instructions(context, server, size.counted_requests, ONE)
        said = call_each(admin, "set_champion", _swaps(model, size.changes), 0.0)
        crown(admin, model, SWAPPED[-1])
        after = count_instructions(context, server, size.counted_requests, ONE)
    values = {
        "changes": float(said.done),
        "instructions_before": before.a_request,
        "instructions_after": after.a_request,
        "ratio": after.a_request / before.a_request,
        "ratio_without_changes": again.a_request / before.a_request,
    }
    faults = before.faults + again.faults + after.faults
    if said.failed:
        faults.append(f"{said.failed} changes failed, the first: {said.first_failure}")
    context.record(Measurement("swap", CHANGES, GATEWAY, 0, values, faults))


def _cycles(context: Context, versions: Versions, size: Size, run: int) -> None:
    model = versions.work.model_name
    with (
        context.server(versions.launch()) as server,
        AdminClient(server.admin_address) as admin,
    ):
        unload(admin, model, SPARE)
        rss = [resident_bytes(server.pid)]
        for cycles in (size.cycles_first, size.cycles):
            for _ in range(cycles):
                admin.load_version(model, SPARE)
                unload(admin, model, SPARE)
            time.sleep(RECLAIM_S)
            rss.append(resident_bytes(server.pid))
    values = {
        "cycles": float(size.cycles),
        "rss_start_mb": rss[0] / 1e6,
        "rss_before_mb": rss[1] / 1e6,
        "rss_after_mb": rss[2] / 1e6,
        "rss_growth": rss[2] / rss[1] - 1,
    }
    context.record(Measurement("swap", CYCLES, GATEWAY, run, values))


def _run(context: Context) -> None:
    size = QUICK if context.quick else FULL
    versions = make_versions(workload("W1"), max(SWAPPED))
    for run in range(context.runs):
        _storm(context, versions, size, run)
        _cycles(context, versions, size, run)
    _changes(context, versions, size)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(case: str, value: str) -> float | None:
        return median(found, "swap", case, GATEWAY, value)

    def note(case: str, value: str, full: float) -> str:
        done = of(case, value)
        return "" if done is None or done >= full else f"only {done:,.0f} of {full:,.0f}"

    few_swaps = note(STORM, "swaps", FULL.swaps)
    few_changes = note(CHANGES, "changes", FULL.changes)
    few_cycles = note(CYCLES, "cycles", FULL.cycles)
    storm_s = of(STORM, "storm_s")
    per_minute = None if storm_s is None else ratio(of(STORM, "swaps"), storm_s / 60)
    late = of(STORM, "late_max_us")
    client = "" if late is None else f"late at the client: up to {late:,.0f} us"
    faults = sum(len(m.faults) for m in found if m.scenario == "swap" and m.case == STORM)
    stormed = any(m.scenario == "swap" and m.case == STORM for m in found)
    changed = of(CHANGES, "ratio")
    return [
        at_least("champion swaps in a minute under W1 load", 1_000, per_minute, few_swaps),
        at_most("swap storm: failed or wrong replies", 0, float(faults) if stormed else None),
        at_most(
            "swap storm: p99.9 over the same load without",
            2.0,
            ratio(of(STORM, "p999_us"), of(CALM, "p999_us")),
            ", ".join(text for text in (few_swaps, client) if text),
        ),
        at_most(
            "instructions a request after 10,000 table changes, over before",
            1.01,
            changed,
            few_changes,
        ),
        at_least("the same ratio, at least", 0.99, changed, few_changes),
        at_most(
            "RSS growth in 1,000 loads and unloads", 0.02, of(CYCLES, "rss_growth"), few_cycles
        ),
    ]


SCENARIO = Scenario("swap", "a storm of champion swaps under W1, and what it leaves", _run, _bars)
