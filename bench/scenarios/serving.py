"""Throughput and latency on W1, W2 and W3, of the gateway and of its peers in turn."""

from collections.abc import Sequence

from bench.context import Context
from bench.load import FOUR, ONE, ONE_SPINNING, THROUGHPUT, Shape
from bench.models import Workload, workload
from bench.process import cpu_ns
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_least, at_most, ratio
from bench.server import Launch, Server, ServerError
from bench.servers import GATEWAY, gateway, make_store, peer
from bench.witness import check_values, read_faults, read_throughput, run_h2load

WORKLOADS = ("W1", "W2", "W3")
CLIENT_BUSY_MAX = 0.9
BUSY_POLL_US = 1_000


def _case(work: Workload, shape: Shape) -> str:
    return f"{work.name} {shape.title}"


def _launches(context: Context, work: Workload, extra: Sequence[str] = ()) -> list[Launch]:
    """The gateway and every peer that can be had; one that cannot is remembered with its reason."""
    launches = [gateway(work, make_store([work]), extra=extra)]
    for name in context.peers:
        if name in context.absent:
            continue
        try:
            launches.append(peer(name, work))
        except ServerError as error:
            context.absent[name] = str(error)
            context.console.print(f"[red]{name} cannot be measured:[/red] {error}", markup=True)
    return launches


def _measure(
    context: Context, scenario: str, work: Workload, launches: list[Launch], shapes: list[Shape]
) -> None:
    """Each server in turn, again and again, so that a change of the machine meets all of them."""
    for run in range(context.runs):
        for launch in launches:
            with context.server(launch) as server:
                for shape in shapes:
                    report = context.load(server, shape)
                    context.record_report(scenario, _case(work, shape), launch.name, run, report)
                if scenario == "throughput":
                    _witness(context, work, server, run)


def _witness(context: Context, work: Workload, server: Server, run: int) -> None:
    """h2load on the same server, and every number of 64 rows through a real client."""
    before = [cpu_ns(pid) for pid in server.target().watched_pids]
    said = run_h2load(server, work, THROUGHPUT, context.load_core, 2 if context.quick else 5)
    after = [cpu_ns(pid) for pid in server.target().watched_pids]
    values = {
        "throughput": read_throughput(said),
        "server_cpu_s": (sum(after) - sum(before)) / 1e9,
    }
    faults = read_faults(said) + check_values(server, work)
    case = f"{_case(work, THROUGHPUT)} h2load"
    context.record(Measurement("throughput", case, server.launch.name, run, values, faults))


def _run_throughput(context: Context) -> None:
    for name in WORKLOADS:
        work = workload(name)
        _measure(context, "throughput", work, _launches(context, work), [THROUGHPUT])


def _run_latency(context: Context) -> None:
    for name in WORKLOADS:
        work = workload(name)
        _measure(context, "latency", work, _launches(context, work), [FOUR, ONE])
        spinning = _launches(context, work, ("--busy-poll-us", str(BUSY_POLL_US)))
        _measure(context, "latency", work, spinning, [ONE_SPINNING])


def _throughput_bars(found: Sequence[Measurement]) -> list[Bar]:
    case = f"W1 {THROUGHPUT.title}"

    def of(server: str, value: str) -> float | None:
        return median(found, "throughput", case, server, value)

    bars = []
    for name, limit in (("grpcio_aio", 60.0), ("mlserver", 100.0), ("triton", 15.0)):
        busy = of(GATEWAY, "client_busy")
        saturated = busy is not None and busy >= CLIENT_BUSY_MAX
        note = f"not counted: client {busy:.0%} busy" if busy is not None and saturated else ""
        gained = ratio(of(GATEWAY, "throughput"), of(name, "throughput"))
        counted = None if saturated else gained
        bars.append(at_least(f"W1 16x8: throughput over {name}", limit, counted, note))
        saved = ratio(of(name, "server_cpu_us"), of(GATEWAY, "server_cpu_us"))
        bars.append(at_least(f"W1 16x8: CPU time a request of {name} over ours", limit, saved))
    return bars


def _latency_bars(found: Sequence[Measurement]) -> list[Bar]:
    def p50(shape: Shape, server: str) -> float | None:
        return median(found, "latency", f"W1 {shape.title}", server, "p50_us")

    return [
        at_most(
            "W1 4x1: p50 over the grpcio.aio server's",
            0.1,
            ratio(p50(FOUR, GATEWAY), p50(FOUR, "grpcio_aio")),
        ),
        at_most(
            "W1 1x1 busy polling: p50 over Triton's",
            0.3,
            ratio(p50(ONE_SPINNING, GATEWAY), p50(ONE_SPINNING, "triton")),
        ),
    ]


THROUGHPUT_SCENARIO = Scenario(
    "throughput", "W1, W2, W3 at 16x8, h2load as witness", _run_throughput, _throughput_bars
)
LATENCY_SCENARIO = Scenario(
    "latency", "W1, W2, W3 at 4x1, 1x1 and 1x1 busy polling", _run_latency, _latency_bars
)
