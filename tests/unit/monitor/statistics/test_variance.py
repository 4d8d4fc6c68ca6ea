"""Ratios of variances against numpy."""

import numpy as np
import pytest

from tiltyard.monitor.statistics.moments import Moments
from tiltyard.monitor.statistics.variance import variance_ratio


def test_it_is_the_ratio_of_population_variances() -> None:
    rng = np.random.default_rng(4)
    a, r = rng.normal(0, 2, 300), rng.normal(0, 3, 700)
    of = [Moments(*np.array([[len(x)], [x.mean()], [x.var()]])) for x in (a, r)]
    assert variance_ratio(of[0], of[1])[0] == pytest.approx(a.var() / r.var(), rel=1e-12)


def test_against_a_constant_there_is_none() -> None:
    n, mean = np.full(2, 9.0), np.zeros(2)
    found = variance_ratio(Moments(n, mean, np.ones(2)), Moments(n, mean, np.array([0.0, 1e-5])))
    assert np.isnan(found).all()


def test_values_that_became_constant_have_none_left() -> None:
    n, mean = np.full(1, 9.0), np.zeros(1)
    found = variance_ratio(Moments(n, mean, np.zeros(1)), Moments(n, mean, np.ones(1)))
    assert found.tolist() == [0.0]
