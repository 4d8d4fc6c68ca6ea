"""What a canary with full statistics costs a request, against the plain data plane."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from bench.context import Context
from bench.instructions import WAVES, count_instructions, under_callgrind
from bench.load import THROUGHPUT, Report, Shape
from bench.models import workload
from bench.results import Measurement, from_report, median
from bench.rollouts import Versions, crown, make_versions
from bench.scenarios.scenario import Bar, Scenario, at_most, ratio
from bench.server import Server
from bench.servers import GATEWAY
from tiltyard.client import AdminClient
from tiltyard.control.views import Split

CANARY, CHAMPION = 1, 2
SHARE_PERCENT = 10
KEYED = replace(THROUGHPUT, keys=1_000_000)
SPLITS: tuple[tuple[Split, Shape], ...] = (("request", THROUGHPUT), ("key", KEYED))
# Without a registry the newest version of a model answers, and nothing else is counted.
PLAIN = ("--registry", "none")
COUNTED, COUNTED_QUICK = 20_000, 5_000


def _case(kind: str, shape: Shape) -> str:
    return f"W1 {shape.title} {kind}"


@contextmanager
def _challenge(admin: AdminClient, model: str, split: Split) -> Iterator[None]:
    """A canary of 10 % while the block lasts."""
    crown(admin, model, CHAMPION)
    admin.start_challenge(model, CANARY, "canary", share=SHARE_PERCENT, split=split)
    yield
    admin.stop_challenge(model, CANARY)


def _share(report: Report) -> float:
    canary = report.versions.get(str(CANARY))
    return 0.0 if canary is None else canary.replies / report.replies


def _record(context: Context, kind: str, shape: Shape, run: int, report: Report) -> None:
    found = from_report("canary", _case(kind, shape), GATEWAY, run, report)
    found.values["canary_share"] = _share(report)
    context.record(found)


def _load(context: Context, versions: Versions, run: int) -> None:
    model = versions.work.model_name
    with context.server(versions.launch(*PLAIN)) as server:
        for _, shape in SPLITS:
            _record(context, "plain", shape, run, context.load(server, shape))
    with context.server(versions.launch()) as server, AdminClient(server.admin_address) as admin:
        crown(admin, model, CHAMPION)
        _record(context, "champion", THROUGHPUT, run, context.load(server, THROUGHPUT))
        for split, shape in SPLITS:
            with _challenge(admin, model, split):
                _record(context, "canary", shape, run, context.load(server, shape))


def _count(context: Context, server: Server, kind: str, shape: Shape) -> None:
    requests = COUNTED_QUICK if context.quick else COUNTED
    shape = replace(WAVES, keys=shape.keys)
    found = count_instructions(context, server, requests, shape)
    values = {"instructions": found.a_request}
    context.record(Measurement("canary", _case(kind, shape), GATEWAY, 0, values, found.faults))


def _counts(context: Context, versions: Versions) -> None:
    model = versions.work.model_name
    with context.server(under_callgrind(versions.launch(*PLAIN))) as server:
        for _, shape in SPLITS:
            _count(context, server, "plain", shape)
    with (
        context.server(under_callgrind(versions.launch())) as server,
        AdminClient(server.admin_address) as admin,
    ):
        crown(admin, model, CHAMPION)
        _count(context, server, "champion", THROUGHPUT)
        for split, shape in SPLITS:
            with _challenge(admin, model, split):
                _count(context, server, "canary", shape)


def _run(context: Context) -> None:
    versions = make_versions(workload("W1"), CHAMPION)
    for run in range(context.runs):
        _load(context, versions, run)
    _counts(context, versions)


def _bars(found: Sequence[Measurement]) -> list[Bar]:
    def gained(shape: Shape, value: str) -> float | None:
        with_canary, plain = (
            median(found, "canary", _case(kind, shape), GATEWAY, value)
            for kind in ("canary", "plain")
        )
        return ratio(with_canary, plain)

    bars = []
    for split, shape in SPLITS:
        waves = replace(WAVES, keys=shape.keys)
        text = f"canary of {SHARE_PERCENT} % by {split}: {{}} a request over plain"
        instructions = gained(waves, "instructions")
        bars.append(at_most(text.format("instructions"), 1.1, instructions))
        bars.append(at_most(text.format("CPU time"), 1.1, gained(shape, "server_cpu_us")))
    return bars


SCENARIO = Scenario("canary", "W1 with a canary of 10 % against the plain data plane", _run, _bars)
