"""Pearson's statistic, and the law, against scipy."""

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from tests.unit.monitor.statistics.samples import ints, two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.chi_square import chi_square, upper_quantile, upper_tail


@given(two_samples())
def test_it_is_scipys_contingency_statistic(two: tuple[Ints, Ints]) -> None:
    table = np.stack(two)[:, two[0] + two[1] > 0]
    expected = stats.chi2_contingency(table, correction=False)
    found = chi_square(*two)
    assert float(found.statistic) == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12)
    assert float(found.dof) == expected.dof


@given(two_samples())
def test_it_is_scipys_power_divergence_from_pooled_shares(two: tuple[Ints, Ints]) -> None:
    table = np.stack(two)[:, two[0] + two[1] > 0]
    under = np.outer(table.sum(1), table.sum(0)) / table.sum()
    expected = stats.power_divergence(table.ravel(), under.ravel(), lambda_="pearson").statistic
    assert float(chi_square(*two).statistic) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_p_is_scipys_where_no_cell_is_small() -> None:
    table = ints([[30, 70, 55], [50, 50, 61]])
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert float(chi_square(*table).p) == pytest.approx(expected, rel=1e-12)


def test_without_rows_or_with_one_cell_there_is_no_p() -> None:
    assert np.isnan(np.stack(chi_square([0, 0], [4, 4]))).all()
    assert float(chi_square([5], [9]).statistic) == 0.0
    assert np.isnan(chi_square([5], [9]).p)


def test_the_law_is_scipys() -> None:
    dof = np.arange(1, 130)
    for part in (0.001, 0.05, 0.5):
        expected = stats.chi2.isf(part, dof)
        np.testing.assert_allclose(upper_quantile(part, dof), expected, rtol=1e-12)
    np.testing.assert_allclose(upper_quantile(0.001, dof), stats.chi2.ppf(0.999, dof), rtol=1e-12)
    expected = stats.chi2.sf(dof * 1.3, dof)
    np.testing.assert_allclose(upper_tail(dof * 1.3, dof), expected, rtol=1e-12)


def test_without_degrees_of_freedom_nothing_is_exceeded() -> None:
    assert upper_quantile(0.001, 0) == 0.0
    assert upper_tail([0.0, np.nan], [0, 0])[0] == 1.0
    assert np.isnan(upper_tail(np.nan, 3))
