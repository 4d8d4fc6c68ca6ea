"""Where each number lies in the flat vector of integers that counts a plane.

Everything that is counted of a plane in a pane is one int64 vector, so that merging gateways,
rolling panes up and sliding windows are one addition or subtraction:

    [rows, requests, rows_squared | sum of q, sum of q^2 of each stream | cells of each stream]

`rows_squared` is the sum over requests of the squared number of their rows. q is the fixed-point
value of an ordered stream, round(clip((x - mean) / sigma, +-Z_MAX) * Z_UNITS) with the profile's
mean and sigma, over finite x; sums of q^2 are in units of 1 / Z_UNITS: each adds
(q * q) >> Z_SHIFT. Float sums would depend on their order, so they would not merge exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import Ints

ROWS, REQUESTS, ROWS_SQUARED = 0, 1, 2
HEAD = 3
Z_SHIFT = 16
Z_UNITS = 1 << Z_SHIFT
Z_MAX = 1024.0


@dataclass(frozen=True)
class CountLayout:
    """The layout of a profile's counts: `sizes` has the number of cells of each stream."""

    sizes: tuple[int, ...]

    @classmethod
    def of(cls, sizes: Sequence[int]) -> "CountLayout":
        return cls(tuple(sizes))

    @property
    def streams(self) -> int:
        return len(self.sizes)

    @property
    def cells_at(self) -> int:
        return HEAD + 2 * self.streams

    @cached_property
    def offsets(self) -> Ints:
        """int64[streams]: where each stream's cells begin in the vector."""
        return self.cells_at + np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)

    @cached_property
    def size(self) -> int:
        return self.cells_at + sum(self.sizes)

    def zeros(self) -> Ints:
        return np.zeros(self.size, np.int64)

    def cells(self, counts: Ints, stream: int) -> Ints:
        """The cells of a stream: a view of int64[..., size]."""
        begin = int(self.offsets[stream])
        return counts[..., begin : begin + self.sizes[stream]]

    def moments(self, counts: Ints) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Sums of z and of z^2 of each stream, float64[streams]; z in the profile's sigmas."""
        sums = counts[HEAD : self.cells_at].reshape(self.streams, 2)
        return sums[:, 0] / Z_UNITS, sums[:, 1] / Z_UNITS
