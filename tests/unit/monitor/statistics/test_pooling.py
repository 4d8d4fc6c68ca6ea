"""Cells are pooled until each expects five rows, and no row is lost."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given

from tests.unit.monitor.statistics.samples import two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.pooling import EXPECTED_MIN, pool_small

Counts = npt.NDArray[Any]


def expected_rows(current: Counts, reference: Counts) -> Counts:
    n, m = current.sum(), reference.sum()
    return np.asarray((current + reference) * min(n, m) / (n + m))


@given(two_samples())
def test_rows_stay_and_no_cell_is_small(two: tuple[Ints, Ints]) -> None:
    current, reference = pool_small(*two)
    assert (current.sum(), reference.sum()) == (two[0].sum(), two[1].sum())
    expected = expected_rows(current, reference)
    cells = expected[expected > 0]
    assert len(cells) == 1 or (cells >= EXPECTED_MIN).all()


@given(two_samples())
def test_large_cells_are_left_alone_unless_the_pool_needs_one(two: tuple[Ints, Ints]) -> None:
    current, reference = pool_small(*two)
    large = expected_rows(*two) >= EXPECTED_MIN
    moved = large & ((current[:-1] != two[0]) | (reference[:-1] != two[1]))
    assert np.count_nonzero(moved) <= 1
    if moved.any():
        assert expected_rows(*two)[~large].sum() < EXPECTED_MIN
        assert (two[0] + two[1])[moved] == (two[0] + two[1])[large].min()


def test_five_expected_rows_are_enough_and_fewer_are_not() -> None:
    enough, _ = pool_small([90, 5, 5], [90, 5, 5])
    assert enough.tolist() == [90, 5, 5, 0]
    # 9 of 200 rows: 4.5 in a sample of 100; two such cells expect 9 together.
    pooled, expected = pool_small([91, 4, 5], [91, 5, 4])
    assert (pooled.tolist(), expected.tolist()) == ([91, 0, 0, 9], [91, 0, 0, 9])


def test_nothing_is_pooled_where_all_expect_enough() -> None:
    current, reference = pool_small([30, 40], [300, 500])
    assert current.tolist() == [30, 40, 0]
    assert reference.tolist() == [300, 500, 0]


def test_without_rows_nothing_is_left() -> None:
    current, reference = pool_small([0, 0], [0, 0])
    assert current.sum() == reference.sum() == 0
