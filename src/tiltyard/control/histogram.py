"""Histograms of the engine: {smallest value of a bucket: how many fell into it}. Pure.

Buckets are those of native/stats/latency_histogram.h, so that histograms are merged by adding.
"""

import math
from collections.abc import Mapping
from typing import Final

Histogram = Mapping[int, int]

# To a power of two; below it every value has a bucket of its own.
_SUB_BUCKETS: Final = 32
_VALUE_MAX: Final = 1 << 40  # the last bucket has all above, too


def upper_edge(floor: int) -> int:
    """The largest value of the bucket whose smallest is `floor`."""
    if floor < _SUB_BUCKETS:
        return floor
    width = 1 << (floor.bit_length() - _SUB_BUCKETS.bit_length())
    return _VALUE_MAX if floor + width >= _VALUE_MAX else floor + width - 1


def merged(*histograms: Histogram) -> dict[int, int]:
    """All of them as one."""
    found: dict[int, int] = {}
    for histogram in histograms:
        for floor, count in histogram.items():
            found[floor] = found.get(floor, 0) + count
    return found


def quantile(histogram: Histogram, part: float) -> int:
    """The upper edge of the bucket that holds it; 0 when nothing was counted."""
    rank = max(1, math.ceil(part * sum(histogram.values())))
    seen = 0
    for floor, count in sorted(histogram.items()):
        seen += count
        if seen >= rank:
            return upper_edge(floor)
    return 0
