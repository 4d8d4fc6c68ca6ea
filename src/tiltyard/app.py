"""The gateway as a process: builds everything in start order, and stops it in reverse.

Order: store, engine, listen, slow path, load, publish, ready. The port is open before the first
model is loaded; a version answers as soon as it can, and the server is "not ready" until all have
settled. What is slow to import (numpy,
onnxruntime's Python half, grpc, structlog) is not imported on the way to the first prediction.
"""

import json
import os
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tiltyard._core import CoreError, Engine, Replies, enter_background_priority
from tiltyard.config import Config, split_address
from tiltyard.errors import ServeError
from tiltyard.loading import Loader, LoadReport, load_from
from tiltyard.ops.log import logger
from tiltyard.ops.signals import Events
from tiltyard.protocol.replies import build_replies
from tiltyard.protocol.slow_path import SlowPath
from tiltyard.store import open_store

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
        store = open_store(config.store)
        models = store.models()
        self._engine = _make_engine(config)
        self._loader = Loader(
            load_from(self._engine, store), models, timeout_s=config.load_timeout_s
        )
        self._stopping = threading.Event()
        self._slow_path = SlowPath(self._engine, self._log_bug)
        self._threads: list[threading.Thread] = []
        self._report = LoadReport()
        self._reported = LoadReport()
        self._load_bug: Exception | None = None
        self._reports_made = 0
        self.address = ""

    def start(self) -> None:
        """Listen, and begin to load. Raises TiltyardError."""
        self._publish(self._loader.report(), ready=False)
        self._listen()
        self._start_thread("slow-path", self._slow_path.run)
        self._start_thread("load", self._load)

    def run(self) -> int:
        """Say what the models come to, until a signal asks to stop; drain. The exit code."""
        while not self._events.stops:
            if self._load_bug is not None:
                raise self._load_bug
            self._report_loading()
            self._log_counters()
            self._events.wait()
        return self._drain()

    def stop(self) -> None:
        """Close everything at once; what cannot be interrupted is left running. Idempotent."""
        self._stopping.set()
        self._slow_path.stop()
        give_up = time.monotonic() + THREADS_END_S
        self._join("slow-path", give_up)  # it uses the engine
        self._start_thread("stop", self._engine.stop)
        self._join("stop", give_up)
        self._join("load", give_up)

    def _join(self, name: str, give_up: float) -> None:
        for thread in self._threads:
            if thread.name == name:
                thread.join(max(0.0, give_up - time.monotonic()))

    @property
    def is_running(self) -> bool:
        """Whether a model still runs or is loaded after stop(), which nothing can interrupt."""
        return self._loader.is_busy or any(thread.is_alive() for thread in self._threads)

    def _publish(self, report: LoadReport, *, ready: bool) -> None:
        replies = build_replies(report.versions, report.unready, report.loading)
        self._engine.publish(report.versions, report.unready, Replies(replies), ready=ready)

    def _listen(self) -> None:
        host, port = split_address(self._config.grpc)
        try:
            bound = self._engine.listen(host, port, **_tls_material(self._config))
        except CoreError as error:
            raise ServeError(f"cannot listen on {self._config.grpc}: {error}") from error
        self.address = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"

    def _start_thread(self, name: str, work: Any) -> None:
        def run() -> None:
            enter_background_priority(name)
            work()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _load(self) -> None:
        try:
            self._loader.run(self._stopping, self._take_report)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._load_bug = error
            self._events.tell_loaded()

    def _take_report(self, report: LoadReport) -> None:
        self._publish(report, ready=report.settled)
        if report.settled:
            self._report = report
            self._events.tell_loaded()

    def _report_loading(self) -> None:
        """The ready line when all versions have settled, and the log of what is new since."""
        report, before = self._report, self._reported
        if report == before:
            return
        if not before.settled:
            self._announce(report)
            enter_background_priority("tiltyard")
        self._log_report(report, before)
        self._reported = report

    def _announce(self, report: LoadReport) -> None:
        """The ready line, the only thing that goes to stdout."""
        found = {
            "grpc": self.address,
            "models": report.models,
            "versions": len(report.versions),
            "failed": len(report.unready),
        }
        age_s = _process_age_s()
        if self._config.log_format == "json":
            line = json.dumps({"event": "ready", **found, "seconds": round(age_s, 3)})
        else:
            words = " ".join(f"{name}={value}" for name, value in found.items())
            line = f"tiltyard ready {words} in {age_s:.2f}s"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _log_report(self, report: LoadReport, before: LoadReport) -> None:
        """What `report` has and `before` had not."""
        log = logger(self._config.log_format)
        for notice in report.notices[len(before.notices) :]:
            log.info("notice", text=notice)
        for version in report.versions[len(before.versions) :]:
            log.info(
                "version_serving",
                model=version.model,
                version=version.version,
                inline=version.inline,
                batchable=version.batchable,
                bitwise=version.bitwise,
                error_max=version.error_max,
                batching=version.batch_reason,
                run_us=round((version.base_ns + version.row_ns) / 1_000, 1),
            )
        for model, number, reason in report.unready:
            if (model, number, reason) not in before.unready:
                log.error("version_failed", model=model, version=number, reason=reason)
        for bug in report.bugs[len(before.bugs) :]:
            log.error("load_bug", exc_info=bug)

    def _log_counters(self) -> None:
        """What the data plane has counted, when a signal has asked for it since the last time."""
        if self._reports_made == self._events.reports:
            return
        self._reports_made = self._events.reports
        logger(self._config.log_format).info("counters", **self._engine.counters())

    def _log_bug(self, method: str, error: Exception) -> None:
        logger(self._config.log_format).error("slow_path_bug", method=method, exc_info=error)

    def _drain(self) -> int:
        log = logger(self._config.log_format)
        log.info("draining", drain_s=self._config.drain_s)
        self._stopping.set()
        self._engine.drain()
        give_up = time.monotonic() + self._config.drain_s
        while not self._engine.drained():
            self._log_counters()
            if self._events.stops > 1:
                log.warning("stopped_before_drained")
                return EXIT_STOPPED
            if time.monotonic() >= give_up:
                log.warning("drain_time_is_over", drain_s=self._config.drain_s)
                break
            self._events.wait(DRAIN_POLL_S)
        log.info("stopped")
        return EXIT_DRAINED


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


def _process_age_s() -> float:
    """Seconds since the kernel started this process, the interpreter's own start included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    start_ticks = int(fields.rpartition(")")[2].split()[19])
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return now - start_ticks / os.sysconf("SC_CLK_TCK")
