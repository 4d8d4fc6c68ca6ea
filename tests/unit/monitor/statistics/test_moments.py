"""Moments of a count vector against numpy on the values."""

import numpy as np
import pytest

from tests.unit.monitor.statistics.samples import (
    AMOUNT,
    counts_of,
    draw_rows,
    ints,
    mixed_profile,
    singles,
)
from tiltyard.monitor.statistics.moments import moments_of, profile_moments
from tiltyard.monitor.statistics.stream_table import table_of


def test_they_are_numpys_in_the_profiles_units() -> None:
    profile, values = mixed_profile(), draw_rows(np.random.default_rng(2), 500, shift=0.7)
    counts = counts_of(profile, values)
    found = moments_of(profile.layout, counts, table_of(profile).finite(counts))
    for at, stream in enumerate(profile.streams):
        if not stream.cells.kind.is_ordered:
            continue
        x = singles(values[stream.name]).astype(np.float64)
        z = (x[np.isfinite(x)] - stream.mean) / stream.sigma
        assert found.n[at] == len(z)
        assert found.mean[at] == pytest.approx(z.mean(), abs=1e-5)
        assert found.variance[at] == pytest.approx(z.var(), abs=1e-4)


def test_categories_and_streams_without_finite_values_have_none() -> None:
    profile, values = mixed_profile(), draw_rows(np.random.default_rng(2), 20)
    values[AMOUNT] = np.array([np.nan, np.inf] * 10)
    counts = counts_of(profile, values)
    found = moments_of(profile.layout, counts, table_of(profile).finite(counts))
    assert np.isnan(found.mean).tolist() == [True, False, True, False, False]
    assert np.isnan(found.variance).tolist() == [True, False, True, False, False]


def test_the_profile_is_the_origin_and_a_constant_has_no_spread() -> None:
    found = profile_moments(ints([50, 50, 0]), np.array([False, True, False]))
    assert found.mean[:2].tolist() == [0.0, 0.0]
    assert found.variance[:2].tolist() == [1.0, 0.0]
    assert np.isnan([found.n[2], found.mean[2], found.variance[2]]).all()
