"""How surprising each row of the reference is to all others, as a fresh row would be."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.binning import Words
from tiltyard.monitor.profile.cells import CODE_INVALID, CellRole, Cells, Ints, Kind
from tiltyard.monitor.profile.joint import Floats32

# A cell with so many rows is as probable without one of them: one in 30 is 0.05 bits. Left alone,
# the commonest rows have the very scores that live ones have, and not ones just above.
COUNT_MAX: Final = 30


def reference_surprise(
    cells: Sequence[Cells], words: Sequence[Words], indices: npt.NDArray[np.int64]
) -> Floats32:
    """The surprise of the reference's rows in bits, float32[rows], each held against the others.

    `words` uint32[rows] are the features' and `indices` int64[rows, features] their cells.

    Cells and shares are made of the same rows. Scored as they are, or one half by the shares of the
    other (which alarm.md section 1 asks for), the rows differ from fresh ones: none is out of
    range, and where a quantile cell has more rows of one half it has fewer of the other (30 normal
    features, 5,000 rows: fresh rows lie 0.33 standard deviations below). So each row is left out in
    turn: the least value is then below, the largest above, and one that no other row has unseen;
    categories and single values have a row less. Quantile cells have as many rows as before, for
    their edges move.
    """
    total = np.zeros(len(indices))
    for feature, one in enumerate(cells):
        placed = indices[:, feature]
        counts = np.bincount(placed, minlength=one.size)
        without = _without_itself(one, words[feature], placed, counts)
        is_less = (without == placed) & (counts[placed] < COUNT_MAX)
        if one.kind is not Kind.discrete and one.kind.is_ordered:
            finite = np.array([role is CellRole.finite for role in one.roles])
            is_less &= ~finite[placed]
        shares = (counts[without] - is_less + 0.5) / (len(placed) + 0.5 * one.size)
        total -= np.log2(shares)
    return total.astype(np.float32)


def _without_itself(cells: Cells, words: Words, placed: Ints, counts: Ints) -> Ints:
    """The cell of each row if the reference had not had that row, int64[rows]."""
    found = placed.copy()
    if not cells.kind.is_ordered:
        codes, first, times = np.unique(words, return_index=True, return_counts=True)
        alone = first[(times == 1) & (codes < CODE_INVALID)]
        found[alone] = cells.roles.index(CellRole.unseen)
        return found
    values = words.view(np.float32)
    finite = np.flatnonzero(np.isfinite(values))
    if cells.kind is Kind.discrete:
        found[finite[counts[placed[finite]] == 1]] = cells.roles.index(CellRole.unseen)
    if len(finite) > 1:
        for role, end in (
            (CellRole.below, values[finite].min()),
            (CellRole.above, values[finite].max()),
        ):
            there = finite[values[finite] == end]
            if len(there) == 1:
                found[there] = cells.roles.index(role)
    return found
