"""The gateway as a process: builds everything in start order, and stops it in reverse.

Order: store, engine, listen, slow path, load, registry, publish, monitor, admin, HTTP, ready. The
port is open before the first model is loaded. A version answers as soon as it can, once the
registry has told who serves, and the server is "not ready" until all have settled. What is slow to
import (numpy, onnxruntime's Python half, grpc, SQLAlchemy, structlog) is imported late, or beside
the loading.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tiltyard._core import (
    CoreError,
    Engine,
    enter_background_priority,
    enter_control_priority,
    enter_idle_priority,
)
from tiltyard.config import NONE, Config, split_address
from tiltyard.control.overrides import Pending
from tiltyard.control.reconciler import Reconciler
from tiltyard.errors import ServeError
from tiltyard.loading import Loader, LoadReport, load_from
from tiltyard.ops.reporter import Reporter
from tiltyard.ops.signals import Events
from tiltyard.protocol.slow_path import SlowPath
from tiltyard.store import Store, open_store

if TYPE_CHECKING:
    from tiltyard.admin import AdminServer
    from tiltyard.control.control import Control
    from tiltyard.monitor.service import MonitorService
    from tiltyard.ops.operations import Operations
    from tiltyard.registry import Registry

DRAIN_POLL_S = 0.01
THREADS_END_S = 2.0
EXIT_DRAINED = 0
EXIT_STOPPED = 1  # by a second signal, while calls were still open


def serve(config: Config) -> int:
    """Run a gateway until a signal stops it; the process's exit code. Raises TiltyardError."""
    with Events() as events:
        gateway = Gateway(config, events)
        try:
            gateway.start()
            code = gateway.run()
        finally:
            gateway.stop()
        if gateway.is_running:
            # A run, or a session in the making, cannot be interrupted: the interpreter's own end
            # would wait for it, or pull the rug from under it.
            sys.stderr.flush()
            os._exit(code)
        return code


