"""The cells that shape bets are made on: few enough to learn from a handful of ticks."""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.scores import midranks
from tiltyard.monitor.profile.cells import CellRole, Ints

COARSE_CELLS: Final = 10


def coarse_cells(stream: ReferenceStream) -> Ints:
    """int64[cells]: the coarse cell of each, numbered from 0 without gaps.

    Finite cells: contiguous groups of about a tenth of the reference each, by the middle of the
    cell on the reference's scale. Categories: the nine that the reference has most, and one for all
    others, when there are more than ten. Each reserved cell stays alone.
    """
    groups = np.zeros(len(stream.roles), np.int64)
    finite = np.array([role is CellRole.finite for role in stream.roles], np.bool_)
    if finite.any():
        of_ordered = groups[stream.ordered]
        _, middle = midranks(stream)
        of_ordered[:] = np.minimum(COARSE_CELLS * middle, COARSE_CELLS - 1).astype(np.int64)
        groups[stream.ordered] = of_ordered
    categories = np.flatnonzero([role is CellRole.category for role in stream.roles])
    if len(categories):
        by_count = categories[np.argsort(-stream.counts[categories], kind="stable")]
        rank = np.arange(len(by_count))
        alone = len(by_count) <= COARSE_CELLS
        groups[by_count] = rank if alone else np.minimum(rank, COARSE_CELLS - 1)
    groups[stream.reserved] = COARSE_CELLS + np.arange(np.count_nonzero(stream.reserved))
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
