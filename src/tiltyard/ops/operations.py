"""The operations port of a gateway: what /metrics and the probes are made from, put together."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiltyard._core import Engine
from tiltyard.control.reconciler import Reconciler
from tiltyard.ops.http_server import HttpServer
from tiltyard.ops.metrics import Metrics, Sources
from tiltyard.ops.metrics_ledger import Ledger
from tiltyard.ops.metrics_operations import alarm_metrics, http_metrics, webhook_metrics
from tiltyard.ops.metrics_requests import rollout_series

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from tiltyard.monitor.service import MonitorService
    from tiltyard.ops.metrics_operations import More

OnBug = Callable[[str, BaseException], None]


class Operations:
    """Started once and stopped once. `not_ready` is "" when the gateway is ready, else why not."""

    def __init__(
        self,
        address: str,
        engine: Engine,
        reconciler: Reconciler,
        monitor: "MonitorService | None",
        *,
        not_ready: Callable[[], str],
        on_bug: OnBug,
        enter_priority: Callable[[str], None],
        cells: bool,
    ) -> None:
        self._monitor = monitor
        self._not_ready = not_ready
        self._on_bug = on_bug
        self._enter_priority = enter_priority
        ledger = Ledger(rollout_series)
        ledger.take(reconciler.table.rollouts())
        reconciler.table.on_publish = ledger.take
        reconciler.on_look = ledger.settle
        sources = Sources(
            engine,
            ledger,
            not_ready,
            monitoring=lambda: None if monitor is None else monitor.desk,
            more=[self._http_metrics, self._alarm_metrics, self._webhook_metrics],
        )
        self._metrics = Metrics(sources, on_bug, cells=cells)
        self._server = HttpServer(
            address, self._make_app, on_bug=on_bug, enter_priority=enter_priority
        )

    def start(self) -> str:
        """The address that it listens on. Raises ServeError."""
        return self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def _make_app(self) -> "Starlette":
        from tiltyard.ops.http_app import operations_app  # late: starlette

        return operations_app(
            self._metrics,
            self._not_ready,
            on_bug=self._on_bug,
            enter_priority=self._enter_priority,
        )

    def _http_metrics(self) -> "More":
        return http_metrics(self._server.counters())

    def _alarm_metrics(self) -> "More":
        if self._monitor is None:
            return {}
        return alarm_metrics(self._monitor.feed.counters(), self._monitor.feed.incidents())

    def _webhook_metrics(self) -> "More":
        return {} if self._monitor is None else webhook_metrics(self._monitor.webhook_counters())
