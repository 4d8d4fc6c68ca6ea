"""Scores of ordered streams: what location and spread bets are made on, and shifts measured in.

A score has mean 0 and variance 1 over the reference's rows, so that a shift of its mean is in
standard deviations, whatever the feature.
"""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import Floats

SCORES: Final = ("location", "spread")
# A score that varies less than this over the reference says nothing.
_DEVIATION_MIN: Final = 1e-6


def midranks(stream: ReferenceStream) -> tuple[Floats, Floats]:
    """Of the ordered cells: shares o among them, and u = cumsum(o) - o / 2, the middle of each
    cell on the reference's own scale. Both 0 where the reference has nothing ordered."""
    counts = stream.counts[stream.ordered].astype(np.float64)
    shares = counts / max(counts.sum(), 1.0)
    return shares, np.cumsum(shares) - shares / 2.0


def score_table(stream: ReferenceStream) -> Floats:
    """float64[2, cells]: the location and the spread score of each cell; 0 of unordered cells.

    location = (u - 1/2) / s and spread = (v - mean v) / s with v = |2 u - 1|, s so that the mean
    square over the reference is 1. (The reference mean of v is 1/2 only where u is continuous.) A
    score that hardly varies is all 0.
    """
    table = np.zeros((2, len(stream.counts)))
    shares, u = midranks(stream)
    v = np.abs(2.0 * u - 1.0)
    for row, raw in enumerate((u - 0.5, v - shares @ v)):
        score = np.zeros(len(stream.counts))
        score[stream.ordered] = raw
        deviation = float(np.sqrt(stream.shares @ score**2))
        if deviation >= _DEVIATION_MIN:
            table[row] = score / deviation
    return table
