"""How long a version goes on answering after its rollback, by the clock of who gets the replies."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.context import Context
from bench.load import Shape, finish_load
from bench.models import workload
from bench.operator_process import Operator
from bench.results import Measurement, median
from bench.rollouts import Versions, crown, find_half_load, make_versions, route_of, silent
from bench.scenarios.scenario import Bar, Scenario, at_most
from bench.server import Server
from bench.servers import GATEWAY
from tiltyard.client import AdminClient

INLINE, QUEUED = "W1 at half load", "W3 saturated"
QUEUED_SHAPE = Shape(4, 2)
TIMES, TIMES_QUICK = 20, 5
# The rollback comes in the middle of a load of this length.
WARM_UP_S, LOAD_S, ROLLBACK_AT_S = 0.3, 1.0, 0.8
GOOD, BAD = 1, 2
# The nice value of the operator: what it needs before the call leaves is in the measured time.
URGENT = 0


@dataclass(frozen=True)
class Rollback:
    """From the moment the call was sent: when it returned, and when the last bad reply came.

    `run_ms` is the longest run of the bad version so far; one such run may have been in flight.
    """

    last_reply_ms: float
    call_ms: float
    run_ms: float
    faults: list[str]

    @property
    def beyond_run_ms(self) -> float:
        return max(0.0, self.last_reply_ms - self.run_ms)


def _longest_run_ms(admin: AdminClient, model: str) -> float:
    runs = [
        row.run.max_ms
        for row in admin.get_statistics(model)
        if row.role == "champion" and row.version == BAD and row.run is not None
    ]
    return max(runs, default=0.0)


def roll_back(
    context: Context,
    server: Server,
    admin: AdminClient,
    operator: Operator,
    model: str,
    shape: Shape,
) -> Rollback:
    """Put the bad version beside its predecessor, load it, and roll it back."""
    crown(admin, model, GOOD)
    admin.set_champion(model, BAD)
    process = context.start_load(server, shape, warm_up_s=WARM_UP_S, duration_s=LOAD_S)
    time.sleep(ROLLBACK_AT_S)
    run_ms = _longest_run_ms(admin, model)
    said = operator.call("rollback", model, "previous")
    report = finish_load(process)
    faults = report.faults + silent(report, (GOOD, BAD))
    if said.failed:
        faults.append(f"the rollback failed: {said.first_failure}")
    if not route_of(admin, model).durable:
        faults.append("the rollback is not durable")
    bad = report.versions.get(str(BAD))
    last_ns = said.first_sent_ns if bad is None else bad.last_ns
    return Rollback((last_ns - said.first_sent_ns) / 1e6, said.max_ms, run_ms, faults)


def _measure(context: Context, versions: Versions, case: str, run: int) -> None:
    times = TIMES_QUICK if context.quick else TIMES
    model = versions.work.model_name
    with (
        context.server(versions.launch()) as server,
        AdminClient(server.admin_address) as admin,
        context.operator(server, URGENT) as operator,
    ):
        shape = QUEUED_SHAPE
        if case == INLINE:
            shape = find_half_load(context, server)
        done = [roll_back(context, server, admin, operator, model, shape) for _ in range(times)]
    values = {
        "last_reply_p50_ms": statistics.median(one.last_reply_ms for one in done),
        "last_reply_max_ms": max(one.last_reply_ms for one in done),
        "beyond_run_max_ms": max(one.beyond_run_ms for one in done),
        "run_max_ms": max(one.run_ms for one in done),
        "call_p50_ms": statistics.median(one.call_ms for one in done),
        "call_max_ms": max(one.call_ms for one in done),
    }
    faults = [fault for one in done for fault in one.faults]
    context.record(Measurement("rollback", case, GATEWAY, run, values, faults))


def _run(context: Context) -> None:
    for case, name in ((INLINE, "W1"), (QUEUED, "W3")):
        versions = make_versions(workload(name), BAD)
        for run in range(context.runs):
            _measure(context, versions, case, run)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    bars = []
    for case in (INLINE, QUEUED):
        worst = median(found, "rollback", case, GATEWAY, "beyond_run_max_ms")
        middle = median(found, "rollback", case, GATEWAY, "last_reply_p50_ms")
        run = median(found, "rollback", case, GATEWAY, "run_max_ms")
        note = "" if middle is None else f"median {middle:.2f} ms; a run: up to {run:.2f} ms"
        text = f"{case}: rollback to the last bad reply, beyond the run in flight, worst, ms"
        bars.append(at_most(text, 5.0, worst, note))
    return bars


SCENARIO = Scenario(
    "rollback", "a rollback under load: when the last reply of the bad version comes", _run, _bars
)
