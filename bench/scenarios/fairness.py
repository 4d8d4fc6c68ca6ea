"""Two io threads and four busy connections: how evenly the work falls, and what it costs."""

from collections.abc import Sequence

from bench.context import Context
from bench.load import Shape
from bench.models import workload
from bench.process import threads
from bench.results import Measurement, from_report, median
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.server import Server
from bench.servers import GATEWAY, gateway, make_store

SHAPE = Shape(4, 8)
IO_THREAD_PREFIX = "io"


def io_thread_cpu(server: Server) -> dict[int, int]:
    """CPU time in ns of each io thread, by thread id. Raises ValueError when none has the name."""
    found = {t.tid: t.cpu_ns for t in threads(server.pid) if t.name.startswith(IO_THREAD_PREFIX)}
    if not found:
        names = sorted({t.name for t in threads(server.pid)})
        raise ValueError(f"expected threads named {IO_THREAD_PREFIX}*, got {names}")
    return found


def largest_share(before: dict[int, int], after: dict[int, int]) -> float:
    """The share of the busiest thread in what all threads used between two looks."""
    used = [after[tid] - before.get(tid, 0) for tid in after]
    return max(used) / sum(used)


def _run(context: Context) -> None:
    work = workload("W1")
    store = make_store([work])
    for run in range(context.runs):
        for io_threads in (1, 2):
            with context.server(gateway(work, store, io_threads=io_threads)) as server:
                before = io_thread_cpu(server)
                report = context.load(server, SHAPE)
                after = io_thread_cpu(server)
            case = f"W1 {SHAPE.title}, {io_threads} io"
            found = from_report("fairness", case, GATEWAY, run, report)
            found.values["io_share_max"] = largest_share(before, after)
            context.record(found)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(io_threads: int, value: str) -> float | None:
        return median(found, "fairness", f"W1 {SHAPE.title}, {io_threads} io", GATEWAY, value)

    return [
        at_most("2 io threads, 4 connections: share of the busier", 0.6, of(2, "io_share_max")),
        at_most(
            "2 io threads: CPU time a request over one thread's",
            1.1,
            ratio(of(2, "server_cpu_us"), of(1, "server_cpu_us")),
        ),
    ]


SCENARIO = Scenario("fairness", "four busy connections over two io threads", _run, _bars)
