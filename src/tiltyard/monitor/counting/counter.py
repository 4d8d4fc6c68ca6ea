"""The driver of the kernels: a plan, scratch memory and a compiled kernel. It checks nothing."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.plan import CountingPlan
from tiltyard.monitor.counting.record import Words
from tiltyard.monitor.profile.cells import Ints

Rows = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

# Rows that are worked on together: a block of 30 features is one tile. Not a power of two, because
# then the slots of a row would share few sets of the cache; a multiple of kernels.STEP.
TILE: Final = 416


class Scratch(NamedTuple):
    """What the kernels write and nobody reads afterwards.

    tile uint32[slots + 2, TILE]: slots, then surprise and Mahalanobis distance as float32 bits;
    z float64[features up to Z_COLUMNS, TILE]; sums float64[4, TILE]: surprise, distance, and two
    that belong to the latter; cells int32[TILE].
    """

    tile: Words
    z: npt.NDArray[np.float64]
    sums: npt.NDArray[np.float64]
    cells: Rows


def new_scratch(plan: CountingPlan) -> Scratch:
    features = plan.arrays.whitening.shape[1] if plan.has_distances else 0
    return Scratch(
        np.zeros((plan.slots + 2, TILE), np.uint32),
        np.zeros((features, TILE), np.float64),
        np.zeros((4, TILE), np.float64),
        np.zeros(TILE, np.int32),
    )


# kernels.count, compiled.
Kernel = Callable[..., None]


class Counter:
    """Counts blocks of one profile's records. One thread at a time."""

    def __init__(self, plan: CountingPlan, kernel: Kernel) -> None:
        self.plan = plan
        self._kernel = kernel
        self._scratch = new_scratch(plan)
        self._all_rows = np.zeros(0, np.int32)
        self._surprise = np.zeros(0, np.float32)
        self._mahalanobis = np.zeros(0, np.float32)

    def count(self, words: Words, rows: Rows | None, counts: Ints) -> tuple[Scores, Scores]:
        """Add the rows (None: all) of words uint32[n, W] to counts int64[layout.size].

        Returns surprise and Mahalanobis distance, float32 a row; they are good until the next call.
        The latter is not written without a whitening.
        """
        self._make_room(len(words))
        if rows is None:
            rows = self._all_rows[: len(words)]
        surprise, mahalanobis = self._surprise[: len(rows)], self._mahalanobis[: len(rows)]
        self._kernel(words, rows, self.plan.arrays, self._scratch, counts, surprise, mahalanobis)
        return surprise, mahalanobis

    def _make_room(self, rows: int) -> None:
        if rows > len(self._all_rows):
            self._all_rows = np.arange(rows, dtype=np.int32)
            self._surprise = np.zeros(rows, np.float32)
            self._mahalanobis = np.zeros(rows, np.float32)
