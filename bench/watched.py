"""Gateways that count every request of a model, and what they say they have counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.context import Context
from bench.load import Report, Shape
from bench.models import Workload
from bench.paths import MODELS
from bench.process import cpu_ns, threads_cpu_ns
from bench.rollouts import wait_for
from bench.server import Server
from bench.servers import PROGRAM, gateway, make_store, run
from tiltyard.client import AdminClient
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.interface import DriftQuery
from tiltyard.monitor.snapshot import Snapshot

WATCHED_S_MAX = 120.0  # kernels are compiled the first time
SETTLE_S = 0.6  # of a thread that drains ten times a second


@dataclass(frozen=True)
class Accounts:
    """Rows of a plane since the gateway began to watch."""

    offered: int
    counted: int
    dropped: int

    def __sub__(self, before: "Accounts") -> "Accounts":
        return Accounts(
            self.offered - before.offered,
            self.counted - before.counted,
            self.dropped - before.dropped,
        )

    @property
    def missing(self) -> int:
        """Rows that were offered, and neither counted nor dropped."""
        return self.offered - self.counted - self.dropped


@dataclass(frozen=True)
class Cost:
    """What a load cost the gateway, warm-up and all, in microseconds of CPU time a request.

    `monitor_us` is for each row that was counted; `total_us` what everything would have cost if all
    had been.
    """

    report: Report
    io_us: float
    monitor_us: float
    total_us: float


def make_watched_store(works: list[Workload]) -> Path:
    """A fresh store with these workloads, each with a profile of its own rows. Raises ServerError.

    They have the input X and rows of their own; none is there twice.
    """
    store = make_store(works)
    for work in works:
        reference = MODELS / f"{work.model_name}_reference.npz"
        np.savez(reference, X=work.rows)
        line = [*PROGRAM, "profile", work.model_name, "1", "--reference", str(reference)]
        run([*line, "--store", str(store)])
    return store


@contextmanager
def unwatched_gateway(context: Context, work: Workload, store: Path) -> Iterator[Server]:
    """One that counts nothing, beside one that does."""
    launch = gateway(work, store, extra=["--no-monitor"])
    with context.server(replace(launch, name=f"{launch.name}.unwatched")) as server:
        yield server


@contextmanager
def watched_gateway(
    context: Context, work: Workload, store: Path, *, record_bytes_max: int = 0
) -> Iterator[tuple[Server, AdminClient]]:
    """One that counts every request, and does so when the block begins.

    With `record_bytes_max` records have no more room than that. Raises ServerError.
    """
    extra = []
    if record_bytes_max:
        config = MODELS / "watched.toml"
        config.write_text(f"[limits]\nrecord_bytes_max = {record_bytes_max}\n")
        extra = ["--config", str(config)]
    with (
        context.server(gateway(work, store, extra=extra)) as server,
        AdminClient(server.admin_address) as admin,
    ):
        wait_until_watched(admin, work.model_name)
        yield server, admin


def wait_until_watched(admin: AdminClient, model: str) -> None:
    """Wait until the requests of a model are counted. Raises ServerError."""
    wait_for(
        lambda: any(one.key.model == model for one in admin.get_drift(_narrow(None))),
        f"{model} to be watched",
        WATCHED_S_MAX,
    )


def champion_of(admin: AdminClient, model: str) -> Snapshot:
    """The champion's plane, with as little as can be told of it. Raises AdminCallError."""
    (found,) = admin.get_drift(_narrow(model))
    return found


def accounts_of(admin: AdminClient, model: str) -> Accounts:
    """What is said of the champion's rows, of the last ten minutes. Raises AdminCallError."""
    found = champion_of(admin, model)
    return Accounts(found.offered, int(found.current.counts[ROWS]), found.dropped)


def measure_cost(
    context: Context, server: Server, admin: AdminClient | None, model: str, shape: Shape
) -> tuple[Cost, Accounts]:
    """Put load on a gateway; what it cost, and what became of the rows (of one that is watched)."""
    before = accounts_of(admin, model) if admin else Accounts(0, 0, 0)
    began = _cpu_ns(server.pid, is_watched=admin is not None)
    report = context.load(server, shape)
    time.sleep(SETTLE_S)
    ended = _cpu_ns(server.pid, is_watched=admin is not None)
    rows = (accounts_of(admin, model) if admin else Accounts(0, 0, 0)) - before
    io_ns, monitor_ns, all_ns = (then - now for now, then in zip(began, ended, strict=True))
    replies = max(1, report.replies)
    monitor_us = monitor_ns / 1e3 / max(1, rows.counted)
    return (
        Cost(
            report,
            io_us=io_ns / 1e3 / replies,
            monitor_us=monitor_us,
            total_us=(all_ns - monitor_ns) / 1e3 / replies + monitor_us,
        ),
        rows,
    )


def _cpu_ns(pid: int, *, is_watched: bool) -> tuple[int, int, int]:
    """Of the io threads, of the monitor's, and of all."""
    monitor_ns = threads_cpu_ns(pid, "monitor") if is_watched else 0
    return threads_cpu_ns(pid, "io-"), monitor_ns, cpu_ns(pid)


def _narrow(model: str | None) -> DriftQuery:
    role = None if model is None else "champion"
    return DriftQuery(model=model, role=role, segment="", pieces=1)
