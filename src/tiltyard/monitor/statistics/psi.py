"""The population stability index with Jeffreys smoothing, and how much of it is noise. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.statistics.chi_square import upper_quantile, upper_tail
from tiltyard.monitor.statistics.pooling import pool_small

# The band is what PSI exceeds in one of a thousand windows of unchanged traffic.
BAND_TAIL = 0.001


def smoothed_shares(current: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Shares (c_k + 1/2) / (n + B / 2) of both samples, int[..., cells] to float64[..., cells].

    B is the number of cells that either sample has; the shares of the others mean nothing. Both
    sides get Jeffreys' half, so both sum to 1 over the B cells.

    >>> current, reference = smoothed_shares([0, 9, 0], [4, 5, 0])
    >>> current.tolist()[:2], reference.tolist()[:2]
    ([0.05, 0.95], [0.45, 0.55])
    """
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    half = 0.5 * np.maximum(np.count_nonzero(c + m, axis=-1), 1)[..., None]
    shares = (c + 0.5) / (c.sum(-1, keepdims=True) + half)
    return shares, (m + 0.5) / (m.sum(-1, keepdims=True) + half)


def psi_terms(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """(a_k - r_k) ln(a_k / r_k) of each cell, float64[..., cells]; see psi().

    0 in cells that neither sample has; NaN where a sample has no rows.
    """
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    shares, expected = smoothed_shares(c, m)
    terms = np.where(c + m > 0, (shares - expected) * np.log(shares / expected), 0.0)
    defined = (c.sum(-1, keepdims=True) > 0) & (m.sum(-1, keepdims=True) > 0)
    return np.where(defined, terms, np.nan)


def psi(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """sum_k (a_k - r_k) ln(a_k / r_k) over smoothed_shares(): int[..., cells] to float64[...].

    Natural logarithm. Cells that neither has are left out; NaN where a sample has no rows. The
    index is the symmetric divergence of Kullback and Leibler (Annals of Mathematical Statistics,
    1951).

    >>> float(psi([10, 20, 30], [100, 200, 300]) < 0.001), round(float(psi([9, 0], [5, 4])), 6)
    (1.0, 1.097507)
    """
    return np.asarray(psi_terms(current, reference).sum(-1))


def degrees_of_freedom(current: npt.ArrayLike, reference: npt.ArrayLike) -> Ints:
    """int64[...]: the cells that either sample has, less one; 0 where there are none."""
    both = np.asarray(current) + np.asarray(reference)
    return np.asarray(np.maximum(np.count_nonzero(both, axis=-1) - 1, 0), np.int64)


def noise_scale(n_current: npt.ArrayLike, n_reference: npt.ArrayLike) -> Floats:
    """1/n + 1/m, float64[...]: PSI over this is chi^2 on unchanged traffic. NaN without rows."""
    n, m = np.asarray(n_current, np.float64), np.asarray(n_reference, np.float64)
    scale = 1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)
    return np.where((n > 0) & (m > 0), scale, np.nan)


def noise_band(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """(1/n + 1/m) times the 99.9 % quantile of chi^2 with B - 1 degrees: float64[...].

    PSI above it is no noise of two samples of these sizes; see BAND_TAIL.

    >>> round(float(noise_band([20] * 10, [500] * 10)), 4)
    0.145
    """
    scale = noise_scale(np.sum(current, axis=-1), np.sum(reference, axis=-1))
    return scale * upper_quantile(BAND_TAIL, degrees_of_freedom(current, reference))


def psi_p(current: npt.ArrayLike, reference: npt.ArrayLike) -> Floats:
    """The chance of a PSI this large on unchanged traffic: float64[...].

    Computed over the cells of pool_small(), in which each expects 5 rows or more; where none are
    small that is the PSI itself. NaN where fewer than two cells are left, or no rows.
    """
    pooled, expected = pool_small(current, reference)
    dof = degrees_of_freedom(pooled, expected)
    scale = noise_scale(pooled.sum(-1), expected.sum(-1))
    return np.where(dof >= 1, upper_tail(psi(pooled, expected) / scale, dof), np.nan)
