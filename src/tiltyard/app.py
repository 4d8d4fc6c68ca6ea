"""The gateway as a process: builds everything in start order, and stops it in reverse.

Order: engine, store, slow path, listen, load, publish, ready. The port is open before the first
model is loaded, and answers "not ready" until all have settled. What is slow to import (numpy,
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

from tiltyard._core import CoreError, Engine, enter_background_priority
from tiltyard.config import Config, split_address
from tiltyard.errors import ServeError
from tiltyard.loading import LoadReport, load_all, pending
from tiltyard.ops.log import logger
from tiltyard.ops.signals import Events
from tiltyard.protocol.replies import build_replies
from tiltyard.protocol.slow_path import SlowPath
from tiltyard.store import open_store

DRAIN_POLL_S = 0.01
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
        if gateway.is_loading:
            # The interpreter's own end would wait for a model that may never come.
            sys.stderr.flush()
            os._exit(code)
        return code


class Gateway:
    """One engine with everything around it. Used from the main thread."""

    def __init__(self, config: Config, events: Events) -> None:
        self._config = config
        self._events = events
        self._store = open_store(config.store)
        self._engine = _make_engine(config)
        self._stopping = threading.Event()
        self._slow_path = SlowPath(self._engine, self._log_bug)
        self._threads: list[threading.Thread] = []
        self._models: dict[str, list[int]] = {}
        self._report = LoadReport()
        self._load_bug: Exception | None = None
        self.address = ""

    def start(self) -> None:
        """Listen, and begin to load. Raises TiltyardError."""
        self._models = self._store.models()
        self._publish(LoadReport(unready=pending(self._models)), ready=False)
        self._listen()
        self._start_thread("slow-path", self._slow_path.run)
        self._start_thread("load", self._load)

    def run(self) -> int:
        """Wait for the models, then for a signal; drain. The exit code."""
        while not self._events.loaded and not self._events.stops:
            self._events.wait()
        if self._load_bug is not None:
            raise self._load_bug
        if self._events.loaded and not self._events.stops:
            self._announce()
            enter_background_priority("tiltyard")
            self._log_report()
        while not self._events.stops:
            self._events.wait()
        return self._drain()

    def stop(self) -> None:
        """Close everything at once. Idempotent."""
        self._stopping.set()
        self._slow_path.stop()
        self._engine.stop()
        for thread in self._threads:
            thread.join(timeout=2.0)

    @property
    def is_loading(self) -> bool:
        """Whether a model is still being loaded, which nothing can interrupt."""
        return any(thread.is_alive() for thread in self._threads)

    def _publish(self, report: LoadReport, *, ready: bool) -> None:
        rows_max = self._config.limits.batch_rows_max
        replies = build_replies(report.versions, report.unready, rows_max)
        self._engine.publish(report.versions, report.unready, replies, ready=ready)

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
            self._report = load_all(self._engine, self._store, self._models, self._stopping)
            if not self._stopping.is_set():
                self._publish(self._report, ready=True)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._load_bug = error
        self._events.tell_loaded()

    def _announce(self) -> None:
        """The ready line, the only thing that goes to stdout."""
        found = {
            "grpc": self.address,
            "models": self._report.models,
            "versions": len(self._report.versions),
            "failed": len(self._report.unready),
        }
        age_s = _process_age_s()
        if self._config.log_format == "json":
            line = json.dumps({"event": "ready", **found, "seconds": round(age_s, 3)})
        else:
            words = " ".join(f"{name}={value}" for name, value in found.items())
            line = f"tiltyard ready {words} in {age_s:.2f}s"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _log_report(self) -> None:
        log = logger(self._config.log_format)
        for notice in self._report.notices:
            log.info("notice", text=notice)
        for version in self._report.versions:
            log.info(
                "version_serving",
                model=version.model,
                version=version.version,
                inline=version.inline,
                batchable=version.batchable,
                bitwise=version.bitwise,
                batching=version.batch_reason,
                run_us=round((version.base_ns + version.row_ns) / 1_000, 1),
            )
        for model, number, reason in self._report.unready:
            log.error("version_failed", model=model, version=number, reason=reason)
        for bug in self._report.bugs:
            log.error("load_bug", exc_info=bug)

    def _log_bug(self, method: str, error: Exception) -> None:
        logger(self._config.log_format).error("slow_path_bug", method=method, exc_info=error)

    def _drain(self) -> int:
        log = logger(self._config.log_format)
        log.info("draining", drain_s=self._config.drain_s)
        self._stopping.set()
        self._engine.drain()
        give_up = time.monotonic() + self._config.drain_s
        while not self._engine.drained():
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
