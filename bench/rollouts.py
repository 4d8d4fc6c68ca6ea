"""A gateway with several versions of one model, and its operator."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.context import Context
from bench.corpus import write_version_corpus
from bench.load import THROUGHPUT, Report, Shape
from bench.models import Workload
from bench.server import Launch, Server, ServerError
from bench.servers import gateway, make_store
from bench.variants import variant
from tiltyard.client import AdminClient
from tiltyard.control.views import RouteView

UNLOAD_S_MAX = 30.0
POLL_S = 0.01
# The search for half load: the part of a closed loop's rate that is tried first, and so on.
FIRST_PART, PROBES, PROBE_S, BUSY, STEP_MAX = 1 / 16, 3, 1.0, 0.5, 2.0


@dataclass(frozen=True)
class Versions:
    """A store with so many versions of a workload, and a corpus with the answers of each."""

    work: Workload
    store: Path
    corpus: Path

    def launch(self, *extra: str) -> Launch:
        """A gateway that serves them, every reply checked against the version it names."""
        return gateway(self.work, self.store, corpus=self.corpus, extra=extra)


def make_versions(work: Workload, count: int) -> Versions:
    """A fresh store with `count` versions that answer differently. Raises ServerError."""
    versions = {number: variant(work, number) for number in range(1, count + 1)}
    store = make_store(list(versions.values()))
    return Versions(work, store, write_version_corpus(versions))


def find_half_load(context: Context, server: Server) -> Shape:
    """An open loop that keeps the server's core half busy, found by trying.

    Half of what a closed loop reaches would keep it all busy, and the client too: requests that
    come one by one do not share reads, runs and writes, and cost some seven times as much.
    """
    rate = context.load(server, THROUGHPUT, duration_s=PROBE_S).throughput * FIRST_PART
    for _ in range(PROBES):
        tried = context.load(server, replace(THROUGHPUT, rate=rate), duration_s=PROBE_S)
        rate = nearer(rate, tried.server_busy)
    return replace(THROUGHPUT, rate=rate)


def nearer(rate: float, busy: float) -> float:
    """The rate to try after one that kept the server so busy."""
    step = BUSY / max(busy, 0.01)
    return rate * min(max(step, 1 / STEP_MAX), STEP_MAX)


def route_of(admin: AdminClient, model: str) -> RouteView:
    """The model's route."""
    (route,) = admin.get_route(model)
    return route


def crown(admin: AdminClient, model: str, version: int) -> None:
    """Make the version the champion, if it is not; the registry remembers the last run."""
    champion = route_of(admin, model).champion
    if champion is None or champion.version != version:
        admin.set_champion(model, version)


def silent(report: Report, versions: Iterable[int]) -> list[str]:
    """A sentence for each version that has not answered once."""
    return [
        f"version {number} never answered"
        for number in versions
        if str(number) not in report.versions or not report.versions[str(number)].replies
    ]


def unload(admin: AdminClient, model: str, version: int) -> None:
    """Unload the version and wait until it is gone. Raises ServerError when it stays."""
    admin.unload_version(model, version)
    wait_for(lambda: _state(admin, model, version) == "stored", f"{model} version {version} to go")


def _state(admin: AdminClient, model: str, version: int) -> str:
    for found in admin.get_model(model).versions:
        if found.version == version:
            return found.state
    raise ServerError(f"the gateway knows no version {version} of {model}")


def wait_for(condition: Callable[[], bool], what: str, seconds_max: float = UNLOAD_S_MAX) -> None:
    """Ask again and again. Raises ServerError when it does not become true in time."""
    give_up = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > give_up:
            raise ServerError(f"waited {seconds_max:g} s for {what}, in vain")
        time.sleep(POLL_S)
