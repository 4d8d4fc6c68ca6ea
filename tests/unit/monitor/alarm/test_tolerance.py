"""Bounds that a finite reference allows, against scipy."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, norm

from tiltyard.monitor.alarm import tolerance
from tiltyard.monitor.alarm.tolerance import (
    reference_z,
    rows_needed,
    score_tolerance,
    shape_tolerance,
    share_lower,
    share_upper,
)


def test_its_examples_hold() -> None:
    assert doctest.testmod(tolerance) == (0, 2)


@given(st.integers(1, 500), st.sampled_from([1, 168]))
def test_z_is_the_normal_quantile(streams: int, slots: int) -> None:
    assert reference_z(0.01, streams, slots) == pytest.approx(
        norm.isf(0.01 / (4 * streams * slots)), rel=1e-12
    )


def test_a_small_reference_widens_the_tolerance() -> None:
    z = reference_z(0.01, 30)
    enough = rows_needed(0.05, z)
    wide, exact = score_tolerance(0.05, z, [enough // 4, enough])
    assert exact == 0.05
    assert wide == pytest.approx(0.1, rel=1e-3)
    assert score_tolerance(0.05, z, enough - 1) > 0.05


@given(st.integers(1, 10_000).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))))
def test_the_bounds_of_a_share_are_clopper_and_pearsons(of: tuple[int, int]) -> None:
    count, rows = of
    upper, lower = float(share_upper(count, rows)), float(share_lower(count, rows))
    if count < rows:
        assert binom.cdf(count, rows, upper) == pytest.approx(1e-4, rel=1e-6)
    else:
        assert upper == 1.0
    if count:
        assert binom.sf(count - 1, rows, lower) == pytest.approx(1e-4, rel=1e-6)
    else:
        assert lower == 0.0
    assert lower <= count / rows <= upper


def test_the_shape_tolerance_covers_what_a_reference_is_off_by() -> None:
    cells, rows = 13, 5000
    without_delta = float(shape_tolerance(0.0, cells, rows))
    assert chi2.sf(rows * without_delta**2, cells - 1) < 0.002
    assert shape_tolerance(0.1, cells, rows) == pytest.approx(0.1 + without_delta)
    assert np.all(np.diff(shape_tolerance(0.1, cells, [500, 5000, 50_000])) < 0)