class Gateway:
    """One engine with everything around it. Used from the main thread."""

    def __init__(self, config: Config, events: Events) -> None:
        self._config = config
        self._events = events
        self._reporter = Reporter(config.log_format)
        self._store = open_store(config.store)
        stored = _first_look(self._store)
        self._engine = _make_engine(config)
        self._loader = Loader(load_from(self._engine, self._store), timeout_s=config.load_timeout_s)
        self._reconciler = Reconciler(
            self._engine,
            self._store,
            self._loader,
            self._take_report,
            stored=stored,
            rollback_window_s=config.rollback_window_s,
        )
        self._reconciler.desired.overrides.on_refused = self._log_refused
        self._stopping = threading.Event()
        self._slow_path = SlowPath(self._engine, self._reporter.log_bug)
        self._admin: AdminServer | None = None
        self._monitor: MonitorService | None = None
        self._operations: Operations | None = None
        self._threads: list[threading.Thread] = []
        self._report: LoadReport | None = None  # the newest, once all have settled
        self._reported: LoadReport | None = None
        self._is_open = False  # the admin port answers, if there is to be one
        self._failure: BaseException | None = None
        self._counters_logged = 0
        self.address = ""
        self.admin_address = ""
        self.http_address = ""

    def start(self) -> None:
        """Listen, and begin to load. Raises TiltyardError."""
        self._reconciler.publish()
        self._listen()
        self._start_thread("slow-path", self._slow_path.run)
        self._start_thread("load", lambda: self._reconciler.run_loads(self._stopping))
        # Until it is known who serves nobody is served, so this one hurries.
        self._start_thread("reconcile", self._reconcile, hurries=True)

    def run(self) -> int:
        """Say what the models come to, until a signal asks to stop; drain. The exit code."""
        while not self._events.stops:
            if self._failure is not None:
                raise self._failure
            self._report_loading()
            self._log_counters()
            self._events.wait()
        return self._drain()

    def stop(self) -> None:
        """Close everything at once; what cannot be interrupted is left running. Idempotent."""
        self._stopping.set()
        if self._admin is not None:
            self._admin.stop()
        if self._operations is not None:
            self._operations.stop()
        self._slow_path.stop()
        if self._monitor is not None:
            self._monitor.stop(THREADS_END_S)
        give_up = time.monotonic() + THREADS_END_S
        for name in ("slow-path", "reconcile"):  # they use the engine
            self._join(name, give_up)
        self._start_thread("stop", self._engine.stop)
        self._join("stop", give_up)
        self._join("load", give_up)
        if self._reconciler.registry is not None:
            self._reconciler.registry.close()

    def _join(self, name: str, give_up: float) -> None:
        for thread in self._threads:
            if thread.name == name:
                thread.join(max(0.0, give_up - time.monotonic()))

    @property
    def is_running(self) -> bool:
        """Whether a model still runs or is loaded after stop(), which nothing can interrupt."""
        return self._loader.is_busy or any(thread.is_alive() for thread in self._threads)

    def _listen(self) -> None:
        host, port = split_address(self._config.grpc)
        try:
            bound = self._engine.listen(host, port, **_tls_material(self._config))
        except CoreError as error:
            raise ServeError(f"cannot listen on {self._config.grpc}: {error}") from error
        self.address = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"

    def _start_thread(self, name: str, work: Callable[[], None], *, hurries: bool = False) -> None:
        def run() -> None:
            if not hurries:
                enter_background_priority(name)
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self._failure = error
                self._events.tell_news()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _reconcile(self) -> None:
        self._reconciler.run(self._stopping, self._open_registry, self._open_to_operators)

    def _open_registry(self) -> "Registry | None":
        url = self._config.registry_url(self._store)
        if url == NONE:
            return None
        # Imported here: SQLAlchemy takes as long to import as a small model to load.
        from tiltyard.registry import RegistryUnavailableError, open_registry

        try:
            return open_registry(url)
        except RegistryUnavailableError as error:
            raise ServeError(
                f"{error}; or name another with --registry sqlite:///PATH, or serve the newest"
                f" versions without one: --registry {NONE}"
            ) from error

    def _open_to_operators(self) -> None:
        """It is known what is wanted: no hurry any more. Raises TiltyardError."""
        if self._config.monitor:
            self._start_monitor()
        if self._reconciler.registry is not None:
            self._start_control()
        if self._config.http != NONE:
            self._start_operations()
        enter_background_priority("reconcile")
        self._is_open = True

    def _start_monitor(self) -> None:
        """Count what is served. Raises TiltyardError."""
        # Imported here: numpy takes as long to import as a small model to load.
        from tiltyard.control.served import Served
        from tiltyard.monitor.service import MonitorService, Surroundings

        self._monitor = MonitorService(
            self._config,
            Surroundings(
                engine=self._engine,
                store=self._store,
                served=Served(self._reconciler),
                reporter=self._reporter,
                gateway=lambda: self.admin_address or self.address,
                enter_priority=enter_background_priority,
            ),
        )
        self._monitor.start()

    def _start_control(self) -> None:
        """What operators can do, on the ports that are to have it. Raises ServeError."""
        from tiltyard.control.control import Control
        from tiltyard.control.interface import ROLLBACKS_MAX
        from tiltyard.protocol.model_control import ModelControl

        finishing = ThreadPoolExecutor(
            ROLLBACKS_MAX, initializer=enter_background_priority, initargs=("rollback",)
        )
        control = Control(
            self._reconciler,
            self._engine,
            self._store,
            rollback_window_s=self._config.rollback_window_s,
            on_drain=self._begin_drain,
            finish=lambda work: finishing.submit(work).result(),
        )
        if self._config.allow_model_control:
            self._slow_path.allow_control(ModelControl(control))
        if self._config.admin != NONE:
            self._start_admin(control)

    def _start_admin(self, control: "Control") -> None:
        # Imported here, at this thread's priority: the server's own would take seconds for grpc on
        # a busy machine.
        import tiltyard.admin.grpc_server  # noqa: F401 - so that it is there
        from tiltyard.admin import AdminOptions, AdminServer

        self._admin = AdminServer(
            control,
            AdminOptions(address=self._config.admin),
            monitoring=None if self._monitor is None else self._monitor.desk,
            on_bug=self._reporter.log_bug,
            enter_priority=enter_background_priority,
            enter_control=enter_control_priority,
        )
        self._admin.start()
        self.admin_address = self._admin.wait_listening()

    def _start_operations(self) -> None:
        """/metrics and the probes. Raises ServeError where a port that was chosen is not free.

        The port that nobody chose may be another gateway's on this machine, which is no reason not
        to serve.
        """
        from tiltyard.ops.operations import Operations

        operations = Operations(
            self._config.http,
            self._engine,
            self._reconciler,
            self._monitor,
            not_ready=self._not_ready,
            on_bug=self._reporter.log_bug,
            enter_priority=enter_background_priority,
            cells=self._config.metrics_cells,
        )
        try:
            self.http_address = operations.start()
        except ServeError as error:
            if "http" in self._config.model_fields_set:
                raise
            self._reporter.warning(
                "no_metrics", problem=f"{error}: choose another port with --http, or none: {NONE}"
            )
            return
        self._operations = operations

    def _not_ready(self) -> str:
        """Why the gateway is not ready, in a sentence; "" when it is. From any thread."""
        if self._stopping.is_set():
            return "it is draining"
        return "" if self._reconciler.is_ready else "models are still being loaded"

    def _take_report(self, report: LoadReport) -> None:
        if report.settled:
            self._report = report
            self._events.tell_news()

    def _report_loading(self) -> None:
        """The ready line when all versions have settled, and the log of what is new since."""
        report = self._report
        if report is None or report is self._reported or not self._is_open:
            return
        if self._reported is None:
            addresses = {"grpc": self.address}
            if self.admin_address:
                addresses["admin"] = self.admin_address
            if self.http_address:
                addresses["http"] = self.http_address
            self._reporter.announce(report, addresses)
            enter_background_priority("tiltyard")
        self._reporter.log_loads(report)
        self._reported = report

    def _log_counters(self) -> None:
        """What the data plane has counted, when a signal has asked for it since the last time."""
        if self._counters_logged == self._events.reports:
            return
        self._counters_logged = self._events.reports
        self._reporter.info("counters", **self._engine.counters())

    def _begin_drain(self, actor: str) -> None:
        """As an operator asks; from any thread."""
        self._reporter.info("drain_asked_for", actor=actor)
        self._events.tell_stop()

    def _log_refused(self, pending: Pending) -> None:
        """A rollback that was in force is not any more; from any thread."""
        self._reporter.warning(
            "rollback_refused", model=pending.state.name, reason=str(pending.refused)
        )

    def _drain(self) -> int:
        self._reporter.info("draining", drain_s=self._config.drain_s)
        self._stopping.set()
        self._engine.drain()
        give_up = time.monotonic() + self._config.drain_s
        while not self._engine.drained():
            self._log_counters()
            if self._events.stops > 1:
                self._reporter.warning("stopped_before_drained")
                return EXIT_STOPPED
            if time.monotonic() >= give_up:
                self._reporter.warning("drain_time_is_over", drain_s=self._config.drain_s)
                break
            self._events.wait(DRAIN_POLL_S)
        self._reporter.info("stopped")
        return EXIT_DRAINED


