"""Histograms in the engine's buckets."""

import pytest

from tiltyard.control.histogram import merged, quantile, upper_edge


@pytest.mark.parametrize(
    ("floor", "edge"),
    [(0, 0), (31, 31), (32, 32), (63, 63), (64, 65), (126, 127), (128, 131), (983_040, 999_423)],
)
def test_buckets_are_thirty_two_to_a_power_of_two(floor: int, edge: int) -> None:
    assert upper_edge(floor) == edge


def test_the_last_bucket_ends_where_the_engine_says() -> None:
    assert upper_edge(63 << 34) == 1 << 40


def test_histograms_are_merged_by_adding() -> None:
    assert merged({1: 2, 64: 1}, {}, {64: 3}) == {1: 2, 64: 4}


def test_a_quantile_is_the_upper_edge_of_its_bucket() -> None:
    found = {64: 98, 5: 1, 999_424: 1}
    assert [quantile(found, part) for part in (0.0, 0.01, 0.5, 0.99, 1.0)] == [
        5,
        5,
        65,
        65,
        1_015_807,
    ]
    assert quantile({}, 0.5) == 0
