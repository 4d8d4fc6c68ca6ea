"""Prometheus' buckets hold exactly what the engine's have, at their edges too."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.ops.metrics_buckets import (
    INFINITY,
    POWERS,
    SECONDS,
    rows_buckets,
    seconds_buckets,
)

NS = st.integers(0, 2**39)


def bucket_floor(ns: int) -> int:
    """Of the engine's bucket that the value falls into; see native/stats/latency_histogram.h."""
    shift = max(0, ns.bit_length() - 6)
    return (ns >> shift) << shift


@given(st.lists(NS | st.sampled_from([2**k + d for k in range(4, 36) for d in (-1, 0, 1)])))
def test_a_bucket_counts_what_is_at_most_its_edge(values: list[int]) -> None:
    buckets, total = seconds_buckets(Counter(map(bucket_floor, values)))
    *edges, (last, count) = buckets
    assert (last, count) == (INFINITY, len(values))
    for edge, seen in edges:
        assert seen == sum(ns <= round(float(edge) * 1e9) for ns in values)
    assert total == pytest.approx(sum(values) / 1e9, rel=1 / 64)


def test_edges_are_the_largest_values_of_the_engines_buckets() -> None:
    assert [round(float(edge) * 1e9) for edge in SECONDS] == [2**k - 1 for k in POWERS]
    assert np.all(np.diff([float(edge) for edge in SECONDS]) > 0)
    assert len(SECONDS) == 21


@given(st.dictionaries(NS.map(bucket_floor), st.integers(1, 10**6)), NS.map(bucket_floor))
def test_nothing_shrinks_when_a_value_is_added(counts: dict[int, int], floor: int) -> None:
    before, sum_before = seconds_buckets(counts)
    after, sum_after = seconds_buckets({**counts, floor: counts.get(floor, 0) + 1})
    assert all(new >= old for (_, new), (_, old) in zip(after, before, strict=True))
    assert sum_after >= sum_before


def test_rows_are_counted_up_to_each_edge() -> None:
    runs = {1: 5, 2: 1, 3: 2, 128: 4, 129: 1, 256: 7}
    assert dict(rows_buckets(runs)) == {
        "1.0": 5,
        "2.0": 6,
        "4.0": 8,
        "8.0": 8,
        "16.0": 8,
        "32.0": 8,
        "64.0": 8,
        "128.0": 12,
        INFINITY: 20,
    }
