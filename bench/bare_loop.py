"""session.run in a bare loop, no server: python -m bench.bare_loop MODEL THREADS SECONDS SHAPE.

What worker threads could do at best. Prints one JSON object: runs a second, seconds a run.
"""

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

from bench.corpus import open_session


def run(
    model_file: Path, thread_count: int, seconds: float, shape: tuple[int, ...]
) -> dict[str, float]:
    """Call the model with one random input of `shape` from each thread for so long, and count."""
    session = open_session(model_file)
    source = session.get_inputs()[0]
    rows = np.random.default_rng(0).random(shape, dtype=np.float32)
    outputs = [output.name for output in session.get_outputs()]
    counts = [0] * thread_count
    session.run(outputs, {source.name: rows})
    end = time.monotonic() + seconds

    def loop(index: int) -> None:
        while time.monotonic() < end:
            session.run(outputs, {source.name: rows})
            counts[index] += 1

    threads = [threading.Thread(target=loop, args=(i,)) for i in range(thread_count)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.monotonic() - start
    return {"throughput": sum(counts) / wall_s, "run_us": thread_count * wall_s / sum(counts) * 1e6}


if __name__ == "__main__":
    given_shape = tuple(int(n) for n in sys.argv[4].split(","))
    report = run(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), given_shape)
    print(json.dumps(report))
