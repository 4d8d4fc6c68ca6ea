"""The first Wasserstein distance of binned values. Pure."""

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Cells, Floats, Kind
from tiltyard.monitor.statistics.kolmogorov_smirnov import cumulated_difference


def representatives(cells: Cells) -> Floats:
    """Where each ordered cell's rows are taken to lie: float64[finite cells + 2], ascending.

    BELOW at the reference's minimum and ABOVE at its maximum, for the distance is clipped to the
    reference's range. A finite cell of a numeric or text stream at its middle, so that the distance
    is the trapezoid rule over |F_a - F_r|, which is known at the edges; one of a discrete stream at
    its value. Empty for categories.

    >>> from tiltyard.monitor.profile.cells import ordered_cells
    >>> representatives(ordered_cells(Kind.numeric, np.float32([1, 3]), 0.0)).tolist()
    [0.0, 0.5, 2.0, 3.0]
    """
    if not cells.kind.is_ordered:
        return np.zeros(0)
    edges = cells.edges.astype(np.float64)
    lowest = np.float64(cells.minimum)
    highest = edges[-1] if len(edges) else lowest
    middles = edges
    if cells.kind is not Kind.discrete:
        middles = (np.concatenate([[lowest], edges[:-1]]) + edges) / 2
    return np.concatenate([[lowest], middles, [highest]])


def wasserstein(current: npt.ArrayLike, reference: npt.ArrayLike, gaps: npt.ArrayLike) -> Floats:
    """sum_k |F_a - F_r| gap_k over ordered cells: int[..., cells] to float64[...].

    `gaps` float[..., cells] is how far each representative is from the next, in the unit the result
    is wanted in; 0 for the last. Equals scipy.stats.wasserstein_distance on representatives with
    the counts as weights. NaN where a sample has no rows.

    >>> wasserstein([0, 4, 0], [4, 0, 0], [2.5, 1.0, 0.0]).tolist()
    2.5
    """
    return np.asarray((np.abs(cumulated_difference(current, reference)) * gaps).sum(-1))
