"""What a process costs: CPU time and memory, read from the kernel."""

import time
from pathlib import Path

_CPUCLOCK_SCHED = 2  # linux/posix-timers: the precise CPU clock of a process


def cpu_ns(pid: int) -> int:
    """CPU time of a process, all threads, ended ones too. Raises OSError when it is gone."""
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)


def threads_cpu_ns(pid: int, prefix: str) -> int:
    """CPU time of a process's threads whose name begins so. Raises ValueError when it has none."""
    found = [
        int((task / "schedstat").read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir()
        if (task / "comm").read_text().startswith(prefix)
    ]
    if not found:
        raise ValueError(f"expected threads of process {pid} named {prefix}..., found none")
    return sum(found)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, counted page by page (not the kernel's lagging estimate)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"expected a line Rss: in /proc/{pid}/smaps_rollup, got none")


def tree(pid: int) -> list[int]:
    """The process and everything it has started, directly or not."""
    pids = [pid]
    for parent in pids:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(child) for child in task.read_text().split()]
    return pids
