"""The tables of one stream's bets: what a row in each cell multiplies a bet's capital by.

Every table here has mean at most 1 over the cells while the stream stays within its tolerance, so
that capital grows only by luck until something changed. The increments are linear in counts.
"""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.tolerance import share_lower, share_upper
from tiltyard.monitor.profile.cells import Floats, Ints

# How much of the capital is put on a score, in one over its standard deviations.
STAKES: Final = (0.04, 0.08, 0.16, 0.32, 0.64)
# No stake may lose more than this part of the capital with one row.
_LOSS_MAX: Final = 0.9
# The alternatives of a rate, as factors of its odds.
RATE_ODDS: Final = (1.5, 2.0, 4.0, 8.0, 16.0, 64.0)
SHARE_ODDS: Final = (1.25, 1.6, 2.5, 6.0)

UP, DOWN = 1, -1


def stakes(score: Floats, tolerance: float) -> tuple[Floats, Floats]:
    """The stakes on a score float64[cells], float64[5], and which of them differ, bool[5].

    Cut at 0.9 / (tolerance - the least score), the most that one row can lose.
    """
    cut = np.minimum(STAKES, _LOSS_MAX / (tolerance - score.min()))
    return cut, np.diff(cut, prepend=0.0) > 0.0


def score_bets(score: Floats, tolerance: float) -> Floats:
    """ln(1 + stake (h - tolerance)) float64[10, cells]: upward (h = score), then downward.

    The better of a Hoeffding bet with the same null: that one is its chord (alarm.md section 0).
    Rows of stakes that do not differ are 0, a bet on nothing.
    """
    tables = np.zeros((2, len(STAKES), len(score)))
    if np.any(score):
        for table, h in zip(tables, (score, -score), strict=True):
            cut, differs = stakes(h, tolerance)
            table[:] = np.log1p(cut[:, None] * (h - tolerance)) * differs[:, None]
    return tables.reshape(2 * len(STAKES), len(score))


def rate_bounds(counts: Ints, rows: int, delta: float) -> Floats:
    """The highest share of a reserved cell that is no news: min(1/2, upper bound + delta).

    `counts` int64[n] of `rows`; float64[n].
    """
    return np.minimum(0.5, share_upper(counts, rows) + delta)


def share_bounds(counts: Ints, rows: int, side: int, delta: float) -> Floats:
    """The highest share of a category that is no news, or the lowest (side DOWN).

    The bound -+ delta sqrt(r (1 - r)), so that delta is in standard deviations. Float64[n]; a value
    outside (0, 1) means that there is nothing to be bet on.
    """
    share = counts / rows
    slack = delta * np.sqrt(share * (1.0 - share))
    if side == UP:
        return share_upper(counts, rows) + slack
    return share_lower(counts, rows) - slack


def odds_bets(bound: Floats, side: int, odds: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Of a row in the cell and of any other: ln of its likelihood ratio, float64[n, odds] each.

    The null is the bound, the alternative has its odds times (side UP) or over each of `odds`. Both
    are 0 where the bound does not lie in (0, 1).
    """
    usable = (bound > 0.0) & (bound < 1.0)
    null = np.where(usable, bound, 0.5)[:, None]
    changed = null / (1.0 - null) * np.asarray(odds) ** side
    inside = np.log(changed / (1.0 + changed) / null)
    outside = -np.log1p(changed) - np.log1p(-null)
    return inside * usable[:, None], outside * usable[:, None]
