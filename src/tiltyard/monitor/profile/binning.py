"""Binning in numpy: which cell each word of a slot is counted in.

The reference that the counting kernels are held against, and what offline recounts use.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import CODE_INVALID, CODE_MISSING, Cells, Ints, Kind

Words = npt.NDArray[np.uint32]


def cells_of(cells: Cells, words: npt.NDArray[Any]) -> Ints:
    """The index of each word's cell, int64[n], in the order of the counts.

    `words` uint32[n] are a slot's; of ordered kinds they are the bits of float32.

    >>> from tiltyard.monitor.profile.cells import ordered_cells
    >>> cells = ordered_cells(Kind.numeric, np.float32([1, 2]), 0.0)
    >>> values = np.float32([-np.inf, -1, 0, 1, 1.5, 2, 3, np.inf, np.nan])
    >>> cells_of(cells, values.view(np.uint32)).tolist()
    [0, 1, 2, 2, 3, 3, 4, 5, 6]
    """
    words = np.ascontiguousarray(words, np.uint32)
    return (
        _ordered(cells, words.view(np.float32)) if cells.kind.is_ordered else _coded(cells, words)
    )


def _ordered(cells: Cells, values: npt.NDArray[np.float32]) -> Ints:
    above = len(cells.edges) + 2
    before = np.searchsorted(cells.edges, values, side="left")  # edges < value; NaN sorts last
    found = 2 + before
    found[values < np.float32(cells.minimum)] = 1
    if cells.kind is Kind.discrete:
        nearest = cells.edges[np.minimum(before, len(cells.edges) - 1)]
        is_between = (found > 1) & (found < above) & (nearest != values)
        found[is_between] = above + 3
    found[values == -np.inf] = 0
    found[values == np.inf] = above + 1
    found[np.isnan(values)] = above + 2
    return found.astype(np.int64)


def _coded(cells: Cells, words: Words) -> Ints:
    unseen = len(cells.labels) + 1
    found = np.full(len(words), unseen, np.int64)
    if len(cells.codes):
        places = np.minimum(np.searchsorted(cells.codes, words), len(cells.codes) - 1)
        is_known = cells.codes[places] == words
        found[is_known] = cells.code_cells[places[is_known]]
    found[words == CODE_MISSING] = unseen + 1
    found[words == CODE_INVALID] = unseen + 2
    return found
