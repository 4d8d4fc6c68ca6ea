"""What a row counts for in a tick: evidence is raised to this power, at most 1.

Blocks of s arbitrarily dependent rows are safe with 1/s: the product of w_i^(1/s) is at most a mean
of the w_i (arithmetic and geometric mean). Kish's ratio, the size of the request that a row finds
itself in, is less than the largest of them, and right to the second order: so for scores, whose
bets are small. Bets on single cells and on shape can win fifty times the capital with one row, and
need the largest request. (One request of 50 equal rows beside 50 single ones raised 2 alarms in 40
runs of 4,000 unchanged ticks with Kish's ratio for all, both on BELOW or ABOVE.)
"""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import Floats

# Rows of the exponents: of bets on scores, and of those on single cells and shape.
SCORE, CELL = 0, 1
SORTS: Final = 2


def kish(tick: TickCounts) -> float:
    """Sum of b^2 over sum of b, b the rows of each request."""
    return max(1.0, tick.rows_squared / tick.rows)


def largest_request(tick: TickCounts) -> float:
    """A bound of the rows of the largest request: mean + sd * sqrt(requests - 1).

    No sample has a value beyond it (Samuelson, How deviant can you be?, JASA 1968); it is exact
    where all are equal, and for one large request beside equal ones. Sums merge, so it does.
    """
    requests = max(tick.requests, 1)
    mean = tick.rows / requests
    variance = max(tick.rows_squared / requests - mean**2, 0.0)
    return max(kish(tick), mean + float(np.sqrt(variance * (requests - 1))))


def row_exponents(tick: TickCounts, kappa: Floats, rows: Floats, policy: AlarmPolicy) -> Floats:
    """1 / max(1, kappa, requests, rows / n_cap), float64[2, streams]: of scores, of the others.

    `kappa` float64[2, streams] and `rows` float64[streams]. Requests do not matter where the policy
    says that their rows are independent.
    """
    blocks = np.ones((SORTS, 1))
    if not policy.rows_independent:
        blocks[SCORE], blocks[CELL] = kish(tick), largest_request(tick)
    divisor = np.maximum(np.maximum(kappa, blocks), rows / policy.n_cap)
    exponents: Floats = 1.0 / np.maximum(divisor, 1.0)
    return exponents
