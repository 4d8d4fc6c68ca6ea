"""The coarse cells that a PSI is computed over: ten groups of about the same mass. Pure."""

import numpy as np

from tiltyard.monitor.profile.cells import CellRole, Cells, Ints, Kind

GROUPS_MAX = 10
_GRIDS_MAX = 200


def coarse_groups(cells: Cells, counts: Ints) -> Ints:
    """int64[folded cells]: the coarse cell of each, counted from 0 in the order of the cells.

    Finite cells are put together, neighbours with neighbours, into at most ten groups: by the
    middle of its reference mass on a grid of G equal parts, G the largest number up to 200 that
    leaves no more than ten groups (ten of 32 equal cells; more where one value has most of the
    mass, so that the others do not all end in one group). Ten finite cells or fewer stay as they
    are, as do reserved cells and all cells of categories. `counts` int64[cells.size] are those of
    the profile, whatever a window is held against, so that a PSI is one number over time.

    >>> from tiltyard.monitor.profile.cells import ordered_cells
    >>> cells = ordered_cells(Kind.numeric, np.arange(20, dtype=np.float32), -1.0)
    >>> counts = np.concatenate([[0, 0], np.full(20, 7), [0, 0, 0]])
    >>> coarse_groups(cells, counts).tolist()
    [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 12]
    """
    finite = len(cells.edges)
    if not cells.kind.is_ordered or finite <= GROUPS_MAX:
        return np.arange(len(cells.folded_roles))
    grouped = _equal_mass(cells.fold(counts)[1 : 1 + finite])
    rest = grouped[-1] + 2 + np.arange(len(cells.folded_roles) - 1 - finite)
    return np.concatenate([[0], grouped + 1, rest])


def _equal_mass(mass: Ints) -> Ints:
    """int64[cells]: the group of each finite cell, from 0 without gaps."""
    total = int(mass.sum())
    if total == 0:  # nothing is known of the mass: groups of as many cells
        return np.arange(len(mass)) * GROUPS_MAX // len(mass)
    # Twice the middle of each cell's mass, so that all stays in whole numbers.
    middles = 2 * np.cumsum(mass) - mass
    grids = np.arange(GROUPS_MAX, _GRIDS_MAX + 1)[:, None]
    # Empty cells at the end have their middle at the very end of the grid.
    parts = np.minimum(grids * middles // (2 * total), grids - 1)
    starts = np.diff(parts, axis=1) > 0
    fine_enough = np.flatnonzero(np.count_nonzero(starts, axis=1) < GROUPS_MAX)
    return np.concatenate([[0], np.cumsum(starts[fine_enough[-1]])])


def coarse_names(cells: Cells, groups: Ints) -> tuple[str, ...]:
    """What a reader calls each coarse cell: a range where it has several cells."""
    names, edges = cells.names, cells.edge_names
    found = []
    for group in range(int(groups[-1]) + 1):
        first, last = np.searchsorted(groups, [group, group + 1]) - [0, 1]
        if first == last:
            found.append(names[first])
        elif cells.kind is Kind.discrete:
            found.append(f"{edges[first]} to {edges[last]}")
        else:
            low = "(" if first > 1 else "["
            found.append(f"{low}{edges[first - 1]}, {edges[last]}]")
    return tuple(found)


def coarse_roles(cells: Cells, groups: Ints) -> tuple[CellRole, ...]:
    """One a coarse cell: that of its cells, which all have the same."""
    firsts = np.searchsorted(groups, np.arange(int(groups[-1]) + 1))
    return tuple(cells.folded_roles[first] for first in firsts)
