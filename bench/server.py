"""A server under load: started on its core, ready when it has given a right answer, then stopped.

One class for all; `servers.py` says how each one is started.
"""

import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.load import LoadError, Target, wait_for_answer
from bench.paths import BUILD
from bench.process import tree

START_S_MAX = 90.0
STOP_S_MAX = 20.0


class ServerError(Exception):
    """A server did not start or did not stop; the message says which, and what it wrote last."""


def free_port() -> int:
    """A TCP port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Launch:
    """How a server is started and how its replies are judged.

    `ready_pattern` finds the address in what it prints, where it picks the port itself, and
    `admin_pattern` that of its admin port.
    """

    name: str
    command: list[str]
    address: str
    corpus: Path
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    tolerance: float = 0.0
    any_rank: bool = False
    tls_ca: Path | None = None
    ready_pattern: str | None = None
    admin_pattern: str | None = None
    start_s_max: float = START_S_MAX


class Server:
    """A running server. A context manager: leaving it stops the process."""

    def __init__(self, launch: Launch, cores: str) -> None:
        self.launch = launch
        self.address = launch.address
        self._cores = cores
        self._log = BUILD / "logs" / f"{launch.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.started_ns = 0
        self.ready_ns = 0

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self.started_ns = time.monotonic_ns()
            self._process = subprocess.Popen(
                ["taskset", "-c", self._cores, *self.launch.command],
                env={**os.environ, **self.launch.env},
                cwd=self.launch.cwd,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if self.launch.ready_pattern is not None:
                self.address = self._wait_for_address(self.launch.ready_pattern)
            self.ready_ns = wait_for_answer(self.target(), self.launch.start_s_max)
        except (LoadError, ServerError) as error:
            self.stop()
            raise ServerError(
                f"{self.launch.name} did not start: {error}\n{self.tail()}"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process that was started (taskset becomes the server). Raises ServerError."""
        if self._process is None:
            raise ServerError(f"{self.launch.name} is not running")
        return self._process.pid

    @property
    def admin_address(self) -> str:
        """Where the gateway answers operators. Raises ServerError when it has no such port."""
        if self.launch.admin_pattern is None:
            raise ServerError(f"{self.launch.name} was started without an admin port")
        return self._wait_for_address(self.launch.admin_pattern)

    def target(self) -> Target:
        """Where load goes, with every process of the server watched."""
        return Target(
            self.address,
            self.launch.corpus,
            tolerance=self.launch.tolerance,
            any_rank=self.launch.any_rank,
            tls_ca=self.launch.tls_ca,
            watched_pids=tuple(tree(self.pid)),
        )

    def _wait_for_address(self, pattern: str) -> str:
        seconds = self.launch.start_s_max
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if found := re.search(pattern, self.log()):
                return found.group(1)
            if self._process is not None and self._process.poll() is not None:
                raise ServerError(f"it ended with code {self._process.returncode}")
            time.sleep(0.02)
        raise ServerError(f"it printed nothing that matches {pattern} in {seconds:g} s")

    def log(self) -> str:
        """All that the server has written so far."""
        return self._log.read_text(errors="replace")

    def tail(self) -> str:
        """The last lines the server wrote."""
        return "\n".join(self.log().splitlines()[-15:])

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to its process group when that does not help in time."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
