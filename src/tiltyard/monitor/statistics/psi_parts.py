"""What each cell has of a PSI that was computed over groups of cells. Pure."""

import numpy as np

from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.statistics.psi import psi_terms, smoothed_shares


def psi_parts(
    current: Ints, reference: Ints, coarse_current: Ints, coarse_reference: Ints, groups: Ints
) -> Floats:
    """float64[streams, cells]: parts that add up to the PSI over the groups, none negative.

    `current` and `reference` int64[streams, cells], their sums by group int64[streams, groups], and
    `groups` int64[streams, cells], the group of each cell, -1 where a stream has no such cell. The
    term of a group is shared by those of its cells that moved the way the group did, in proportion
    to how far (by the group's smoothed share, its half spread evenly over its cells). NaN where a
    sample has no rows.

    >>> one = np.int64([[30, 10, 10]]), np.int64([[10, 10, 30]])
    >>> coarse = np.int64([[40, 10]]), np.int64([[20, 30]])
    >>> parts = psi_parts(*one, *coarse, np.int64([[0, 0, 1]]))[0]
    >>> [float(part) for part in parts.round(4)], psi_terms(*coarse).round(4).tolist()
    ([0.267, 0.0, 0.4182], [[0.267, 0.4182]])
    """
    streams, width = coarse_current.shape
    flat = (groups + width * np.arange(streams)[:, None])[groups >= 0]

    def by_group(values: Floats) -> Floats:
        sums = np.zeros(streams * width)
        np.add.at(sums, flat, values[groups >= 0])
        return sums

    def by_cell(values: Floats) -> Floats:
        spread = np.zeros(groups.shape)
        spread[groups >= 0] = values.ravel()[flat]
        return spread

    members = by_cell(by_group(np.ones(groups.shape)))
    shares, expected = smoothed_shares(coarse_current, coarse_reference)
    half = 0.5 / np.maximum(members, 1)
    # (c + 1/2) / share is what smoothing divided by; it is the same for a group and its cells.
    over = ((coarse_current + 0.5) / shares)[:, :1], ((coarse_reference + 0.5) / expected)[:, :1]
    moved = (current + half) / over[0] - (reference + half) / over[1]
    along = np.maximum(moved * np.sign(by_cell(shares - expected)), 0.0)
    terms = psi_terms(coarse_current, coarse_reference)
    total = by_cell(by_group(along))
    parts = by_cell(terms) * along / np.where(total > 0, total, 1)
    return np.where(np.isnan(terms[:, :1]), np.nan, parts)
