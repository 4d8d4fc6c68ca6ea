"""How much wider or narrower the values became. Pure."""

import numpy as np

from tiltyard.monitor.profile.cells import Floats
from tiltyard.monitor.statistics.moments import VARIANCE_MIN, Moments


def variance_ratio(current: Moments, reference: Moments) -> Floats:
    """The variance over the reference's, float64[streams]: 1 is as before, 4 twice the sigma.

    NaN where the reference is constant, or without finite values on either side.

    >>> n, zero = np.float64([50, 50]), np.zeros(2)
    >>> variance_ratio(Moments(n, zero, np.float64([2, 2])), Moments(n, zero, np.float64([4, 0])))
    array([0.5, nan])
    """
    spread = np.where(reference.variance > VARIANCE_MIN, reference.variance, np.nan)
    return np.asarray(current.variance / spread)
