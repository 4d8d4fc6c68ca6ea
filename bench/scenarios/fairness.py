"""Two io threads and four busy connections: how evenly the work falls, and what it costs."""

import os
import re
import signal
import time
from collections.abc import Sequence

from bench.context import Context
from bench.load import Shape
from bench.models import workload
from bench.results import Measurement, from_report, median
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.server import Server, ServerError
from bench.servers import GATEWAY, gateway, make_store

SHAPE = Shape(4, 8)
REPORT_S_MAX = 5.0


def io_requests(server: Server) -> list[int]:
    """Requests each io thread has received, as the gateway logs them when it gets SIGUSR1.

    Raises ServerError when it does not.
    """
    seen = len(counted(server.log()))
    os.kill(server.pid, signal.SIGUSR1)
    give_up = time.monotonic() + REPORT_S_MAX
    while len(found := counted(server.log())) == seen:
        if time.monotonic() > give_up:
            raise ServerError(f"no counters were logged in {REPORT_S_MAX:g} s\n{server.tail()}")
        time.sleep(0.02)
    return found[-1]


def counted(log: str) -> list[list[int]]:
    """The requests by io thread of each report in a log."""
    return [
        [int(number) for number in found.split(",")]
        for found in re.findall(r"\binfer_requests=\[([\d, ]+)\]", log)
    ]


def largest_share(before: Sequence[int], after: Sequence[int]) -> float:
    """The share of the busiest thread in what all threads received between two looks."""
    received = [late - early for early, late in zip(before, after, strict=True)]
    return max(received) / sum(received)


def _run(context: Context) -> None:
    work = workload("W1")
    store = make_store([work])
    for run in range(context.runs):
        for io_threads in (1, 2):
            with context.server(gateway(work, store, io_threads=io_threads)) as server:
                before = io_requests(server)
                report = context.load(server, SHAPE)
                after = io_requests(server)
            case = f"W1 {SHAPE.title}, {io_threads} io"
            found = from_report("fairness", case, GATEWAY, run, report)
            found.values["io_share_max"] = largest_share(before, after)
            context.record(found)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def of(io_threads: int, value: str) -> float | None:
        return median(found, "fairness", f"W1 {SHAPE.title}, {io_threads} io", GATEWAY, value)

    return [
        at_most("2 io threads, 4 connections: requests of the busier", 0.6, of(2, "io_share_max")),
        at_most(
            "2 io threads: CPU time a request over one thread's",
            1.1,
            ratio(of(2, "server_cpu_us"), of(1, "server_cpu_us")),
        ),
    ]


SCENARIO = Scenario("fairness", "four busy connections over two io threads", _run, _bars)
