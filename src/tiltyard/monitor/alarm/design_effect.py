"""How much less rows tell than independent ones would: the variance ratio of a tick's means.

Bursts, sessions and whatever moves all rows of a tick make its means vary more than those of
independent rows do. With that ratio kappa as the divisor of evidence, dependent traffic that did
not change is not mistaken for a change (an estimate, not a guarantee: alarm.md section 11).
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats

PANE_S: Final = 3600.0
PANES: Final = 24


class DesignEffect:
    """Not thread-safe.

    kappa = max over measures of mean_t (g_t - g_(t-1))^2 / (1/n_t + 1/n_(t-1)), at least 1; the
    measures g are the two scores' means and the standardised shares of the commonest categories.
    Over the last 24 h in hourly panes; older ones stay while the newer have fewer than `pairs_min`
    pairs of ticks.
    """

    def __init__(self, tables: BetTables, pairs_min: int) -> None:
        self._pairs_min = pairs_min
        # bool[streams]: whether a stream has anything to be measured; a constant has not.
        self.can_tell = np.add.reduceat(np.any(tables.scores != 0.0, axis=0), tables.starts) > 0
        self.can_tell |= np.any(tables.layout.watched >= 0, axis=0)
        self._shape = (len(tables.scores) + len(tables.layout.watched), len(tables.streams))
        self._before: tuple[Floats, Floats] | None = None
        # One an hour: which, sums of squares float64[measures, streams], pairs float64[streams].
        self._hours: list[float] = []
        self._sums: list[Floats] = []
        self._pairs: list[Floats] = []
        self._settle()

    def _settle(self) -> None:
        """Sums over all panes but the last, so that a tick adds to one and reads two."""
        self._settled_sums: Floats = np.zeros(self._shape)
        self._settled_pairs: Floats = np.zeros(self._shape[1])
        for sums, pairs in zip(self._sums[:-1], self._pairs[:-1], strict=True):
            self._settled_sums += sums
            self._settled_pairs += pairs

    def forget_previous(self) -> None:
        """The next tick is not held against the one before it: something lies between them."""
        self._before = None

    def update(self, tables: BetTables, cells: Floats, ended_s: float) -> None:
        """Take in a tick with counts float64[cells] that ended at `ended_s` seconds."""
        rows = tables.rows_of(cells)
        means = measures(tables, cells, rows)
        if self._before is not None:
            means_before, rows_before = self._before
            both = (rows > 0.0) & (rows_before > 0.0)
            scale = 1.0 / np.maximum(rows, 1.0) + 1.0 / np.maximum(rows_before, 1.0)
            self._open_pane(ended_s // PANE_S)
            self._sums[-1] += np.where(both, (means - means_before) ** 2 / scale, 0.0)
            self._pairs[-1] += both
        self._before = means, rows

    def _open_pane(self, hour: float) -> None:
        if self._hours and self._hours[-1] >= hour:
            return
        self._hours.append(hour)
        self._sums.append(np.zeros(self._shape))
        self._pairs.append(np.zeros(self._shape[1]))
        while len(self._hours) > 1 and self._hours[0] <= hour - PANES:
            if np.max(np.sum(self._pairs[1:], axis=0)) < self._pairs_min:
                break
            del self._hours[0], self._sums[0], self._pairs[0]
        self._settle()

    def pairs(self) -> Floats:
        """How many pairs of ticks each stream's estimate is from, float64[streams]."""
        return self._settled_pairs + self._pairs[-1] if self._pairs else self._settled_pairs

    def get(self) -> Floats:
        """kappa float64[streams]; 1 of a stream without two ticks in a row."""
        if not self._pairs:
            return np.ones(self._shape[1])
        sums = np.max(self._settled_sums + self._sums[-1], axis=0)
        kappa: Floats = np.maximum(sums / np.maximum(self.pairs(), 1.0), 1.0)
        return kappa

    @property
    def nbytes(self) -> int:
        """Bytes held, at most 25 panes of them."""
        return sum(array.nbytes for panes in (self._sums, self._pairs) for array in panes)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that from_arrays() needs beside the tables."""
        means, rows = self._before or (np.zeros(self._shape), np.zeros(0))
        return {
            "kappa_hours": np.array(self._hours, np.float64),
            "kappa_sums": np.array(self._sums, np.float64).reshape(-1, *self._shape),
            "kappa_pairs": np.array(self._pairs, np.float64).reshape(-1, self._shape[1]),
            "kappa_means_before": means,
            "kappa_rows_before": rows,
        }

    @classmethod
    def from_arrays(
        cls, tables: BetTables, pairs_min: int, arrays: Mapping[str, npt.NDArray[Any]]
    ) -> "DesignEffect":
        """The same to the bit. Raises ValueError where the arrays are of other tables."""
        effect = cls(tables, pairs_min)
        if arrays["kappa_sums"].shape[1:] != effect._shape:
            raise ValueError(
                f"saved kappa_sums has shape {arrays['kappa_sums'].shape}; panes of "
                f"{effect._shape} are expected"
            )
        effect._hours = [float(hour) for hour in arrays["kappa_hours"]]
        effect._sums = list(arrays["kappa_sums"].astype(np.float64))
        effect._pairs = list(arrays["kappa_pairs"].astype(np.float64))
        effect._settle()
        if arrays["kappa_rows_before"].size:
            effect._before = (arrays["kappa_means_before"], arrays["kappa_rows_before"])
        return effect


def measures(tables: BetTables, cells: Floats, rows: Floats) -> Floats:
    """Means over a tick's rows of what has mean 0 and variance 1 in the reference.

    float64[measures, streams]: location, spread, then the standardised shares of watched cells.
    """
    divisor = np.maximum(rows, 1.0)
    scores = tables.score_sums(cells) / divisor
    if not len(tables.layout.watched):
        return scores
    counts = np.where(tables.layout.watched >= 0, cells[tables.watched_cells], 0.0)
    shares = (counts / divisor - tables.watched_share) / tables.watched_deviation
    return np.concatenate([scores, shares])
