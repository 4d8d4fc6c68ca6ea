"""What is commonly done instead: a look at each tick, and a threshold that does not know of n."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.statistics.psi import psi

PSI_MAX: Final = 0.1
P_MIN: Final = 0.05

Hits = npt.NDArray[np.bool_]  # by stream


class NaiveRules:
    """PSI above 0.1, or a Kolmogorov-Smirnov p below 0.05 / d, in some feature of a plane's tick.

    Planes have `streams` streams each. PSI is over the coarse cells, KS over the ordered ones with
    its asymptotic p.
    """

    def __init__(self, tables: BetTables, streams: int) -> None:
        self._tables = tables
        self._streams = streams
        self._looked = self._psi_hits = self._ks_hits = 0
        starts = np.append(tables.layout.coarse_starts, len(tables.shape.stream))
        self._coarse = [slice(a, b) for a, b in pairwise(starts)]

    @property
    def psi_ticks(self) -> float:
        """The share of ticks in which PSI passed; NaN before the first."""
        return self._psi_hits / self._looked if self._looked else float("nan")

    @property
    def ks_ticks(self) -> float:
        """The share of ticks in which KS passed; NaN before the first."""
        return self._ks_hits / self._looked if self._looked else float("nan")

    def look(self, cells: Ints) -> None:
        """At a tick of all planes, int64[cells of all planes]."""
        self._looked += len(self._tables.streams) // self._streams
        self._psi_hits += self._planes(self._has_psi(cells))
        self._ks_hits += self._planes(self._has_ks(cells))

    def _planes(self, hits: Hits) -> int:
        return int(np.count_nonzero(hits.reshape(-1, self._streams).any(axis=1)))

    def _has_psi(self, cells: Ints) -> Hits:
        live = self._tables.coarse_counts(cells.astype(np.float64))
        reference = self._tables.coarse_reference
        return np.array([psi(live[own], reference[own]) > PSI_MAX for own in self._coarse])

    def _has_ks(self, cells: Ints) -> Hits:
        from scipy.special import kolmogorov

        distances, sizes = [], []
        for stream, reference in enumerate(self._tables.streams):
            begin, end = self._tables.span(stream)
            live, before = cells[begin:end][reference.ordered], reference.counts[reference.ordered]
            n, m = max(int(live.sum()), 1), max(int(before.sum()), 1)
            distances.append(np.max(np.abs(np.cumsum(live) / n - np.cumsum(before) / m)))
            sizes.append(n * m / (n + m))
        p: Floats = kolmogorov(np.sqrt(sizes) * np.array(distances))
        return p < P_MIN / self._streams
