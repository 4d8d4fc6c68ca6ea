import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.process import cpu_ns, resident_bytes, threads_cpu_ns, tree


def test_cpu_time_is_that_of_the_whole_process() -> None:
    before = cpu_ns(os.getpid())
    worker = threading.Thread(target=lambda: sum(range(200_000)))
    worker.start()
    worker.join()
    assert before < cpu_ns(os.getpid()) <= time.process_time_ns()


def test_a_tree_holds_children_of_children() -> None:
    program = (
        "import subprocess; own = subprocess.Popen(['cat'], stdin=0);"
        " print(own.pid, flush=True); own.wait()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    grandchild = int(child.stdout.readline())
    assert {os.getpid(), child.pid, grandchild} <= set(tree(os.getpid()))
    child.stdin.close()
    assert child.wait() == 0
    child.stdout.close()


def test_memory_grows_with_what_is_kept() -> None:
    before = resident_bytes(os.getpid())
    kept = b"x" * 50_000_000
    assert before + 40_000_000 < resident_bytes(os.getpid())
    del kept


def test_cpu_time_of_threads_is_found_by_their_names() -> None:
    name = Path("/proc/self/comm").read_text().strip()
    before = threads_cpu_ns(os.getpid(), name)
    sum(range(1_000_000))
    assert before < threads_cpu_ns(os.getpid(), name[:3]) <= time.process_time_ns() + 10_000_000
    with pytest.raises(ValueError, match="found none"):
        threads_cpu_ns(os.getpid(), "nobody")
