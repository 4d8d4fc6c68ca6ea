"""Instructions a request costs the io thread, counted by callgrind.

Time depends on the machine and on who else is on it; instructions do not, where the same requests
run together each time. The whole gateway runs under valgrind, one thread at a time, so nothing else
can be measured meanwhile.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.context import Context
from bench.load import Shape
from bench.paths import BUILD
from bench.server import Launch, Server, ServerError

FOLDER = BUILD / "callgrind"
START_S_MAX = 600.0
# Under valgrind a model takes its time to load, and a call of an operator to be answered.
LOAD_TIMEOUT_S = 600
# A run takes so much longer there that the limits of a cycle would tear groups apart.
LIMITS = "[limits]\ninline_run_us_max = 1000000\ncycle_run_us_max = 1000000\n"
# Requests before the count begins: every page, buffer and cache there is has been used by then.
WARM_UP_REQUESTS = 5_000
# 32 requests in one read, 32 replies in one write: each cycle has the same group. Over many
# connections that would differ from cycle to cycle, and the count by a tenth.
WAVES = Shape(1, 32)


@dataclass(frozen=True)
class Instructions:
    """What a request cost; `faults` of the load that was counted."""

    a_request: float
    faults: list[str]


def under_callgrind(launch: Launch) -> Launch:
    """The gateway under callgrind, not counting yet. Raises ServerError without valgrind."""
    if shutil.which("valgrind") is None:
        raise ServerError("valgrind is not installed (Debian: valgrind)")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    line = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "--instr-atstart=no"]
    line += ["--fair-sched=yes", f"--callgrind-out-file={FOLDER / 'out'}"]
    config = FOLDER / "limits.toml"
    config.write_text(LIMITS)
    extra = ["--config", str(config), "--load-timeout-s", str(LOAD_TIMEOUT_S)]
    return replace(
        launch,
        name=f"{launch.name}.callgrind",
        command=[*line, *launch.command, *extra],
        start_s_max=START_S_MAX,
    )


def count_instructions(
    context: Context, server: Server, requests: int, shape: Shape = WAVES
) -> Instructions:
    """Put so many requests on a server that was started under callgrind, and count.

    Counting is off again when it returns. Raises ServerError.
    """
    warm = context.load(server, shape, requests=min(requests, WARM_UP_REQUESTS))
    _tell(server, "instrumentation on")
    again = context.load(server, shape, requests=min(requests, WARM_UP_REQUESTS))
    _tell(server, "zero")
    seen = set(FOLDER.iterdir())
    counted = context.load(server, shape, requests=requests, warm_up_s=0.0)
    _tell(server, "dump")
    _tell(server, "instrumentation off")
    dumps = [file.read_text(errors="replace") for file in set(FOLDER.iterdir()) - seen]
    faults = warm.faults + again.faults + counted.faults
    return Instructions(busiest_thread(dumps) / max(1, counted.replies), faults)


def busiest_thread(dumps: Iterable[str]) -> int:
    """Instructions of the thread that ran the most: under load that is the io thread.

    Each dump is of one thread. Raises ServerError when there is none.
    """
    line = re.compile(r"^totals: (\d+)", re.MULTILINE)
    totals = [int(found) for dump in dumps for found in line.findall(dump)]
    if not totals:
        raise ServerError(f"callgrind wrote no dump with a line 'totals:' to {FOLDER}")
    return max(totals)


def _tell(server: Server, order: str) -> None:
    line = ["vgdb", f"--pid={server.pid}", "--wait=5", *order.split()]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"callgrind did not take '{order}': {done.stderr.strip()[-300:]}")
