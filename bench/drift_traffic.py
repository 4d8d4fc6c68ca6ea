"""Simulated references and traffic for the alarm: counts, drawn without a model or a gateway.

Features are standard normal, in 32 cells at the quantiles of a reference that is drawn anew, with
BELOW, ABOVE and MISSING. Where features are independent, a tick's counts are multinomial draws with
the exact shares of the live distribution in those cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import CellRole, Floats, Ints

FINITE: Final = 32
CELLS: Final = FINITE + 3
MISSING: Final = CELLS - 1
ROLES: Final = (
    CellRole.below,
    *(CellRole.finite,) * FINITE,
    CellRole.above,
    CellRole.missing,
)
LABELS: Final = ("BELOW", *(f"c{k}" for k in range(FINITE)), "ABOVE", "MISSING")


class Part(NamedTuple):
    """A normal part of a mixture."""

    weight: float
    mean: float
    deviation: float


STANDARD: Final = (Part(1.0, 0.0, 1.0),)


@dataclass(frozen=True, eq=False)
class NormalFeature:
    """A standard normal feature's reference: `minimum`, upper `edges` float64[32], its stream."""

    stream: ReferenceStream
    minimum: float
    edges: Floats

    def shares(self, parts: Sequence[Part] = STANDARD, missing: float = 0.0) -> Floats:
        """float64[35]: of a mixture of normals in these cells, with some missing."""
        from scipy.special import ndtr

        borders = np.concatenate([[self.minimum], self.edges])
        upto = sum(p.weight * ndtr((borders - p.mean) / p.deviation) for p in parts)
        inside = np.diff(np.concatenate([[0.0], upto, [1.0]]))
        return np.append(np.maximum(inside, 0.0) * (1.0 - missing), missing)

    def cells_of(self, values: Floats) -> Ints:
        """The cell of each value, int64 of the same shape."""
        found = 1 + np.searchsorted(self.edges, values, side="left")
        return np.where(values < self.minimum, 0, found).astype(np.int64)


def normal_feature(name: str, values: Floats) -> NormalFeature:
    """A reference of these values float64[rows]: cells at their quantiles, and their counts."""
    ordered = np.sort(values)
    at = np.ceil(np.arange(1, FINITE + 1) * len(ordered) / FINITE).astype(np.int64) - 1
    edges = ordered[at]
    counts = np.zeros(CELLS, np.int64)
    finite = np.searchsorted(edges, ordered, side="left")
    counts[1 : FINITE + 1] = np.bincount(finite, minlength=FINITE)
    stream = ReferenceStream(name, ROLES, LABELS, counts)
    return NormalFeature(stream, float(ordered[0]), edges)


def normal_features(rng: np.random.Generator, features: int, rows: int) -> list[NormalFeature]:
    """Independent standard normal features, each with a reference of its own."""
    return [normal_feature(f"f{i:02}", rng.normal(size=rows)) for i in range(features)]


def count_cells(cells: Ints, sizes: Sequence[int]) -> Ints:
    """Counts int64[sum of sizes] of rows: `cells` int64[rows, streams], of each its own cells."""
    begins = np.cumsum(sizes) - np.asarray(sizes)
    return np.bincount((cells + begins).ravel(), minlength=int(np.sum(sizes))).astype(np.int64)
