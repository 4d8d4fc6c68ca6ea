"""What a scenario is given: how long, how often, on which cores, and where results go."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from bench.load import Report, Shape, finish_load, start_load
from bench.operator_process import PATIENT, Operator
from bench.results import Measurement, from_report
from bench.server import Launch, Server


@dataclass
class Context:
    """One call of the harness."""

    runs: int
    quick: bool
    peers: tuple[str, ...]
    server_cores: str
    load_core: int
    console: Console
    measurements: list[Measurement] = field(default_factory=list)
    # Peers that could not be installed or started, and why.
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """Length of a measured window."""
        return 1.5 if self.quick else 5.0

    @property
    def warm_up_s(self) -> float:
        """Load before a window opens."""
        return 0.5 if self.quick else 1.5

    @contextmanager
    def server(self, launch: Launch) -> Iterator[Server]:
        """Run a server on the server's cores while the block lasts."""
        with Server(launch, self.server_cores) as server:
            yield server

    def operator(self, server: Server, nice: int = PATIENT) -> Operator:
        """Somebody on the load core who calls the gateway's admin API; a context manager."""
        return Operator(server.admin_address, self.load_core, nice)

    def load(
        self,
        server: Server,
        shape: Shape,
        *,
        requests: int = 0,
        duration_s: float | None = None,
        warm_up_s: float | None = None,
    ) -> Report:
        """Put load on a server from the load core and wait for it to end."""
        return finish_load(
            self.start_load(
                server, shape, requests=requests, duration_s=duration_s, warm_up_s=warm_up_s
            )
        )

    def start_load(
        self,
        server: Server,
        shape: Shape,
        *,
        requests: int = 0,
        duration_s: float | None = None,
        warm_up_s: float | None = None,
    ) -> subprocess.Popen[str]:
        """The same without waiting: give the process to `finish_load`."""
        return start_load(
            server.target(),
            shape,
            self.load_core,
            warm_up_s=self.warm_up_s if warm_up_s is None else warm_up_s,
            duration_s=self.duration_s if duration_s is None else duration_s,
            requests=requests,
        )

    def record(self, measurement: Measurement) -> None:
        """Keep a measurement and say it in one line."""
        self.measurements.append(measurement)
        values = measurement.values
        told = [f"{name}={values[name]:,.4g}" for name in _TOLD if name in values]
        told += [f"{name}={values[name]:,.4g}" for name in values if name not in _REPORT_VALUES]
        self.console.print(
            f"[dim]{measurement.scenario}[/dim] {measurement.case} "
            f"[bold]{measurement.server}[/bold] run {measurement.run + 1}: {' '.join(told)}",
            highlight=False,
        )
        for fault in measurement.faults:
            self.console.print(f"  [red]fault:[/red] {fault}", markup=True, highlight=False)

    def record_report(
        self, scenario: str, case: str, server: str, run: int, report: Report
    ) -> None:
        """Keep what the load generator said."""
        self.record(from_report(scenario, case, server, run, report))


_REPORT_VALUES = frozenset(Report.__dataclass_fields__)
_TOLD = ("throughput", "server_cpu_us", "p50_us", "p99_us", "max_us", "client_busy")
