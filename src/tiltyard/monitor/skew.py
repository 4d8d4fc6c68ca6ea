"""What traffic is held against before there is a baseline: the profile's reference, as fresh rows
would be counted by it.
"""

import numpy as np

from tiltyard.monitor.detection import SKEW, Reference
from tiltyard.monitor.profile.cells import CellRole, Cells, Ints, Kind
from tiltyard.monitor.profile.profile import Profile


def skew_reference(profile: Profile) -> Reference:
    """The reference's counts, and in UNSEEN the rows whose value no other row has.

    Cells are made of the values that the reference has, so none of its own rows is ever unseen, and
    a bound of UNSEEN's share from 0 of m rows says nothing of fresh ones. Each row held against the
    others says it: that is the number of values that occur once (Good and Turing; Good, The
    population frequencies of species, Biometrika 1953). A baseline is counted from fresh rows, and
    needs none of this.
    """
    counts = profile.reference.copy()
    for index, stream in enumerate(profile.streams):
        cells = profile.layout.cells(counts, index)
        if CellRole.unseen in stream.cells.roles:
            cells[stream.cells.roles.index(CellRole.unseen)] += _alone(stream.cells, cells)
    return Reference(SKEW, profile.digest, counts)


def _alone(cells: Cells, counts: Ints) -> int:
    """How many values occur once; of those in OTHER, which are not counted apart, at most.

    Without the least and the largest of ordered ones: they would be below and above.
    """
    if cells.kind is Kind.discrete:
        finite = [role is CellRole.finite for role in cells.roles]
        return int(np.count_nonzero(counts[finite][1:-1] == 1))
    alone = int(np.count_nonzero(counts[: len(cells.labels)] == 1))
    other = int(counts[cells.roles.index(CellRole.other)])
    codes = int((cells.code_cells == len(cells.labels)).sum())
    # k values of c rows: all occur once, or at least one of them more often.
    return alone + (codes if codes == other else max(0, min(codes - 1, other)))
