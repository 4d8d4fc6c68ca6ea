"""The Wasserstein distance against scipy's on representatives, and against the raw values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.unit.monitor.statistics.samples import (
    cell_of,
    codes,
    ints,
    quantile_cells,
    singles,
    two_samples,
)
from tiltyard.monitor.profile.cells import Cells, Floats, Ints, Kind, category_cells, ordered_cells
from tiltyard.monitor.statistics.wasserstein import representatives, wasserstein


def gaps(at: Floats) -> Floats:
    return np.append(np.diff(at), 0.0)


@given(two_samples(), st.data())
def test_it_is_scipys_on_representatives(two: tuple[Ints, Ints], data: st.DataObject) -> None:
    step = st.floats(0.001, 50, allow_nan=False)
    steps = data.draw(st.lists(step, min_size=len(two[0]), max_size=len(two[0])))
    at = np.cumsum(steps)
    expected = stats.wasserstein_distance(at, at, *two)
    assert float(wasserstein(*two, gaps(at))) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def folded_ordered(cells: Cells, values: Floats) -> Ints:
    found = np.bincount([cell_of(cells, x) for x in values], minlength=cells.size)
    return cells.fold(found)[cells.ordered]


def test_it_is_that_of_the_values_to_less_than_a_cell() -> None:
    rng = np.random.default_rng(9)
    before, after = rng.normal(0, 1, 3000), rng.normal(0.4, 1, 2000)
    cells = quantile_cells(before)
    inside = np.clip(after, before.min(), before.max())
    exact = stats.wasserstein_distance(before, inside)
    at = representatives(cells)
    found = wasserstein(folded_ordered(cells, after), folded_ordered(cells, before), gaps(at))
    assert float(found) == pytest.approx(exact, rel=0.06)
    # Each row is moved by half of its cell's width at most.
    half = np.array([0, *np.diff([cells.minimum, *cells.edges.tolist()]) / 2, 0])
    counts = folded_ordered(cells, after) / 2000 + folded_ordered(cells, before) / 3000
    assert abs(float(found) - exact) <= float(counts @ half)


def test_values_beyond_the_range_lie_at_its_ends() -> None:
    cells = ordered_cells(Kind.numeric, singles([1, 2, 4]), 0.0)
    assert representatives(cells).tolist() == [0.0, 0.5, 1.5, 3.0, 4.0]
    lengths = ordered_cells(Kind.text, cells.edges, 0.0)
    assert representatives(lengths).tolist() == representatives(cells).tolist()
    at = representatives(cells)
    far, near = ints([0, 0, 0, 0, 9]), ints([9, 0, 0, 0, 0])
    assert float(wasserstein(far, near, gaps(at))) == 4.0


def test_discrete_values_lie_where_they_are() -> None:
    cells = ordered_cells(Kind.discrete, singles([1, 2, 7]), 1.0)
    assert representatives(cells).tolist() == [1.0, 1.0, 2.0, 7.0, 7.0]


def test_the_largest_floats_have_middles() -> None:
    largest = np.finfo(np.float32).max
    cells = ordered_cells(Kind.numeric, np.array([largest / 2, largest]), float(-largest))
    assert np.isfinite(representatives(cells)).all()


def test_categories_and_streams_without_values_have_no_order() -> None:
    none = category_cells(codes([3]), ints([0]), ("a",))
    assert len(representatives(none)) == 0
    empty = ordered_cells(Kind.numeric, np.zeros(0, np.float32), 0.0)
    assert representatives(empty).tolist() == [0.0, 0.0]


def test_without_rows_there_is_none() -> None:
    assert np.isnan(wasserstein([0, 0], [1, 1], [1.0, 0.0]))