def _first_look(store: Store) -> dict[str, list[int]]:
    """The versions of each model. Raises StoreError.

    obstore's threads begin here, and keep the priority of whoever begins them: what they copy of a
    large model must stand in no request's way.
    """
    with ThreadPoolExecutor(1, initializer=enter_idle_priority, initargs=("store",)) as pool:
        return pool.submit(store.models).result()


def _make_engine(config: Config) -> Engine:
    try:
        return Engine(str(_ort_library()), config.engine_options())
    except (CoreError, ValueError) as error:
        raise ServeError(f"the engine cannot start: {error}") from error


def _ort_library() -> Path:
    """ONNX Runtime's library in the installed wheel, found without importing the wheel."""
    spec = find_spec("onnxruntime")
    if spec is None or not spec.submodule_search_locations:
        raise ServeError("onnxruntime is not installed; expected the wheel that tiltyard asks for")
    folder = Path(spec.submodule_search_locations[0]) / "capi"
    found = sorted(folder.glob("libonnxruntime.so.*"))
    if not found:
        raise ServeError(f"no libonnxruntime.so.* in {folder}; expected it in the wheel")
    return found[-1]


def _tls_material(config: Config) -> dict[str, bytes]:
    files = {
        "tls_cert": config.tls_cert,
        "tls_key": config.tls_key,
        "tls_client_ca": config.tls_client_ca,
    }
    found = {}
    for name, path in files.items():
        if path is None:
            continue
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise ServeError(f"{name} {path}: {error.strerror}") from error
    return found
