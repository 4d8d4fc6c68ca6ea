"""Ticks in a row taken together, and how far each such block lies from the one before it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Floats

FACTOR: Final = 4
# Blocks of 1, 4, 16 and 64 ticks.
LEVELS: Final = 4
# No longer than this in seconds: what moves over hours is a season or a drift, and no session.
SPAN_S_MAX: Final = 600.0


class Step(NamedTuple):
    """Two blocks of FACTOR ** `level` ticks that meet: of each measure (m - m_before)^2 /
    (1/n + 1/n_before), float64[measures, streams]; and which streams have rows in both."""

    level: int
    squares: Floats
    both: npt.NDArray[np.bool_]


class TickBlocks:
    """Not thread-safe. Measures are means over rows; a block's is the mean over all of its rows."""

    def __init__(self, measures: int, streams: int) -> None:
        shape = (LEVELS, measures, streams)
        # The block before, and the sums of the one that is being filled, at each level.
        self._means, self._rows = np.zeros(shape), np.zeros((LEVELS, streams))
        self._sums, self._sums_rows = np.zeros(shape), np.zeros((LEVELS, streams))
        self._filled = np.full(LEVELS, -1, np.int64)  # -1: there is no block before
        self._began = np.zeros(LEVELS)  # when the first tick of what is being filled ended

    def forget(self) -> None:
        """What comes is not held against what was: something lies between them."""
        self._forget_from(0)

    def _forget_from(self, level: int) -> None:
        self._filled[level:] = -1
        self._sums[level:] = 0.0
        self._sums_rows[level:] = 0.0

    def add(self, means: Floats, rows: Floats, ended_s: float) -> Iterator[Step]:
        """Take in a tick that ended at `ended_s` seconds: means float64[measures, streams] over
        rows float64[streams]."""
        began_s = ended_s
        for level in range(LEVELS):
            if ended_s - began_s > SPAN_S_MAX:
                self._forget_from(level)
                return
            before, rows_before = self._means[level], self._rows[level]
            if self._filled[level] >= 0:
                both = (rows > 0.0) & (rows_before > 0.0)
                scale = 1.0 / np.maximum(rows, 1.0) + 1.0 / np.maximum(rows_before, 1.0)
                yield Step(level, np.where(both, (means - before) ** 2 / scale, 0.0), both)
            before[:], rows_before[:] = means, rows
            if self._filled[level] <= 0:
                self._began[level] = began_s
            self._filled[level] = max(self._filled[level], 0) + 1
            self._sums[level] += means * rows
            self._sums_rows[level] += rows
            if self._filled[level] < FACTOR:
                return
            began_s = float(self._began[level])
            rows = self._sums_rows[level].copy()
            means = self._sums[level] / np.maximum(rows, 1.0)
            self._filled[level] = 0
            self._sums[level] = 0.0
            self._sums_rows[level] = 0.0

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that restore() needs."""
        return {
            "kappa_block_means": self._means.copy(),
            "kappa_block_rows": self._rows.copy(),
            "kappa_block_sums": self._sums.copy(),
            "kappa_block_sums_rows": self._sums_rows.copy(),
            "kappa_block_filled": self._filled.copy(),
            "kappa_block_began": self._began.copy(),
        }

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """The same to the bit. The shapes are those of to_arrays()."""
        self._means[:] = arrays["kappa_block_means"]
        self._rows[:] = arrays["kappa_block_rows"]
        self._sums[:] = arrays["kappa_block_sums"]
        self._sums_rows[:] = arrays["kappa_block_sums_rows"]
        self._filled[:] = arrays["kappa_block_filled"]
        self._began[:] = arrays["kappa_block_began"]
