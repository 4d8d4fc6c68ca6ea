"""A gateway whose models have drifted, and who is told of it: made once for a file of tests.

`fraud` has one version; `m` has version 1 as its champion and 2 as its shadow. All three have
accepted baselines, warm detectors and an open alarm: the feature `amount` has gone up by a sigma.
"""

import json
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tests.e2e.watching import (
    FAST_TICKS,
    Caller,
    Ticks,
    alarms_of,
    publish_watched,
    run,
    scoring,
    wait_watched,
)
from tiltyard.client import AdminClient
from tiltyard.monitor.detection import DRIFT
from tiltyard.ops.gateway_process import GatewayProcess

Rows = npt.NDArray[np.float32]

COLUMNS: Final = ("amount", "age", "country")
SECRET: Final = b"a secret of two dozen bytes"
TICK_ROWS: Final = 100
WARM_TICKS: Final = 305
BASELINE_ROWS: Final = 3_000
DRIFT_TICKS_MAX: Final = 20
SEGMENT: Final = "country=1"
MODELS: Final = ("fraud", "m")
# Which alarms of drift are to open: model and version. The segment has a third of the rows, so its
# ticks last three times as long, and its detector is warming yet.
OPENED: Final = {("fraud", 1), ("m", 1), ("m", 2)}


def traffic(seed: int, count: int, shift: float = 0.0) -> Rows:
    """Whole amounts and ages around 40, and countries 1 to 3."""
    chance = np.random.default_rng(seed)
    amount, age = np.round(chance.normal(size=(2, count)) * 5 + 40)
    country = chance.integers(1, 4, count)
    return np.stack([amount + 5 * shift, age, country], axis=1).astype(np.float32)


class Receiver:
    """Takes what a webhook sends, on a free port of this machine. Stopped once."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        deliveries = self.deliveries

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                deliveries.append((dict(self.headers.items()), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its base's name
                """Tells nobody."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def of(self, model: str) -> list[dict[str, Any]]:
        """The payloads about a model's alarms."""
        found = [json.loads(body) for _, body in list(self.deliveries)]
        return [one for one in found if one["alarm"]["model"] == model]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Scene:
    """The gateway, which a test may stop and start again, and what was sent to it."""

    def __init__(self, folder: Path, env: dict[str, str], prefix: Sequence[str]) -> None:
        self.folder = folder
        self.store = folder / "store"
        self._running = ExitStack()
        self.receiver = Receiver()
        self._running.callback(self.receiver.stop)
        self.rows_sent = dict.fromkeys(MODELS, 0)
        self.said_on_accept = ""
        self._env = {**env, **FAST_TICKS}
        self._prefix = prefix
        self._publish()
        self._write_config()
        self.gateway = self.start()

    def start(self) -> GatewayProcess:
        arguments = ["--store", str(self.store), "--config", str(self.folder / "tiltyard.toml")]
        made = GatewayProcess(arguments, env=self._env, prefix=self._prefix)
        self.gateway = self._running.enter_context(made)
        return self.gateway

    def end(self) -> None:
        self._running.close()

    def admin(self) -> AdminClient:
        return AdminClient(self.gateway.admin_address, actor="ann")

    def run(self, *arguments: str, code: int = 0) -> str:
        """A command of an operator, about this gateway."""
        return run(*arguments, "--admin", self.gateway.admin_address, code=code)

    def drift(self) -> None:
        """Make everything that the description of this file says."""
        with self.admin() as admin, Caller(self.gateway.address) as caller:
            wait_watched(admin, *MODELS)
            admin.set_champion("m", 1)
            admin.start_challenge("m", 2, "shadow", sample=100)
            self.run("drift", "policy", "fraud", "--rows-independent", "--segment", SEGMENT)
            self.run("drift", "policy", "m", "--rows-independent")
            ticks = Ticks(admin, caller, MODELS)
            self._send(ticks, range(BASELINE_ROWS // TICK_ROWS))
            self.said_on_accept = self.run("drift", "accept", "fraud", "--window", "1h")
            for version in ("1", "2"):
                self.run("drift", "accept", "m", "--version", version, "--window", "1h")
            self._send(ticks, range(1_000, 1_000 + WARM_TICKS))
            for tick in range(DRIFT_TICKS_MAX):
                self._send(ticks, [2_000 + tick], shift=1.0)
                found = [one for name in MODELS for one in alarms_of(admin, name, DRIFT)]
                if {(one.key.model, one.key.version) for one in found} >= OPENED:
                    return
        raise AssertionError(f"not found in {DRIFT_TICKS_MAX} ticks: {found}")

    def _send(self, ticks: Ticks, seeds: Sequence[int], shift: float = 0.0) -> None:
        for seed in seeds:
            rows = traffic(seed, TICK_ROWS, shift)
            ticks.send(dict.fromkeys(MODELS, rows), rows_each=TICK_ROWS)
            for name in MODELS:
                self.rows_sent[name] += TICK_ROWS

    def _publish(self) -> None:
        made, reference = scoring([0.1, 0.05, 0.0]), {"x": traffic(0, 10_000)}
        options = ("--names", ",".join(COLUMNS), "--categorical", "country")
        for name in ("fraud", "m", "m"):
            publish_watched(self.store, name, made, reference, *options)

    def _write_config(self) -> None:
        secret = self.folder / "secret"
        secret.write_bytes(SECRET + b"\n")
        (self.folder / "tiltyard.toml").write_text(
            f"""
            false_alarms = "1 per hour"
            runbook = "https://runbooks.example.com/{{model}}/{{version}}"
            metrics_cells = true
            log_format = "json"
            [[webhooks]]
            name = "pager"
            url = "{self.receiver.url}"
            secret_file = "{secret}"
            """
        )
