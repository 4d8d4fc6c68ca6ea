"""Counting records in a loop, no gateway: python -m bench.counting_loop SECONDS.

Blocks as a ring hands them over, of 64 KiB, with 30 features and 3 outputs of 32 cells each, in the
reference's own distribution. One JSON line a case: rows a second of the thread's CPU time,
nanoseconds a row and a feature.
"""

import json
import sys
import time
from dataclasses import replace

import numpy as np

from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.compilation import compile_kernel
from tiltyard.monitor.counting.counter import Kernel
from tiltyard.monitor.counting.record import HEAD_WORDS, Words
from tiltyard.monitor.profile.build import profile_of_columns
from tiltyard.monitor.profile.profile import JointScores, Profile

FEATURES = 30
OUTPUTS = 3
REFERENCE_ROWS = 5_000
BLOCK_BYTES = 64 << 10
BLOCKS = 64


def numeric_profile() -> Profile:
    """30 normal features and 3 outputs: 32 cells each, surprise and Mahalanobis distance."""
    chance = np.random.default_rng(0)
    values = chance.standard_normal((FEATURES + OUTPUTS, REFERENCE_ROWS)).astype(np.float32)
    return profile_of_columns(
        {f"x{n}": values[n] for n in range(FEATURES)},
        {f"y{n}": values[FEATURES + n] for n in range(OUTPUTS)},
        model="bench",
        version=1,
    )


def without_distances(profile: Profile) -> Profile:
    """The same profile as of features without a covariance."""
    none = np.zeros(0)
    joint = JointScores(profile.joint.bits, none.astype(np.int64), none, none, np.zeros((0, 0)))
    return replace(profile, streams=profile.streams[:-1], joint=joint)


def blocks_of(profile: Profile, rows: int) -> list[Words]:
    """Read-only blocks of so many records."""
    chance = np.random.default_rng(1)
    slots = len(profile.slots)
    words = np.zeros((BLOCKS, rows, HEAD_WORDS + slots + slots % 2), np.uint32)
    words[..., 4] = 1
    values = chance.standard_normal((BLOCKS, rows, slots)).astype(np.float32)
    words[..., HEAD_WORDS : HEAD_WORDS + slots] = values.view(np.uint32)
    words.flags.writeable = False
    return list(words)


def measure(profile: Profile, kernel: Kernel, rows: int, seconds: float) -> dict[str, float]:
    """Count blocks of so many records again and again, for so long."""
    counter = BlockCounter(profile, kernel)
    counts = profile.layout.zeros()
    blocks = blocks_of(profile, rows)
    counter.count(blocks[0], counts)
    counted, spent, begin = 0, 0.0, time.thread_time()
    while not counted or spent < seconds:
        for block in blocks:
            counter.count(block, counts)
        counted += rows * len(blocks)
        spent = time.thread_time() - begin
    row_ns = spent / counted * 1e9
    return {"rows_per_s": counted / spent, "row_ns": row_ns, "feature_ns": row_ns / FEATURES}


def main(seconds: float) -> None:
    compiled = compile_kernel()
    profile = numeric_profile()
    full = BLOCK_BYTES // (4 * (HEAD_WORDS + len(profile.slots)))
    cases = {
        "full": (profile, full),
        "without_mahalanobis": (without_distances(profile), full),
        "ten_rows": (profile, 10),
        "one_row": (profile, 1),
    }
    for name, (case, rows) in cases.items():
        values = measure(case, compiled.kernel, rows, seconds)
        print(json.dumps({"bench": name, **values}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
