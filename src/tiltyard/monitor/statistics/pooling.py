"""Cells that expect too few rows for the chi-square law, made into one. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats

EXPECTED_MIN = 5.0


def pool_small(current: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Two samples, int[..., cells], as float64[..., cells + 1] in which each cell expects 5 rows.

    A cell expects (c_k + m_k) min(n, m) / (n + m) rows in the smaller sample (Cochran's rule, as
    Deequ uses it). Those that expect fewer than 5 are summed into the last cell; if that one still
    expects fewer, the smallest of the others joins it. Cells that were pooled hold 0. Where fewer
    than two cells with rows are left, nothing can be tested.

    >>> current, reference = pool_small([40, 56, 1, 3], [45, 53, 2, 0])
    >>> current.tolist(), reference.tolist()
    ([0.0, 56.0, 0.0, 0.0, 44.0], [0.0, 53.0, 0.0, 0.0, 47.0])
    """
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    c, m = np.broadcast_arrays(c, m)
    n_current, n_reference = c.sum(-1, keepdims=True), m.sum(-1, keepdims=True)
    both = c + m
    smaller = np.minimum(n_current, n_reference)
    expected = both * smaller / np.maximum(n_current + n_reference, 1)
    pooled = (both > 0) & (expected < EXPECTED_MIN)
    lacking = pooled.any(-1) & ((expected * pooled).sum(-1) < EXPECTED_MIN)
    others = np.where((both > 0) & ~pooled, both, np.inf)
    smallest = np.arange(both.shape[-1]) == others.argmin(-1)[..., None]
    pooled |= smallest & np.isfinite(others) & lacking[..., None]
    return _summed(c, pooled), _summed(m, pooled)


def _summed(counts: Floats, pooled: npt.NDArray[np.bool_]) -> Floats:
    last = (counts * pooled).sum(-1, keepdims=True)
    return np.concatenate([np.where(pooled, 0.0, counts), last], axis=-1)
