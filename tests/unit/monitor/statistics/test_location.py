"""Shifts of the mean against numpy."""

import numpy as np
import pytest

from tiltyard.monitor.statistics.location import location, location_z
from tiltyard.monitor.statistics.moments import Moments


def moments(*values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Moments:
    of = [(len(x), x.mean(), x.var()) for x in values]
    n, mean, variance = np.array(of, np.float64).T
    return Moments(n, mean, variance)


def test_it_is_the_difference_of_means_and_its_standard_error() -> None:
    rng = np.random.default_rng(4)
    a, r = rng.normal(0.5, 2, 300), rng.normal(0.1, 3, 700)
    shift = a.mean() - r.mean()
    assert location(moments(a), moments(r))[0] == pytest.approx(shift, rel=1e-12)
    expected = shift / (r.std() * np.sqrt(1 / 300 + 1 / 700))
    assert location_z(moments(a), moments(r))[0] == pytest.approx(expected, rel=1e-12)


def test_a_constant_reference_has_a_shift_and_no_errors() -> None:
    found = moments(np.full(9, 2.0)), moments(np.full(9, 1.0))
    assert location(*found).tolist() == [1.0]
    assert np.isnan(location_z(*found)).all()


def test_without_values_there_is_none() -> None:
    none = Moments(*np.full((3, 1), np.nan))
    for two in ((none, moments(np.arange(4.0))), (moments(np.arange(4.0)), none)):
        assert np.isnan(location(*two)).all()
        assert np.isnan(location_z(*two)).all()
