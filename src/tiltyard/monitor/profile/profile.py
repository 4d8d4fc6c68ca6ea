"""The reference profile of a version: its streams, and how rows are scored as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.stream import Group, Slot, Stream

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JointScores:
    """What a row's surprise and Mahalanobis distance are computed with.

    The shares are those of all rows; the distance is fitted on one half of them (Halves). The
    stream of surprise counts all rows of the reference, each held against the others (surprise.py),
    and that of the distance the other half.

    surprise = sum over features of bits[offset of the feature + its cell], bits = -log2 of the
    smoothed share (m + 1/2) / (sum m + cells / 2); `bits` float64 flat, the features' cells one
    after another. mahalanobis = |whitening @ z|^2 over the features of `features` (indices into the
    streams, int64[d]; ordered ones that are not constant), z = (x - mean) / sigma of those, 0 where
    x is not finite; `whitening` float64[d, d] lower triangular, the inverse of the Cholesky factor
    of their correlations. `mean` and `sigma` float64[d] are the fitting half's. Without a
    covariance (more than 256 features, or none ordered) d = 0, and there is no such stream.
    """

    bits: Floats
    features: Ints
    mean: Floats
    sigma: Floats
    whitening: Floats


@dataclass(frozen=True)
class Profile:
    """Immutable. Streams: features, outputs, then the joint ones: "surprise", "mahalanobis".

    `number` counts the profiles of a version from 1, and `digest` is the sha256 (hex) of its file.
    `source` says what the reference was: file, sha256, and how the streams were declared.
    `warnings` are sentences about what this reference cannot support.
    """

    model: str
    version: int
    number: int
    created: str  # UTC, ISO 8601
    rows: int
    streams: tuple[Stream, ...]
    joint: JointScores
    source: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    digest: str = ""

    @cached_property
    def layout(self) -> CountLayout:
        return CountLayout.of([stream.cells.size for stream in self.streams])

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Of a record, in order: those of features, then of outputs."""
        return tuple(stream.slot for stream in self.streams if stream.slot is not None)

    @cached_property
    def reference(self) -> Ints:
        """The reference's counts in the profile's layout; moments and requests are left 0."""
        counts = self.layout.zeros()
        counts[0] = self.rows
        for index, stream in enumerate(self.streams):
            self.layout.cells(counts, index)[:] = stream.counts
        return counts

    def of_group(self, group: Group) -> tuple[int, ...]:
        """The indices of a group's streams."""
        return tuple(i for i, stream in enumerate(self.streams) if stream.group is group)
