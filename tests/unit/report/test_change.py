from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.measures import categories, measured, numeric, stream_with
from tiltyard.monitor.statistics.measure import Rate
from tiltyard.report.change import DEVIATES, changes, largest, moved_cell, rate_z
from tiltyard.report.figures import SIGMA, TIMES

CELLS = numeric(1, 2, 3, 4)
STREAM = stream_with(CELLS, [0, 0, 250, 250, 250, 250, 0, 0, 0])


def test_nothing_is_said_within_noise() -> None:
    assert changes(measured(STREAM, [0, 0, 255, 245, 252, 248, 0, 0, 0])) == ()
    assert changes(measured(STREAM, [0] * 9)) == ()


def test_missing_values_are_said_with_both_shares() -> None:
    said = changes(measured(STREAM, [0, 0, 200, 200, 200, 200, 0, 0, 200]))
    assert said == ("missing 0 % → 20 %",)


def test_values_out_of_range_are_said() -> None:
    said = changes(measured(STREAM, [0, 100, 225, 225, 225, 225, 0, 0, 0]))
    assert said[0] == "out of range 0 % → 10 %"


def test_a_shifted_mean_and_variance_are_said_in_sigmas() -> None:
    moments = np.array([2_000 * 65_536, 8_000 * 65_536])  # 1,000 rows with mean 2, variance 4
    said = changes(measured(STREAM, [0, 0, 0, 0, 0, 1_000, 0, 0, 0], moments))
    assert said == (f"mean +2.0 {SIGMA}", f"variance {TIMES}\N{NO-BREAK SPACE}4.0")


def test_another_shape_is_said_by_the_cell_that_moved_most() -> None:
    stream = stream_with(categories("red", "blue", "green"), [400, 300, 300, 0, 0, 0, 0])
    said = changes(measured(stream, [500, 310, 190, 0, 0, 0, 0]))
    assert said == ("green 30 % → 19 %",)


def test_a_share_that_does_not_matter_is_not_said() -> None:
    measure = measured(STREAM, [0, 0, 200, 200, 200, 200, 0, 0, 200])
    small = replace(measure, missing=Rate(50, 100_000, 0.0005, 0.0004, 0.0006, 0.0))
    assert rate_z(small.missing, 100_000) > DEVIATES
    assert "missing" not in " ".join(changes(small))


def test_largest_of_no_cells_is_none() -> None:
    assert largest(()) is None
    measure = measured(STREAM, [0, 0, 900, 50, 50, 0, 0, 0, 0])
    found = largest(measure.cells)
    assert found is not None
    assert moved_cell(found) == "[0, 1] 25 % → 90 %"


@given(st.integers(0, 50), st.integers(1, 500), st.integers(0, 50), st.integers(1, 500))
def test_a_rate_is_tested_as_two_proportions_are(a: int, n: int, b: int, m: int) -> None:
    a, b = min(a, n), min(b, m)
    rate = Rate(a, n, a / n, 0.0, 1.0, b / m)
    table = np.array([[a, n - a], [b, m - b]], np.float64)
    rows, columns = table.sum(1), table.sum(0)
    if columns.min() == 0:
        assert rate_z(rate, m) == 0
        return
    expected = np.outer(rows, columns) / table.sum()
    chi2 = ((table - expected) ** 2 / expected).sum()
    assert rate_z(rate, m) ** 2 == pytest.approx(chi2, rel=1e-9, abs=1e-9)


def test_a_rate_without_rows_deviates_from_nothing() -> None:
    assert rate_z(Rate(0, 0, float("nan"), 0.0, 1.0, 0.0), 100) == 0
    assert rate_z(Rate(1, 10, 0.1, 0.0, 1.0, 0.0), 0) == 0
