"""An operator in a process of its own: calls a gateway's admin API while there is load.

It shares a core with the load generator. Where latency is measured it must not make that late, and
runs at the lowest priority; it may then take seconds to start, and is therefore started before the
load. It reads one JSON command a line and prints one JSON object for each.
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final, Self

from bench.load import LoadError
from bench.paths import ROOT
from tiltyard.client import AdminCallError, AdminClient

PATIENT: Final = 19  # the nice value of one who makes nobody late
READY: Final = "ready\n"


@dataclass(frozen=True)
class Calls:
    """What came of some calls, one after the other. Times of the clock are CLOCK_MONOTONIC.

    A call counts as sent when it is handed to the client, which is a little before it leaves.
    """

    done: int
    failed: int
    first_failure: str
    first_sent_ns: int
    last_returned_ns: int
    p50_ms: float
    max_ms: float


class Operator:
    """The process, started and connected. A context manager: leaving it ends the process."""

    def __init__(self, address: str, core: int, nice: int) -> None:
        """Raises LoadError when it does not start."""
        line = ["nice", "-n", str(nice), "taskset", "-c", str(core)]
        if nice == PATIENT:
            # By nice value alone it takes the core for 4 ms now and then: see native/base.
            line = ["chrt", "--idle", "0", *line]
        self._process = subprocess.Popen(
            [*line, sys.executable, "-m", "bench.operator_process", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def call(self, method: str, *arguments: Any) -> Calls:
        """Call a method of AdminClient. Raises LoadError when the process has ended."""
        return self.call_each(method, [arguments], 0.0)

    def call_each(self, method: str, arguments: list[Any], seconds: float) -> Calls:
        """Call it with each of the arguments, evenly spread over so long; 0: as fast as it goes.

        A call that comes late does not put off the next; when the time is over it ends.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([method, arguments, seconds]) + "\n")
        self._process.stdin.flush()
        return Calls(**json.loads(self._read()))

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, said = self._process.communicate()
            raise LoadError(f"the operator's process ended: {said[-500:]}")
        return line


def call_each(admin: AdminClient, method: str, arguments: list[Any], seconds: float) -> Calls:
    """What the process does with a command."""
    spans = []
    failures = []
    start_ns = time.monotonic_ns()
    for index, values in enumerate(arguments):
        if 0 < seconds * 1e9 < time.monotonic_ns() - start_ns:
            break
        due_ns = start_ns + int(index * seconds / len(arguments) * 1e9)
        time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        sent_ns = time.monotonic_ns()
        try:
            getattr(admin, method)(*values)
        except AdminCallError as error:
            failures.append(str(error))
        spans.append((sent_ns, time.monotonic_ns()))
    lengths_ms = [(returned - sent) / 1e6 for sent, returned in spans]
    return Calls(
        done=len(spans) - len(failures),
        failed=len(failures),
        first_failure=failures[0] if failures else "",
        first_sent_ns=spans[0][0],
        last_returned_ns=spans[-1][1],
        p50_ms=statistics.median(lengths_ms),
        max_ms=max(lengths_ms),
    )


def _main(address: str) -> None:
    with AdminClient(address, actor="bench") as admin:
        admin.get_route()
        gc.freeze()
        sys.stdout.write(READY)
        sys.stdout.flush()
        for line in sys.stdin:
            method, arguments, seconds = json.loads(line)
            print(json.dumps(asdict(call_each(admin, method, arguments, seconds))), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1])
