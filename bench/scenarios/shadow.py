"""What shadows cost the requests they are shown: an equal one, and ones that nobody would want."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bench import shadow_models
from bench.context import Context
from bench.instructions import WAVES, count_instructions, under_callgrind
from bench.load import THROUGHPUT, Shape
from bench.models import Workload, workload
from bench.process import threads_cpu_ns
from bench.results import Measurement, from_report, median
from bench.rollouts import find_half_load, route_of, wait_for
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.server import Launch, Server
from bench.servers import GATEWAY, gateway, make_store
from tiltyard.client import AdminClient
from tiltyard.control.views import AgreementView

# Version 1 is W1 once more, then come the bad ones, and the newest, W1 itself, is the champion.
EQUAL = 1
BAD = {2: "50 ms", 3: "failing", 4: "NaN", 5: "100 MB"}
SAMPLE_PERCENT = 10
ALONE, SHADOWED = "W1 16x8 alone", f"W1 16x8, shadow of {SAMPLE_PERCENT} %"
COUNTED_ALONE, COUNTED_SHADOWED = (
    f"W1 {WAVES.title} {kind}" for kind in ("alone", f"shadow of {SAMPLE_PERCENT} %")
)
HALF = "W1 at half load"
COUNTED, COUNTED_QUICK = 20_000, 5_000
QUIET_S_MAX = 30.0


def _make_launch() -> Launch:
    work = workload("W1")
    files = [
        work.model_file,
        shadow_models.slow(),
        shadow_models.failing(),
        shadow_models.not_a_number(),
        shadow_models.huge(),
        work.model_file,
    ]
    published: list[Workload] = [replace(work, model_file=file) for file in files]
    return gateway(work, make_store(published))


def _accounts(admin: AdminClient, model: str, version: int) -> AgreementView:
    for slot in route_of(admin, model).challengers:
        if slot.version == version and slot.agreement is not None:
            return slot.agreement
    raise ValueError(f"expected accounts of version {version}, a shadow of {model}, found none")


def _unbalanced(account: AgreementView) -> list[str]:
    """A sentence for each sum that does not come out."""
    offered = account.sampled_out + account.queued + sum(account.dropped.values())
    ended = account.ok + account.error + account.expired + account.in_flight
    faults = []
    if account.offered != offered:
        faults.append(f"offered {account.offered}, accounted for {offered}: {account}")
    if account.queued != ended:
        faults.append(f"queued {account.queued}, accounted for {ended}: {account}")
    if not account.offered:
        faults.append("the shadow was offered nothing")
    return faults


@contextmanager
def _shadow(admin: AdminClient, model: str, version: int, sample: int) -> Iterator[list[str]]:
    """A shadow while the block lasts; the list has what its accounts got wrong, afterwards."""
    admin.start_challenge(model, version, "shadow", sample=sample)
    faults: list[str] = []
    yield faults
    wait_for(
        lambda: _accounts(admin, model, version).in_flight == 0,
        f"version {version} to come to rest",
        QUIET_S_MAX,
    )
    faults += _unbalanced(_accounts(admin, model, version))
    admin.stop_challenge(model, version)


def _load_with_io_cpu(
    context: Context, server: Server, case: str, run: int, shape: Shape
) -> Measurement:
    """One load, with the io threads' CPU time a request, warm-up and all."""
    before = threads_cpu_ns(server.pid, "io-")
    report = context.load(server, shape)
    after = threads_cpu_ns(server.pid, "io-")
    found = from_report("shadow", case, GATEWAY, run, report)
    found.values["io_cpu_us"] = (after - before) / 1e3 / max(1, report.replies)
    return found


def _cost(context: Context, server: Server, admin: AdminClient, model: str, run: int) -> None:
    context.record(_load_with_io_cpu(context, server, ALONE, run, THROUGHPUT))
    with _shadow(admin, model, EQUAL, SAMPLE_PERCENT) as faults:
        found = _load_with_io_cpu(context, server, SHADOWED, run, THROUGHPUT)
    found.faults.extend(faults)
    context.record(found)


def _latency(context: Context, server: Server, admin: AdminClient, model: str, run: int) -> None:
    """Each bad shadow sees every request; alone before them and after them."""
    shape = find_half_load(context, server)
    context.record(_load_with_io_cpu(context, server, f"{HALF} before", run, shape))
    for version, name in BAD.items():
        with _shadow(admin, model, version, 100) as faults:
            found = _load_with_io_cpu(context, server, f"{HALF}, shadow: {name}", run, shape)
        found.faults.extend(faults)
        context.record(found)
    context.record(_load_with_io_cpu(context, server, f"{HALF} after", run, shape))


def _count(context: Context, server: Server, case: str) -> None:
    found = count_instructions(context, server, COUNTED_QUICK if context.quick else COUNTED)
    values = {"instructions": found.a_request}
    context.record(Measurement("shadow", case, GATEWAY, 0, values, found.faults))


def _run(context: Context) -> None:
    launch = _make_launch()
    model = workload("W1").model_name
    for run in range(context.runs):
        with context.server(launch) as server, AdminClient(server.admin_address) as admin:
            _cost(context, server, admin, model, run)
            _latency(context, server, admin, model, run)
    with (
        context.server(under_callgrind(launch)) as server,
        AdminClient(server.admin_address) as admin,
    ):
        _count(context, server, COUNTED_ALONE)
        admin.start_challenge(model, EQUAL, "shadow", sample=SAMPLE_PERCENT)
        _count(context, server, COUNTED_SHADOWED)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(case: str, value: str) -> float | None:
        return median(found, "shadow", case, GATEWAY, value)

    alone = [
        m.values["p99_us"]
        for m in found
        if m.scenario == "shadow" and m.case in (f"{HALF} before", f"{HALF} after") and not m.faults
    ]
    usual = statistics.median(alone) if alone else None
    noise = max(alone) / min(alone) if alone else 1.0
    bars = [
        at_most(
            f"shadow of {SAMPLE_PERCENT} %: io CPU time a request over none",
            1.1,
            ratio(of(SHADOWED, "io_cpu_us"), of(ALONE, "io_cpu_us")),
        ),
        at_most(
            f"shadow of {SAMPLE_PERCENT} %: io instructions a request over none",
            1.1,
            ratio(of(COUNTED_SHADOWED, "instructions"), of(COUNTED_ALONE, "instructions")),
        ),
    ]
    for name in BAD.values():
        value = ratio(of(f"{HALF}, shadow: {name}", "p99_us"), usual)
        text = f"shadow, {name}: W1's p99 over that without"
        bars.append(at_most(text, noise, value, "the limit is how far runs without are apart"))
    return bars


SCENARIO = Scenario("shadow", "W1 with an equal shadow, and with slow and broken ones", _run, _bars)
