"""The engine's histograms as Prometheus histograms. Pure.

The engine's buckets are 32 a power of two (native/stats/latency_histogram.h), of whole nanoseconds.
Every power of two begins one of them, so a bucket here is a sum of whole buckets there and its
count is exact: `le` is the largest value that it has, 2^k - 1 ns. Prometheus reads `le` as "at
most", and a value of 2^k ns is already in the next bucket.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Final

from tiltyard.control.histogram import Histogram, upper_edge

NS_PER_S: Final = 1e9
INFINITY: Final = "+Inf"

POWERS: Final = tuple(range(12, 33))  # 4 us to 4.3 s
SECONDS: Final = tuple(repr((2**power - 1) / NS_PER_S) for power in POWERS)

_ENGINE_BUCKETS: Final = 2_048  # more than it has

# The engine counts group runs by their rows, up to 256 and above.
ROWS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
ROWS_LABELS: Final = tuple(f"{rows}.0" for rows in ROWS)


def seconds_buckets(histogram: Histogram) -> tuple[list[tuple[str, int]], float]:
    """[(le in seconds, how many values are at most that)], ascending, and the sum in seconds.

    `histogram` is {smallest ns of the bucket: count}. In the sum each value is taken as the middle
    of its bucket, so it is within 1.6 %, and it never shrinks while counts grow. What took longer
    than the last bucket's end, 18 minutes, is taken to be in it.

    >>> buckets, total = seconds_buckets({4_095: 2, 4_096: 3})
    >>> buckets[:2], round(total, 8)
    ([('4.095e-06', 2), ('8.191e-06', 5)], 2.073e-05)
    """
    parts = [0] * (len(POWERS) + 1)
    twice_ns = 0
    for floor, count in histogram.items():
        place, twice_middle_ns = _place(floor)
        parts[place] += count
        twice_ns += twice_middle_ns * count
    edges = (*SECONDS, INFINITY)
    return list(zip(edges, accumulate(parts), strict=True)), twice_ns / 2 / NS_PER_S


@lru_cache(_ENGINE_BUCKETS)
def _place(floor: int) -> tuple[int, int]:
    """Which bucket here an engine's bucket is part of, and twice its middle in ns."""
    above = max(floor.bit_length(), POWERS[0]) - POWERS[0]
    return min(above, len(POWERS)), floor + upper_edge(floor)


def rows_buckets(runs: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    """(le in rows, how many group runs had at most that many), ascending, of {rows: runs}.

    >>> list(rows_buckets({1: 5, 3: 2, 256: 1}))[-1]
    ('+Inf', 8)
    """
    for rows, label in zip(ROWS, ROWS_LABELS, strict=True):
        yield label, sum(count for size, count in runs.items() if size <= rows)
    yield INFINITY, sum(runs.values())
