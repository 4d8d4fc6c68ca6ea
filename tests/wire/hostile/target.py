"""The gateway under attack, seen from outside: its counters, and a client that it must not fail."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests import models
from tests.wire.hostile.wire import Wire, wait_for
from tiltyard.client import InferenceClient
from tiltyard.ops.gateway_process import GatewayProcess

PAUSE_S: Final = 0.001  # between honest calls, so that attacks get a share of the machine


class HonestClient:
    """A grpcio client that calls all the time and knows what each reply has to be."""

    def __init__(self, address: str) -> None:
        self._client = InferenceClient(address)
        self._random = np.random.default_rng(7)
        self._row = models.breast_cancer()[0][:1].astype(np.float32)
        self._known: bytes | None = None
        self._stopping = threading.Event()
        self._may_run = threading.Event()
        self._may_run.set()
        self._idle = threading.Event()
        self.replies = 0
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="honest")
        self._thread.start()

    def close(self) -> None:
        """End it; raises what went wrong."""
        self._stopping.set()
        self._may_run.set()
        self._thread.join()
        self._client.close()
        self.check()

    def check(self) -> None:
        """Raise what went wrong so far."""
        if self.failure is not None:
            raise AssertionError("the honest client was disturbed") from self.failure

    def wait_for_reply(self) -> None:
        """Until one more reply has come, of a call that was made after this one."""
        before = self.replies
        wait_for(
            lambda: self.replies > before + 1 or self.failure is not None,
            "the honest client got no reply",
        )
        self.check()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, it has no call open."""
        self._may_run.clear()
        assert self._idle.wait(30.0), "the honest client waits for a reply"
        try:
            yield
        finally:
            self._may_run.set()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(PAUSE_S):
                if not self._may_run.is_set():
                    self._idle.set()
                    self._may_run.wait()
                    self._idle.clear()
                self._call()
        except BaseException as error:  # noqa: BLE001 - check() raises it in the test's thread
            self.failure = error
        finally:
            self._idle.set()

    def _call(self) -> None:
        sent = self._random.integers(0, 2**32, (3, 4), np.uint32).view(np.float32)
        got = self._client.infer("identity", {"x": sent}, timeout_s=30.0).outputs["y"]
        assert got.tobytes() == sent.tobytes(), "another reply than was due"
        scores = self._client.infer("w1", {"X": self._row}, timeout_s=30.0).outputs
        bits = b"".join(value.tobytes() for value in scores.values())
        self._known = self._known or bits
        assert bits == self._known, "not the bits of the first reply"
        self.replies += 1


class Target:
    """A gateway and its honest client. What is asked of it comes from its log after SIGUSR1."""

    def __init__(self, gateway: GatewayProcess, memory_slack_bytes: int) -> None:
        # How much memory an attack may cost: conftest.py's limits, and what malloc keeps.
        self.memory_slack_bytes = memory_slack_bytes
        self.gateway = gateway
        self.address = gateway.address
        self.honest = HonestClient(gateway.address)
        self._log = os.dup(gateway._log.fileno())
        self._offset = 0
        self._asked = 0

    def close(self) -> None:
        """End the honest client; the gateway is its maker's."""
        os.close(self._log)
        self.honest.close()

    def connect(self, *settings: tuple[int, int], greet: bool = True, buffer: int = 0) -> Wire:
        """A new hostile connection."""
        return Wire(self.address, *settings, greet=greet, receive_buffer=buffer)

    def counters(self) -> dict[str, Any]:
        """What the gateway has counted; values that it keeps a thread are summed."""
        found: list[dict[str, Any]] = []

        def has_come() -> bool:
            text = os.pread(self._log, 1 << 24, self._offset)
            whole = text[: text.rfind(b"\n") + 1]
            self._offset += len(whole)
            rows = [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]
            found.extend(row for row in rows if row["event"] == "counters")
            return bool(found)

        os.kill(self.gateway.pid, signal.SIGUSR1)
        wait_for(has_come, "the gateway did not log its counters")
        return {
            name: sum(value) if isinstance(value, list) else value
            for name, value in found[-1].items()
        }

    def peak_memory_bytes(self) -> int:
        """The most that the gateway ever had in memory."""
        status = Path(f"/proc/{self.gateway.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1_024

    def check_unharmed(self) -> None:
        """It lives, serves the honest client, and holds nothing of connections that are gone."""
        process = self.gateway.process
        assert process is not None
        assert process.poll() is None, self.gateway.log()
        self.honest.wait_for_reply()
        with self.honest.paused():
            seen: dict[str, int] = {}

            def is_empty() -> bool:
                now = self.counters()
                seen.update(
                    {name: now[name] for name in ("connections", "open_calls", "in_flight_bytes")}
                )
                return list(seen.values()) == [1, 0, 0]  # the honest client's connection

            wait_for(is_empty, f"it still holds {seen}")
