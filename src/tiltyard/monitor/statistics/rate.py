"""A share of rows with its interval. Pure."""

import math

from tiltyard.monitor.statistics.measure import Rate

# The 97.5 % quantile of the standard normal law: intervals are of 95 %.
Z = 1.959963984540054


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `count` of `n` rows are known; (0, 1) without rows.

    Wilson, Journal of the American Statistical Association 22 (1927): the shares that a score test
    does not refuse. At 0 of n it is not empty, unlike the usual one.

    >>> [round(bound, 6) for bound in wilson(3, 200)]
    [0.005114, 0.043166]
    """
    if n == 0:
        return 0.0, 1.0
    share, spread = count / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    low = 0.0 if count == 0 else max(middle - half, 0.0)
    high = 1.0 if count == n else min(middle + half, 1.0)
    return low, high


def rate(count: int, n: int, reference_count: int, n_reference: int) -> Rate:
    """The rate of `count` of `n` rows; its shares are NaN where there are no rows.

    >>> rate(3, 200, 0, 5000).share, rate(0, 0, 0, 5000).share
    (0.015, nan)
    """
    low, high = wilson(count, n)
    share = count / n if n else math.nan
    return Rate(
        count, n, share, low, high, reference_count / n_reference if n_reference else math.nan
    )
