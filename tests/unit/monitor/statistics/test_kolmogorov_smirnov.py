"""The binned Kolmogorov-Smirnov distance against scipy."""

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from tests.unit.monitor.statistics.samples import two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.kolmogorov_smirnov import (
    cumulated_difference,
    kolmogorov_smirnov,
    ks_excess,
)


@given(two_samples(count_max=60))
def test_it_is_scipys_on_the_indices_of_cells(two: tuple[Ints, Ints]) -> None:
    rows = [np.repeat(np.arange(len(counts)), counts) for counts in two]
    with np.errstate(divide="ignore"):  # scipy's p of a row against a row
        expected = stats.ks_2samp(*rows, method="asymp").statistic
    assert float(kolmogorov_smirnov(*two)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_it_is_at_most_that_of_the_values() -> None:
    rng = np.random.default_rng(5)
    a, r = rng.normal(0.3, 1, 400), rng.normal(0, 1, 900)
    edges = np.quantile(r, np.arange(1, 20) / 20)
    counts = [np.bincount(np.searchsorted(edges, x), minlength=20) for x in (a, r)]
    exact = stats.ks_2samp(a, r, method="asymp").statistic
    assert exact - 0.05 < float(kolmogorov_smirnov(*counts)) <= exact


@given(two_samples())
def test_the_excess_is_what_is_beyond_the_correction(two: tuple[Ints, Ints]) -> None:
    n, m = int(two[0].sum()), int(two[1].sum())
    beyond = float(kolmogorov_smirnov(*two)) - 1.8 * np.sqrt((n + m) / (n * m))
    assert float(ks_excess(*two)) == pytest.approx(max(0.0, beyond), abs=1e-12)


def test_without_rows_there_is_none() -> None:
    for current, reference in (([0, 0], [2, 3]), ([2, 3], [0, 0])):
        assert np.isnan(kolmogorov_smirnov(current, reference))
        assert np.isnan(ks_excess(current, reference))
        assert np.isnan(cumulated_difference(current, reference)).all()


def test_the_distance_is_of_rows_in_these_cells_alone() -> None:
    """Half of the rows missing is no shift of those that are there."""
    assert float(kolmogorov_smirnov([10, 10], [20, 20])) == 0.0
