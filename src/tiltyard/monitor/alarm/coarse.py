"""The cells that shape bets are made on: few enough to learn from a handful of ticks."""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.scores import midranks
from tiltyard.monitor.profile.cells import CellRole, Floats, Ints

COARSE_CELLS: Final = 10
_GRID_MAX: Final = 200


def coarse_cells(stream: ReferenceStream) -> Ints:
    """int64[cells]: the coarse cell of each, numbered from 0 without gaps.

    Finite cells: at most ten contiguous groups, by the middle of the cell on a grid of the
    reference's scale that is as fine as that allows (a tenth of the rows each, but finer where one
    value has most of them). Categories: the nine that the reference has most, and one for all
    others, when there are more than ten. Each reserved cell stays alone.
    """
    groups = np.zeros(len(stream.roles), np.int64)
    finite = np.array([role is CellRole.finite for role in stream.roles], np.bool_)
    if finite.any():
        groups[finite] = _equal_mass(midranks(stream)[1][finite[stream.ordered]])
    categories = np.flatnonzero([role is CellRole.category for role in stream.roles])
    if len(categories):
        by_count = categories[np.argsort(-stream.counts[categories], kind="stable")]
        rank = np.arange(len(by_count))
        alone = len(by_count) <= COARSE_CELLS
        groups[by_count] = rank if alone else np.minimum(rank, COARSE_CELLS - 1)
    groups[stream.reserved] = COARSE_CELLS + np.arange(np.count_nonzero(stream.reserved))
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _equal_mass(middles: Floats) -> Ints:
    """int64[n]: the groups of cells whose middles lie at these parts of the reference."""
    grids = np.arange(COARSE_CELLS, _GRID_MAX + 1)[:, None]
    parts = np.minimum(grids * middles, grids - 1).astype(np.int64)
    differ = np.count_nonzero(np.diff(parts, axis=1), axis=1)
    finest = np.flatnonzero(differ < COARSE_CELLS)[-1]
    return np.unique(parts[finest], return_inverse=True)[1].astype(np.int64)
