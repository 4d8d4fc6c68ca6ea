"""500 small models in one gateway, beside one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.context import Context
from bench.corpus import write_corpus, write_version_corpus
from bench.load import THROUGHPUT, Shape, finish_load
from bench.models import workload
from bench.process import resident_bytes
from bench.results import Measurement, from_report
from bench.rollouts import find_half_load, silent
from bench.scenarios.scenario import Bar, Scenario
from bench.server import Launch, Server
from bench.servers import GATEWAY, gateway
from bench.store_models import as_model, make_many, model_names
from bench.variants import variant

COUNT = 500
SWAPS, SWAPS_QUICK = 20, 6
SWAP_EVERY_S = 0.2
OLD, NEW = 1, 2


@dataclass(frozen=True)
class Gateways:
    """A gateway of so many models, each in two versions, and what is asked of it."""

    count: int
    to_first: Launch  # every request to the first model
    to_all: Launch  # in turn to all of them


def _make(count: int) -> Gateways:
    first = model_names(count)[0]
    work = as_model(workload("W1"), first)
    versions = {OLD: work, NEW: variant(work, NEW)}
    store = make_many(list(versions.values()), count)
    new = versions[NEW]
    launch = gateway(work, store, corpus=write_version_corpus(versions))
    return Gateways(
        count, launch, replace(launch, corpus=write_corpus(new, model_names=model_names(count)))
    )


def _case(count: int, what: str) -> str:
    return f"{count} model{'s' if count > 1 else ''}: {what}"


def _swap(context: Context, server: Server, gateways: Gateways, run: int, shape: Shape) -> None:
    """Swaps of one model under load; the models beside it stand still."""
    swaps = SWAPS_QUICK if context.quick else SWAPS
    first = model_names(gateways.count)[0]
    with context.operator(server) as operator:
        seconds = swaps * SWAP_EVERY_S
        process = context.start_load(server, shape, duration_s=seconds + 1)
        time.sleep(context.warm_up_s)
        arguments = [(first, (OLD, NEW)[index % 2]) for index in range(swaps)]
        said = operator.call_each("set_champion", arguments, seconds)
        report = finish_load(process)
        operator.call("set_champion", first, NEW)  # unless it is: the next run begins with it
    found = from_report("many", _case(gateways.count, "swaps of one"), GATEWAY, run, report)
    found.values.update(swaps=float(said.done), swap_p50_ms=said.p50_ms, swap_max_ms=said.max_ms)
    found.faults.extend(silent(report, (OLD, NEW)))
    if said.failed:
        found.faults.append(f"{said.failed} swaps failed, the first: {said.first_failure}")
    context.record(found)


def _measure(context: Context, gateways: Gateways, run: int) -> None:
    with context.server(gateways.to_first) as server:
        values = {
            "start_s": (server.ready_ns - server.started_ns) / 1e9,
            "rss_mb": resident_bytes(server.pid) / 1e6,
        }
        case = _case(gateways.count, "start")
        context.record(Measurement("many", case, GATEWAY, run, values))
        full = context.load(server, THROUGHPUT)
        context.record_report("many", _case(gateways.count, "W1 16x8"), GATEWAY, run, full)
        half = find_half_load(context, server)
        calm = context.load(server, half)
        context.record_report("many", _case(gateways.count, "half load"), GATEWAY, run, calm)
        _swap(context, server, gateways, run, half)
    if gateways.count > 1:
        with context.server(gateways.to_all) as server:
            report = context.load(server, THROUGHPUT)
        context.record_report("many", _case(gateways.count, "W1 16x8 to all"), GATEWAY, run, report)


def _run(context: Context) -> None:
    for count in (1, COUNT):
        gateways = _make(count)
        for run in range(context.runs):
            _measure(context, gateways, run)


def _bars(_found: Sequence[Measurement]) -> list[Bar]:
    return []


SCENARIO = Scenario("many", "500 small models in one gateway, beside one", _run, _bars)
