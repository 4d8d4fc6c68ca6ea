"""Two columns that change places: each has the distribution it had, but not beside the others.

Found by the joint streams: surprise, for which each row of the reference is held against all
others, and squared Mahalanobis distance, fitted on one half of it and histogrammed on the other.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from bench.drift_changes import (
    FEATURES,
    ROWS,
    THRESHOLDS_S,
    Change,
    Delay,
    meet,
    warmed_up,
)
from bench.drift_traffic import CELLS, ROLES, NormalFeature, count_cells, normal_feature
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import CellRole, Floats, Ints

JOINT: Final = ("surprise", "mahalanobis")
SWAP: Final = Change("swapped pair of columns")
# Features 0 and 2, and 1 and 3, go together; 0 and 1 change places.
_CORRELATION: Final = 0.8


def rows_of(rng: np.random.Generator, rows: int, *, swapped: bool = False) -> Floats:
    """float64[rows, 30]: standard normal columns, two pairs of them correlated."""
    values = rng.normal(size=(rows, FEATURES))
    rest = (1.0 - _CORRELATION**2) ** 0.5
    values[:, 2:4] = _CORRELATION * values[:, 0:2] + rest * values[:, 2:4]
    if swapped:
        values[:, [0, 1]] = values[:, [1, 0]]
    return values


class JointReference:
    """A reference of rows: 30 features, and the two joint streams, as a profile has them."""

    def __init__(self, values: Floats) -> None:
        """`values` float64[rows, 30]; the distance is fitted on the first half."""
        half = len(values) // 2
        fit, scored = values[:half], values[half:]
        columns = np.arange(FEATURES)
        self.features = [normal_feature(f"f{i:02}", column) for i, column in enumerate(values.T)]
        cells = self._cells(values)
        counts = np.array([np.bincount(column, minlength=CELLS) for column in cells.T])
        self._bits: Floats = -np.log2((counts + 0.5) / (len(values) + 0.5 * CELLS))
        self._mean = fit.mean(axis=0)
        self._whitening = np.linalg.inv(np.linalg.cholesky(np.cov(fit, rowvar=False)))
        # Without themselves the least and the largest value are out of range, as in surprise.py.
        cells[values.argmin(axis=0), columns] = ROLES.index(CellRole.below)
        cells[values.argmax(axis=0), columns] = ROLES.index(CellRole.above)
        scores = (self._surprise(cells), self._distance(scored))
        joint = [normal_feature(name, column) for name, column in zip(JOINT, scores, strict=True)]
        self.joint = [replace(one, stream=replace(one.stream, is_joint=True)) for one in joint]

    @property
    def streams(self) -> list[NormalFeature]:
        return [*self.features, *self.joint]

    def tick(self, values: Floats) -> TickCounts:
        """The counts of rows float64[rows, 30], each a request."""
        cells = self._cells(values)
        scores = (self._surprise(cells), self._distance(values))
        joint = [one.cells_of(column) for one, column in zip(self.joint, scores, strict=True)]
        counts = count_cells(np.column_stack([cells, *joint]), [CELLS] * len(self.streams))
        rows = len(values)
        return TickCounts(counts, rows, rows, rows, 1.0, 0.0)

    def _cells(self, values: Floats) -> Ints:
        own = [f.cells_of(column) for f, column in zip(self.features, values.T, strict=True)]
        return np.column_stack(own)

    def _surprise(self, cells: Ints) -> Floats:
        return np.asarray(self._bits[np.arange(FEATURES), cells].sum(axis=1))

    def _distance(self, values: Floats) -> Floats:
        whitened = (values - self._mean) @ self._whitening.T
        return np.asarray((whitened**2).sum(axis=1))


def swap_delays(rows: int, delta: float, runs: int, seed: int = 5) -> Iterator[Delay]:
    """One a run, like drift_changes.delays()."""
    policy = AlarmPolicy(delta=delta, false_alarm_s=THRESHOLDS_S[-1])
    for run in range(runs):
        rng = np.random.default_rng([seed, rows, run])
        reference = JointReference(rows_of(rng, rows))
        tables = BetTables.build([one.stream for one in reference.streams], policy)
        detector = warmed_up(tables, policy, _traffic(rng, reference, swapped=False))
        yield meet(detector, SWAP, _traffic(rng, reference, swapped=True))


def _traffic(
    rng: np.random.Generator, reference: JointReference, *, swapped: bool
) -> Iterator[TickCounts]:
    while True:
        yield reference.tick(rows_of(rng, ROWS, swapped=swapped))
