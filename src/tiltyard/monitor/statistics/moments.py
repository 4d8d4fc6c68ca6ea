"""Means and variances of streams, in the profile's units. Pure."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.layout import Z_UNITS, CountLayout
from tiltyard.monitor.profile.cells import Floats, Ints

# Variances no larger are what the fixed point of the sums cannot tell from 0.
VARIANCE_MIN = 1.0 / Z_UNITS


class Moments(NamedTuple):
    """Of z = (x - mean) / sigma, with the profile's mean and sigma, over finite x.

    All float64[streams], NaN where a stream has no finite values (categories never have);
    `variance` is that of the population.
    """

    n: Floats
    mean: Floats
    variance: Floats


def moments_of(layout: CountLayout, counts: Ints, finite: Ints) -> Moments:
    """From a count vector int64[layout.size]; `finite` int64[streams] is how many x were finite."""
    sums, squares = layout.moments(counts)
    n = np.where(finite > 0, finite, np.nan)
    mean = sums / n
    # Squares are cut to 1 / Z_UNITS each, so that the variance of a constant can be below 0.
    return Moments(n, mean, np.maximum(squares / n - mean**2, 0.0))


def profile_moments(finite: Ints, is_constant: npt.NDArray[np.bool_]) -> Moments:
    """The reference's own: mean 0 and variance 1 by the choice of unit; 0 where it is constant."""
    n = np.where(finite > 0, finite, np.nan)
    return Moments(n, n * 0.0, np.where(np.isnan(n), np.nan, np.where(is_constant, 0.0, 1.0)))
