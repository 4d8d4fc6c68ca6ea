"""The largest difference of a share, and whose it is. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats, Ints


def linf(current: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Ints]:
    """max_k |a_k - r_k| of raw shares, float64[...], and the first such k, int64[...].

    Takes int[..., cells]. NaN, and -1, where a sample has no rows.

    >>> distance, cell = linf([1, 1, 8], [1, 5, 4])
    >>> round(float(distance), 6), int(cell)
    (0.4, 1)
    """
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    n_current, n_reference = c.sum(-1, keepdims=True), m.sum(-1, keepdims=True)
    moved = np.abs(c / np.maximum(n_current, 1) - m / np.maximum(n_reference, 1))
    defined = ((n_current > 0) & (n_reference > 0))[..., 0]
    cell = np.where(defined, moved.argmax(-1), -1)
    return np.where(defined, moved.max(-1), np.nan), cell
