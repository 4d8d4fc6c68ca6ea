"""How far the mean moved. Pure."""

import numpy as np

from tiltyard.monitor.profile.cells import Floats
from tiltyard.monitor.statistics.moments import VARIANCE_MIN, Moments


def location(current: Moments, reference: Moments) -> Floats:
    """The difference of the means in the profile's sigmas, float64[streams].

    Against the profile that is the mean of z; against another reference the difference of both
    means, still in the profile's sigmas, so that sizes can be compared. NaN without finite values.
    """
    return current.mean - reference.mean


def location_z(current: Moments, reference: Moments) -> Floats:
    """The difference of the means in standard errors, float64[streams].

    (mean_a - mean_r) / (sigma_r sqrt(1/n + 1/m)), sigma_r that of the reference held against (1
    against the profile). NaN where the reference is constant, or without finite values.

    >>> one = Moments(np.float64([100]), np.float64([0.5]), np.float64([1]))
    >>> location_z(one, Moments(np.float64([300]), np.float64([0.1]), np.float64([4]))).round(6)
    array([1.732051])
    """
    spread = np.where(reference.variance > VARIANCE_MIN, reference.variance, np.nan)
    error = np.sqrt(spread * (1 / current.n + 1 / reference.n))
    return np.asarray(location(current, reference) / error)
