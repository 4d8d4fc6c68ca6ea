"""The Kolmogorov-Smirnov distance of binned values. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats

# Deequ's correction: what a distance of samples of these sizes must exceed to be called one.
CORRECTION = 1.8


def cumulated_difference(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """F_a - F_r at the upper end of each cell: int[..., ordered cells] to float64 of that shape.

    NaN where a sample has no rows in these cells.
    """
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    n_current, n_reference = c.sum(-1, keepdims=True), m.sum(-1, keepdims=True)
    difference = c.cumsum(-1) / np.maximum(n_current, 1) - m.cumsum(-1) / np.maximum(n_reference, 1)
    return np.where((n_current > 0) & (n_reference > 0), difference, np.nan)


def kolmogorov_smirnov(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """max_k |F_a - F_r| over ordered cells: int[..., cells] to float64[...].

    Each sample's own number of rows in these cells is what its F is over (missing values are none
    of them). It equals scipy.stats.ks_2samp on the cells' indices, and is at most that of the
    values. NaN where a sample has no rows.

    >>> kolmogorov_smirnov([[5, 5, 0], [1, 1, 1]], [[0, 5, 5], [2, 2, 2]]).tolist()
    [0.5, 0.0]
    """
    return np.asarray(np.abs(cumulated_difference(current, reference)).max(-1))


def ks_excess(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """max(0, D - 1.8 sqrt((n + m) / (n m))): what of the distance is beyond samples' noise.

    >>> float(ks_excess([5, 5, 0], [0, 5, 5])), round(float(ks_excess([500, 0], [0, 500])), 4)
    (0.0, 0.8862)
    """
    n = np.sum(current, axis=-1, dtype=np.float64)
    m = np.sum(reference, axis=-1, dtype=np.float64)
    noise = CORRECTION * np.sqrt((n + m) / np.maximum(n * m, 1))
    return np.maximum(kolmogorov_smirnov(current, reference) - noise, 0.0)
