"""Whether a change that was named is gone: a bet that the shift is below twice the tolerance."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats

# In one over a score's standard deviations, at the default tolerance of 0.1 or a wider one; a finer
# tolerance takes finer stakes.
STAKES: Final = (0.1, 0.3)
_TOLERANCE_FULL: Final = 0.1
# With no row losing more than half, and the lesser stake at most the tolerance t, a stream that is
# back wins: E ln(1 + s (2 t - h)) >= 2 t s - s^2 (1 + 4 t^2) > 0, whatever the score's skew.
_LOSS_MAX: Final = 0.5
# The mean capital at which a stream has recovered.
RECOVERED_LOG: Final = float(np.log(1000.0))


@dataclass(frozen=True, eq=False, slots=True)
class LedScore:
    """The score h float64[cells] whose mean rose, in standard deviations, and its tolerance."""

    score: Floats
    tolerance: float


def led_score(tables: BetTables, bet: int, learned: Floats) -> LedScore:
    """What a bet won on, as a score. Of a shape bet: the ratio that it had `learned`.

    `learned` float64[coarse cells of its stream]: the standardised ratio; empty of other bets.
    """
    layout = tables.layout
    stream, group = int(layout.stream[bet]), int(layout.group[bet])
    side, begin, end = int(layout.side[bet]), *tables.span(stream)
    if group in (BetGroup.location, BetGroup.spread):
        score = side * tables.scores[group, begin:end]
        return LedScore(score, float(tables.tolerance[stream]))
    if group == BetGroup.shape:
        own = layout.coarse[begin:end] - layout.coarse_starts[stream]
        return LedScore(learned[own], float(tables.shape.tolerance[stream]))
    at = int(np.searchsorted(layout.rates, bet))
    coarse = layout.coarse[begin + int(layout.cell[bet])]
    raw, bound = tables.streams[stream].shares[layout.cell[bet]], tables.rate_bound[at]
    share = raw if 0.0 < raw < 1.0 else float(tables.shape.share[coarse])
    deviation = np.sqrt(share * (1.0 - share))
    score = np.full(end - begin, -share)
    score[layout.cell[bet]] += 1.0
    return LedScore(side * score / deviation, float(abs(bound - share) / deviation))


def shape_score(tables: BetTables, bet: int, learned: Floats) -> Floats:
    """The ratio that a shape bet plays, standardised: float64[coarse cells of its stream].

    `learned` float64[half_lives, coarse]. Empty of other bets.
    """
    layout = tables.layout
    stream = int(layout.stream[bet])
    at = np.flatnonzero(layout.shapes[:, stream] == bet)
    if not len(at):
        return np.zeros(0)
    ratio = tables.shape.ratio(learned)[at[0]]
    deviation = max(float(tables.shape.deviation(ratio)[stream]), 1e-9)
    score: Floats = (ratio[tables.shape.stream == stream] - 1.0) / deviation
    return score


def recovery_gain(led: LedScore, cells: Floats) -> Floats:
    """What rows add to ln G: sum of c ln(1 + stake (2 tolerance - h)), float64[2 stakes].

    Its mean is at most 0 while the mean of h is at least twice its tolerance. `cells` float64.
    """
    room = float(led.score.max()) - 2.0 * led.tolerance
    stakes = np.asarray(STAKES) * min(1.0, led.tolerance / _TOLERANCE_FULL)
    if room > 0.0:
        stakes = np.minimum(stakes, _LOSS_MAX / room)
    gains: Floats = np.log1p(stakes[:, None] * (2.0 * led.tolerance - led.score)) @ cells
    return gains


def log_mean(logs: Floats) -> float:
    """ln of the mean of e^logs."""
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))
