"""What a row counts for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.alarm.exponent import CELL, SCORE, kish, largest_request, row_exponents
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts

sizes = st.lists(st.integers(1, 10_000), min_size=1, max_size=50)


def of_requests(rows: list[int]) -> TickCounts:
    squared = sum(b * b for b in rows)
    return TickCounts(np.zeros(1, np.int64), sum(rows), len(rows), squared, 1.0, 1.0)


@given(sizes)
def test_no_request_is_larger_than_the_bound(rows: list[int]) -> None:
    tick = of_requests(rows)
    assert largest_request(tick) >= max(rows) * (1 - 1e-6)
    assert 1 <= kish(tick) <= max(rows) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("rows", "largest"), [([1] * 100, 1), ([10] * 10, 10), ([50, *[1] * 50], 50), ([7], 7)]
)
def test_it_is_exact_for_equal_requests_and_for_one_among_equal_ones(
    rows: list[int], largest: int
) -> None:
    assert largest_request(of_requests(rows)) == pytest.approx(largest)


def test_scores_go_by_kish_and_single_cells_by_the_largest_request() -> None:
    tick = of_requests([50, *[1] * 50])
    kappa, rows = np.array([1.0, 30.0, 90.0]), np.full(3, 100.0)
    found = row_exponents(tick, kappa, rows, AlarmPolicy())
    assert 1 / found[SCORE] == pytest.approx([25.5, 30, 90])
    assert 1 / found[CELL] == pytest.approx([50, 50, 90])
    independent = row_exponents(tick, kappa, rows, AlarmPolicy(rows_independent=True))
    assert 1 / independent == pytest.approx(np.array([kappa, kappa]))


def test_a_flood_counts_for_n_cap_and_nothing_for_more_than_1() -> None:
    tick = of_requests([1] * 100)
    found = row_exponents(tick, np.ones(2), np.array([5000.0, 100.0]), AlarmPolicy(n_cap=1000))
    assert found.tolist() == [[0.2, 1.0]] * 2


@given(st.integers(1, 10), st.integers(0, 2**32 - 1))
def test_a_block_of_equal_rows_is_safe_with_its_size(rows: int, seed: int) -> None:
    """E of (w^rows)^(1/rows) is E w, whatever w: a bet that wins nothing still does not."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(5))
    w = rng.pareto(0.5, 5)
    w /= p @ w
    exponent = 1 / largest_request(of_requests([rows]))
    assert p @ w ** (rows * exponent) == pytest.approx(1.0)
