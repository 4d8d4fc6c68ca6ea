"""From the start of the process to the first right prediction."""

from collections.abc import Sequence

from bench.context import Context
from bench.models import workload
from bench.results import Measurement, median
from bench.scenarios.scenario import Bar, Scenario, at_most
from bench.server import Launch, Server, ServerError, free_port
from bench.servers import GATEWAY, gateway, make_store, peer

STARTS_A_RUN = 3


def _launches(context: Context) -> list[Launch]:
    work = workload("W1")
    launches = [gateway(work, make_store([work]), port=free_port())]
    for name in context.peers:
        if name in context.absent:
            continue
        try:
            launches.append(peer(name, work))
        except ServerError as error:
            context.absent[name] = str(error)
    return launches


def _run(context: Context) -> None:
    launches = _launches(context)
    for run in range(context.runs * STARTS_A_RUN):
        for launch in launches:
            # Every core is free for it, as it would be in a container that has just started.
            with Server(launch, f"{context.server_cores},{context.load_core}") as server:
                seconds = (server.ready_ns - server.started_ns) / 1e9
            values = {"first_answer_s": seconds}
            context.record(Measurement("startup", "W1", launch.name, run, values))


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    first = median(found, "startup", "W1", GATEWAY, "first_answer_s")
    return [at_most("process start to the first answer, s", 0.6, first)]


SCENARIO = Scenario("startup", "process start to the first right answer", _run, _bars)
