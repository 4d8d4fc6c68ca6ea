"""How far live traffic may be from a finite reference without being news.

Two things add up: the shift that the operator does not mind, and what the reference itself may be
off by. All bounds here hold together with the probability that the policy's `beta` says.
scipy.special is imported where it is called: it takes 0.2 s.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats

# The probability that one Clopper-Pearson bound does not hold.
RATE_MISS: Final = 1e-4


def reference_z(beta: float, streams: int, slots: int = 1) -> float:
    """The normal quantile that bounds the reference's error: Phi^-1(1 - beta / (4 d slots)).

    Four bounds a stream: two scores with two signs each.

    >>> round(reference_z(0.01, 30), 2), round(reference_z(0.01, 30, 168), 1)
    (3.76, 4.9)
    """
    from scipy.special import ndtri

    return -float(ndtri(beta / (4.0 * slots * streams)))


def score_tolerance(delta: float, z: float, rows: npt.ArrayLike) -> Floats:
    """max(delta, z / sqrt(m)) in standard deviations of a score, float64 of the shape of `rows`."""
    return np.maximum(delta, z / np.sqrt(np.asarray(rows, np.float64)))


def rows_needed(delta: float, z: float) -> int:
    """The fewest reference rows with which the tolerance is `delta` itself.

    >>> rows_needed(0.05, 3.76)
    5656
    """
    return math.ceil((z / delta) ** 2)


def share_upper(count: npt.ArrayLike, rows: int, miss: float = RATE_MISS) -> Floats:
    """Clopper and Pearson's upper bound of a share, one-sided: it is too low with `miss`.

    `count` of `rows`, any shape; float64 of that shape. 1 where all rows counted.
    """
    from scipy.special import betaincinv

    count = np.asarray(count, np.float64)
    return np.where(
        count < rows, betaincinv(count + 1.0, np.maximum(rows - count, 1.0), 1.0 - miss), 1.0
    )


def share_lower(count: npt.ArrayLike, rows: int, miss: float = RATE_MISS) -> Floats:
    """The lower bound of a share; see share_upper. 0 where none counted."""
    from scipy.special import betaincinv

    count = np.asarray(count, np.float64)
    return np.where(count > 0, betaincinv(np.maximum(count, 1.0), rows - count + 1.0, miss), 0.0)


def shape_tolerance(delta: float, cells: npt.ArrayLike, rows: npt.ArrayLike) -> Floats:
    """delta + sqrt((B - 1 + 4 sqrt(2 (B - 1))) / m): its square bounds chi^2(p || reference).

    The second term is what a reference of m rows in B cells is off by: the mean of a chi^2 variable
    with B - 1 degrees of freedom and four of its standard deviations, over m.
    """
    degrees = np.asarray(cells, np.float64) - 1.0
    return delta + np.sqrt((degrees + 4.0 * np.sqrt(2.0 * degrees)) / np.asarray(rows, np.float64))
