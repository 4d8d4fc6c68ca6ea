"""`tiltyard serve` as a child process: started, ready, stopped. The demo and the tests use it."""

import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Self

from tiltyard.errors import ServeError


class GatewayProcess:
    """A context manager: inside, a gateway serves at `address`; leaving it sends SIGTERM.

    `arguments` are those of `tiltyard serve`; without --grpc, --admin or --http it takes free ports
    of 127.0.0.1.
    Raises ServeError when it does not become ready in `ready_s`.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        ready_s: float = 60.0,
        stop_s: float = 60.0,
    ) -> None:
        free = [
            part
            for option in ("--grpc", "--admin", "--http")
            if option not in arguments
            for part in (option, "127.0.0.1:0")
        ]
        self._command = [*prefix, sys.executable, "-m", "tiltyard", "serve", *free, *arguments]
        self._env = env
        self._ready_s = ready_s
        self._stop_s = stop_s
        self._log = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - __exit__ closes it
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_line = ""
        self.address = ""
        self.admin_address = ""
        self.http_address = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=self._log, env=self._env
        )
        try:
            self.ready_line = self._wait_for_line(self.process.stdout)
            self.address = self._address("grpc")
            self.admin_address = self._address("admin")
            self.http_address = self._address("http")
        except BaseException:
            self.process.kill()
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._close()

    @property
    def pid(self) -> int:
        """The process's id. Raises ServeError before it was started."""
        if self.process is None:
            raise ServeError("the gateway was not started")
        return self.process.pid

    def log(self) -> str:
        """All that it has written to stderr so far."""
        # The child writes where the shared offset stands, so it must not be moved.
        number = self._log.fileno()
        return os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace")

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when that does not end it in time; the exit code. Idempotent."""
        if self.process is None:
            raise ServeError("the gateway was not started")
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """The exit code of one that was told to stop; SIGKILL when it does not end in time."""
        if self.process is None:
            raise ServeError("the gateway was not started")
        try:
            return self.process.wait(self._stop_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _wait_for_line(self, stdout: IO[bytes] | None) -> str:
        """The first line of stdout; what there is of it when the process ends."""
        if stdout is None:
            raise ServeError("the gateway has no stdout")
        give_up = time.monotonic() + self._ready_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, give_up - time.monotonic())):
                    raise ServeError(f"the gateway was not ready in {self._ready_s:g} s")
                read = os.read(stdout.fileno(), 4096)
                if not read:
                    break
                line += read
        return line.decode(errors="replace").strip()

    def _address(self, name: str) -> str:
        """Of the ready line; "" where it has none of that name."""
        if not self.ready_line:
            raise ServeError(f"the gateway did not become ready: {self.log() or 'no log'}")
        found = re.search(rf'\b{name}(?:=|": ")([^\s"]+)', self.ready_line)
        return "" if found is None else found.group(1)

    def _close(self) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.wait()
            self.process.stdout.close()
        self._log.close()
