"""The chi-square law, and Pearson's statistic of two samples over the same cells. Pure.

scipy.special is imported where it is called: it takes 0.2 s, and most commands compute nothing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats
from tiltyard.monitor.statistics.pooling import pool_small


class ChiSquare(NamedTuple):
    """Pearson's statistic, its degrees of freedom, and p: float64[...], NaN where not defined."""

    statistic: Floats
    dof: Floats
    p: Floats


def chi_square(current: npt.ArrayLike, reference: npt.ArrayLike) -> ChiSquare:
    """The test that two samples, int[..., cells], have the same shares.

    X^2 = n m sum_k (c_k / n - m_k / m)^2 / (c_k + m_k) over the cells that either has; it equals
    scipy.stats.chi2_contingency(correction=False). p is that of the pooled cells (see pool_small),
    NaN where fewer than two are left. With no rows on either side all is NaN.

    >>> found = chi_square([30, 70], [50, 50])
    >>> round(float(found.statistic), 6), float(found.dof), round(float(found.p), 6)
    (8.333333, 1.0, 0.003892)
    """
    statistic, dof = _pearson(current, reference)
    pooled, pooled_dof = _pearson(*pool_small(current, reference))
    p = np.where(pooled_dof >= 1, upper_tail(pooled, pooled_dof), np.nan)
    return ChiSquare(statistic, dof, p)


def upper_quantile(part: float, dof: npt.ArrayLike) -> Floats:
    """What chi^2 with `dof` degrees of freedom exceeds with probability `part`; 0 without any.

    >>> upper_quantile(0.001, [0, 1, 9]).round(6).tolist()
    [0.0, 10.827566, 27.877165]
    """
    from scipy.special import chdtri

    dof = np.asarray(dof, np.float64)
    return np.where(dof >= 1, chdtri(np.maximum(dof, 1), part), 0.0)


def upper_tail(statistic: npt.ArrayLike, dof: npt.ArrayLike) -> Floats:
    """The probability that chi^2 with `dof` degrees of freedom exceeds `statistic`.

    1 without degrees of freedom, NaN where the statistic is.

    >>> upper_tail([27.877165, 0.0], [9, 9]).round(6).tolist()
    [0.001, 1.0]
    """
    from scipy.special import chdtrc

    dof = np.asarray(dof, np.float64)
    statistic = np.asarray(statistic, np.float64)
    tail = np.where(dof >= 1, chdtrc(np.maximum(dof, 1), statistic), 1.0)
    return np.where(np.isnan(statistic), np.nan, tail)


def _pearson(current: npt.ArrayLike, reference: npt.ArrayLike) -> tuple[Floats, Floats]:
    c, m = np.asarray(current, np.float64), np.asarray(reference, np.float64)
    n_current, n_reference = c.sum(-1, keepdims=True), m.sum(-1, keepdims=True)
    both = c + m
    difference = c / np.maximum(n_current, 1) - m / np.maximum(n_reference, 1)
    terms = difference**2 / np.where(both > 0, both, 1)
    rows = (n_current * n_reference)[..., 0]
    kept = np.count_nonzero(both, axis=-1)
    defined = rows > 0
    statistic = np.where(defined, rows * terms.sum(-1), np.nan)
    return statistic, np.where(defined, kept - 1.0, np.nan)
