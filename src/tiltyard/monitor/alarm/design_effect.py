"""How much less rows tell than independent ones would: the variance ratio of the means of ticks.

Bursts, sessions and whatever moves all rows of a tick make its means vary more than those of
independent rows do. With that ratio kappa as the divisor of evidence, dependent traffic that did
not change is not mistaken for a change (an estimate, not a guarantee: alarm.md section 11).

Beyond alarm.md, where neighbouring ticks are compared: ticks that depend on each other (who asks
for seconds on end) differ from their neighbours less than independent ones do, so blocks of 4 to
64 ticks are compared as well. Cells that the reference hardly has are measured for the bets on
them: a burst of missing values shows in no score.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.exponent import SCORE
from tiltyard.monitor.alarm.tick_blocks import LEVELS, TickBlocks
from tiltyard.monitor.profile.cells import Floats

PANE_S: Final = 3600.0
PANES: Final = 24
# Blocks of more than a tick are few at first: their ratio is divided by 1 and so many standard
# errors, or independent traffic would be given a kappa by chance.
ERRORS: Final = 2.5
# And none of them counts for more than so many times what is known, so that one step, which is what
# the alarm looks for, is not mistaken for dependence.
STEP_MAX: Final = 9.0
# Blocks that differ so many times as much as single ticks are of ticks that depend on each other.
SERIAL: Final = 1.25


@dataclass
class _Pane:
    """An hour's sums of squares float64[levels, measures, streams], pairs of blocks float64[levels,
    streams]; rows in rare cells float64[rare, streams], and in all float64[streams]."""

    squares: Floats
    pairs: Floats
    rare: Floats
    rows: Floats

    def add(self, other: "_Pane") -> None:
        self.squares += other.squares
        self.pairs += other.pairs
        self.rare += other.rare
        self.rows += other.rows


_FIELDS: Final = tuple(field.name for field in fields(_Pane))


class DesignEffect:
    """Not thread-safe.

    kappa = max over measures of mean_t (g_t - g_(t-1))^2 / (1/n_t + 1/n_(t-1)), at least 1; the
    measures g are the two scores' means and the standardised shares of the commonest categories.
    Bets on single cells and shape have another, which is at least that and also has the shares of
    rare cells, over p (1 - p) of the traffic's own p. Each also of blocks of ticks. Over the last
    24 h in panes of an hour or more; older ones stay while the newer have fewer than `pairs_min`
    pairs.
    """

    def __init__(self, tables: BetTables, pairs_min: int) -> None:
        self._pairs_min = pairs_min
        # bool[streams]: whether a stream has anything to be measured; a constant has not.
        self.can_tell = np.add.reduceat(np.any(tables.scores != 0.0, axis=0), tables.starts) > 0
        self.can_tell |= np.any(tables.layout.watched >= 0, axis=0)
        self._rare, self._streams = tables.layout.rare.shape
        self._rare_at = len(tables.scores) + len(tables.layout.watched)  # behind other measures
        self._measures = self._rare_at + self._rare
        self._blocks = TickBlocks(self._measures, self._streams)
        self._none = self._empty()
        self._hours: list[float] = []
        self._panes: list[_Pane] = []
        self._settle()

    def _empty(self) -> _Pane:
        return _Pane(
            np.zeros((LEVELS, self._measures, self._streams)),
            np.zeros((LEVELS, self._streams)),
            np.zeros((self._rare, self._streams)),
            np.zeros(self._streams),
        )

    def _settle(self) -> None:
        """Sums over all panes but the last, so that a tick adds to one and reads two."""
        self._settled = self._empty()
        for pane in self._panes[:-1]:
            self._settled.add(pane)
        self._rare_variances = self._computed_rare_variances()
        self._kappa = np.stack([self._of_level(level) for level in range(LEVELS)])

    def forget_previous(self) -> None:
        """The next tick is not held against the one before it: something lies between them."""
        self._blocks.forget()

    def update(self, tables: BetTables, cells: Floats, ended_s: float) -> None:
        """Take in a tick with counts float64[cells] that ended at `ended_s` seconds."""
        rows = tables.rows_of(cells)
        means = measures(tables, cells, rows)
        self._open_pane(ended_s // PANE_S)
        pane = self._panes[-1]
        pane.rare += means[self._rare_at :] * rows
        pane.rows += rows
        self._rare_variances = self._computed_rare_variances()
        for level, squares, both in self._blocks.add(means, rows, ended_s):
            if level:
                np.minimum(squares, STEP_MAX * self._expected(level), out=squares)
            pane.squares[level] += squares
            pane.pairs[level] += both
            self._kappa[level] = self._of_level(level)

    def _open_pane(self, hour: float) -> None:
        if self._hours and self._hours[-1] >= hour:
            return
        # Where ticks are rare an hour's pane goes on until it has its part of the pairs.
        if self._panes and self._panes[-1].pairs[0].max() < self._pairs_min / PANES:
            return
        self._hours.append(hour)
        self._panes.append(self._empty())
        while len(self._hours) > 1 and self._hours[0] <= hour - PANES:
            newer = np.sum([pane.pairs[0] for pane in self._panes[1:]], axis=0)
            if newer.max() < self._pairs_min:
                break
            del self._hours[0], self._panes[0]
        self._settle()

    def pairs(self) -> Floats:
        """How many pairs of ticks each stream's estimate is from, float64[streams]."""
        settled, last = self._known()
        pairs: Floats = settled.pairs[0] + last.pairs[0]
        return pairs

    def get(self) -> Floats:
        """kappa float64[2, streams], of bets on scores and of the others; 1 of a stream without two
        ticks in a row."""
        kappa: Floats = np.maximum(self._kappa.max(axis=0), 1.0)
        return kappa

    def is_serial(self) -> npt.NDArray[np.bool_]:
        """bool[streams]: whether a tick tells something of the ticks after it."""
        ticks, blocks = self._kappa[0, SCORE], self._kappa[1:, SCORE].max(axis=0)
        serial: npt.NDArray[np.bool_] = blocks > SERIAL * np.maximum(ticks, 1.0)
        return serial

    @property
    def nbytes(self) -> int:
        """Bytes held, of at most 26 panes."""
        return sum(array.nbytes for pane in self._panes for array in vars(pane).values())

    def _known(self) -> tuple[_Pane, _Pane]:
        """What adds up to everything: all panes but the last, and the last."""
        return self._settled, self._panes[-1] if self._panes else self._none

    def _pairs(self, level: int) -> Floats:
        settled, last = self._known()
        pairs: Floats = np.maximum(settled.pairs[level] + last.pairs[level], 1.0)
        return pairs

    def _mean_squares(self, level: int) -> Floats:
        """float64[measures, streams]; 0 without a pair."""
        settled, last = self._known()
        means: Floats = (settled.squares[level] + last.squares[level]) / self._pairs(level)
        return means

    def _expected(self, level: int) -> Floats:
        """What a square is by what is known, or of independent rows, float64[measures, streams]."""
        known = self._mean_squares(level)
        known[: self._rare_at] = np.maximum(known[: self._rare_at], 1.0)
        known[self._rare_at :] = np.maximum(known[self._rare_at :], self._rare_variances)
        return known

    def _rare_counts(self) -> Floats:
        settled, last = self._known()
        return settled.rare + last.rare

    def _computed_rare_variances(self) -> Floats:
        """p (1 - p) of the traffic's own shares, float64[rare, streams]; 1 where there are none."""
        settled, last = self._known()
        share = self._rare_counts() / np.maximum(settled.rows + last.rows, 1.0)
        share *= 1.0 - share
        return np.where(share > 0.0, share, 1.0)

    def _of_level(self, level: int) -> Floats:
        """kappa by the blocks of one size, float64[2, streams]; 0 where there is no pair."""
        ratios = self._mean_squares(level)
        ratios[self._rare_at :] /= self._rare_variances
        if level:
            # A square of a normal variable, of blocks that are used twice; of few rows beside.
            error = 3.0 / self._pairs(level)
            ratios[: self._rare_at] /= 1.0 + ERRORS * np.sqrt(error)
            few = 1.0 / np.maximum(self._rare_counts(), 1.0)
            ratios[self._rare_at :] /= 1.0 + ERRORS * np.sqrt(error + few)
        scores = ratios[: self._rare_at].max(axis=0)
        cells = ratios[self._rare_at :].max(axis=0, initial=0.0)
        return np.stack([scores, np.maximum(scores, cells)])

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that from_arrays() needs beside the tables."""
        own = {f"kappa_{name}": [vars(pane)[name] for pane in self._panes] for name in _FIELDS}
        shapes = {f"kappa_{name}": vars(self._settled)[name].shape for name in _FIELDS}
        return {
            "kappa_hours": np.array(self._hours, np.float64),
            **{
                name: np.array(arrays, np.float64).reshape(-1, *shapes[name])
                for name, arrays in own.items()
            },
            "kappa_levels": self._kappa.copy(),
            **self._blocks.to_arrays(),
        }

    @classmethod
    def from_arrays(
        cls, tables: BetTables, pairs_min: int, arrays: Mapping[str, npt.NDArray[Any]]
    ) -> "DesignEffect":
        """The same to the bit. Raises ValueError where the arrays are of other tables."""
        effect = cls(tables, pairs_min)
        expected, came = effect._settled.squares.shape, arrays["kappa_squares"].shape[1:]
        if came != expected:
            raise ValueError(
                f"saved kappa_squares has panes of {came}; panes of {expected} are expected"
            )
        effect._hours = [float(hour) for hour in arrays["kappa_hours"]]
        effect._panes = [
            _Pane(*(arrays[f"kappa_{name}"][at].astype(np.float64) for name in _FIELDS))
            for at in range(len(effect._hours))
        ]
        effect._settle()
        effect._kappa = arrays["kappa_levels"].astype(np.float64)
        effect._blocks.restore(arrays)
        return effect


def measures(tables: BetTables, cells: Floats, rows: Floats) -> Floats:
    """Means over a tick's rows of what has mean 0 and variance 1 in the reference, then shares.

    float64[measures, streams]: location, spread, the standardised shares of watched cells; the
    shares of rare ones as they are.
    """
    divisor = np.maximum(rows, 1.0)
    layout = tables.layout
    counts = np.where(layout.watched >= 0, cells[tables.watched_cells], 0.0)
    shares = (counts / divisor - tables.watched_share) / tables.watched_deviation
    rare = np.where(layout.rare >= 0, cells[tables.rare_cells], 0.0) / divisor
    return np.concatenate([tables.score_sums(cells) / divisor, shares, rare])
