"""Bet tables of all streams of a plane: built once from a reference, shared by who uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_layout import SCORE_BETS, BetGroup, BetLayout, RateBets
from tiltyard.monitor.alarm.bets import (
    DOWN,
    RATE_ODDS,
    SHARE_ODDS,
    UP,
    odds_bets,
    rate_bounds,
    score_bets,
    share_bounds,
)
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.scores import score_table
from tiltyard.monitor.alarm.shape_bets import ShapeTables
from tiltyard.monitor.alarm.tolerance import reference_z, score_tolerance
from tiltyard.monitor.profile.cells import Floats, Ints


@dataclass(frozen=True, eq=False)
class BetTables:
    """Immutable, so that planes and threads may share one.

    `streams`: what each is held against. The counts of a tick are one vector int64[cells], the
    streams' folded cells one after another; `starts` int64[streams] says where each begins, `owner`
    int64[cells] whose each is. `rows` float64[streams]: the reference's; `tolerance`
    float64[streams] of scores, in standard deviations. `scores` float64[2, cells]: location and
    spread. `score_logs` float64[20, cells], `rate_in` and `rate_out` float64[n] (a row in the bet's
    cell, and in any other), `rate_cells` int64[n], `rate_bound` float64[n] the highest (or lowest)
    share that is no news. `slot` tells the tables of one week apart.
    """

    streams: tuple[ReferenceStream, ...]
    layout: BetLayout
    slot: int
    delta: float
    starts: Ints
    owner: Ints
    rows: Floats
    tolerance: Floats
    scores: Floats
    score_logs: Floats
    rate_cells: Ints
    rate_in: Floats
    rate_out: Floats
    rate_bound: Floats
    shape: ShapeTables

    @classmethod
    def build(
        cls,
        streams: Sequence[ReferenceStream],
        policy: AlarmPolicy,
        *,
        bound_streams: int | None = None,
        slots: int = 1,
        slot: int = 0,
        layout: BetLayout | None = None,
    ) -> "BetTables":
        """Tables for these references.

        The bounds of `bound_streams` streams (None: of these) in `slots` references hold together.
        With another reference's `layout` its bets are made, so that capital can be carried over;
        what cannot be bet on here is then a bet on nothing. Raises ValueError where `layout` is of
        other cells, or there is no stream.
        """
        if not streams:
            raise ValueError("bet tables need at least one stream, and got none")
        sizes = tuple(len(stream.counts) for stream in streams)
        z = reference_z(policy.beta, bound_streams or len(streams), slots)
        rows = np.array([stream.rows for stream in streams], np.float64)
        tolerance = score_tolerance(policy.delta, z, rows)
        if layout is None:
            half_lives = len(policy.half_lives)
            layout = BetLayout.build(streams, tolerance, policy.delta, half_lives)
        elif layout.sizes != sizes:
            raise ValueError(f"the layout is of cells {layout.sizes}; the streams have {sizes}")
        scores = [score_table(stream) for stream in streams]
        logs = [
            np.concatenate([score_bets(score, tolerance[i]) for score in table])
            for i, table in enumerate(scores)
        ]
        starts = np.cumsum(sizes) - np.asarray(sizes)
        rates = [
            _rate_tables(stream, bets, policy)
            for stream, bets in zip(streams, layout.rate_bets, strict=True)
        ]
        counts = np.concatenate([stream.counts for stream in streams])
        coarse = np.bincount(layout.coarse, weights=counts).astype(np.float64)
        return cls(
            streams=tuple(streams),
            layout=layout,
            slot=slot,
            delta=policy.delta,
            starts=starts,
            owner=np.repeat(np.arange(len(streams)), sizes),
            rows=rows,
            tolerance=tolerance,
            scores=np.concatenate(scores, axis=1),
            score_logs=np.ascontiguousarray(np.concatenate(logs, axis=1)),
            rate_cells=np.concatenate(
                [bets.cells + start for bets, start in zip(layout.rate_bets, starts, strict=True)]
            ),
            rate_in=np.concatenate([inside for inside, _, _ in rates]),
            rate_out=np.concatenate([outside for _, outside, _ in rates]),
            rate_bound=np.concatenate([bound for _, _, bound in rates]),
            shape=ShapeTables.build(coarse, layout.coarse_starts, policy.delta),
        )

    @property
    def size(self) -> int:
        """Cells of all streams."""
        return len(self.owner)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(stream.name for stream in self.streams)

    @cached_property
    def is_joint(self) -> npt.NDArray[np.bool_]:
        """bool[streams]: computed from all features of a row."""
        return np.array([stream.is_joint for stream in self.streams], np.bool_)

    @cached_property
    def rate_streams(self) -> Ints:
        """int64[n]: whose each bet on a single cell is."""
        return self.layout.stream[self.layout.rates]

    @cached_property
    def rate_excess(self) -> Floats:
        """float64[n]: what a row outside the bet's cell adds less than one inside."""
        return self.rate_in - self.rate_out

    @cached_property
    def coarse_reference(self) -> Floats:
        """float64[coarse]: the reference's counts."""
        counts = np.concatenate([stream.counts for stream in self.streams])
        return self.coarse_counts(counts.astype(np.float64))

    @cached_property
    def watched_cells(self) -> Ints:
        """int64[n, streams]: layout.watched as indices into all cells; 0 of none."""
        watched = self.layout.watched
        return np.where(watched >= 0, watched + self.starts, 0)

    @cached_property
    def watched_share(self) -> Floats:
        """float64[n, streams]: of the reference; 0 of none."""
        counts = np.concatenate([stream.counts for stream in self.streams])
        return np.where(self.layout.watched >= 0, counts[self.watched_cells] / self.rows, 0.0)

    @cached_property
    def watched_deviation(self) -> Floats:
        """float64[n, streams]: of a row in the cell, sqrt(r (1 - r)); 1 where that is 0."""
        share = self.watched_share
        deviation = np.sqrt(share * (1.0 - share))
        return np.where(deviation > 0.0, deviation, 1.0)

    @cached_property
    def rare_cells(self) -> Ints:
        """int64[n, streams]: layout.rare as indices into all cells; 0 of none."""
        rare = self.layout.rare
        return np.where(rare >= 0, rare + self.starts, 0)

    @property
    def nbytes(self) -> int:
        """Bytes that the tables hold."""
        held = (self.score_logs, self.scores, self.rate_in, self.rate_out, self.rate_bound)
        return sum(array.nbytes for array in (*held, self.rate_cells, self.owner))

    def rows_of(self, cells: Floats) -> Floats:
        """Rows of each stream, float64[streams]."""
        rows: Floats = np.add.reduceat(cells, self.starts)
        return rows

    def score_sums(self, cells: Floats) -> Floats:
        """Sums of the two scores of each stream over all rows, float64[2, streams]."""
        sums: Floats = np.add.reduceat(self.scores * cells, self.starts, axis=1)
        return sums

    def coarse_counts(self, cells: Floats) -> Floats:
        """float64[coarse]."""
        coarse = np.bincount(self.layout.coarse, weights=cells, minlength=len(self.shape.stream))
        return coarse.astype(np.float64, copy=False)

    def increments(self, cells: Floats, shape_logs: Floats) -> Floats:
        """What these rows add to the ln of each bet's capital, float64[bets].

        `cells` float64[cells] the counts; `shape_logs` float64[half_lives, coarse].
        """
        added = np.empty(self.layout.size)
        added[self.layout.scores] = np.add.reduceat(self.score_logs * cells, self.starts, axis=1)
        rows = self.rows_of(cells)[self.rate_streams]
        added[self.layout.rates] = cells[self.rate_cells] * self.rate_excess + rows * self.rate_out
        coarse = self.coarse_counts(cells)
        added[self.layout.shapes] = np.add.reduceat(
            shape_logs * coarse, self.layout.coarse_starts, axis=1
        )
        return added

    def table(self, bet: int) -> Floats:
        """ln of what a row in each cell of its stream multiplies a bet by, float64[cells of it].

        Of any bet but shape's, which has no fixed one.
        """
        stream = int(self.layout.stream[bet])
        within = bet - int(self.layout.starts[stream])
        begin, end = self.span(stream)
        if within < SCORE_BETS:
            return self.score_logs[within, begin:end]
        at = int(np.searchsorted(self.layout.rates, bet))
        table = np.full(end - begin, self.rate_out[at])
        table[self.rate_cells[at] - begin] = self.rate_in[at]
        return table

    def span(self, stream: int) -> tuple[int, int]:
        """Where the cells of a stream begin and end."""
        begin = int(self.starts[stream])
        return begin, begin + self.layout.sizes[stream]


def _rate_tables(
    stream: ReferenceStream, bets: RateBets, policy: AlarmPolicy
) -> tuple[Floats, Floats, Floats]:
    """Of the bets on single cells: ln inside, ln outside, the bound; float64[n] each."""
    inside, outside, bound = (np.zeros(len(bets.cells)) for _ in range(3))
    for side, odds in ((UP, RATE_ODDS), (UP, SHARE_ODDS), (DOWN, SHARE_ODDS)):
        is_rate = odds is RATE_ODDS
        mine = (bets.sides == side) & ((bets.groups == BetGroup.rate) == is_rate)
        if not mine.any():
            continue
        cells = bets.cells[mine][:: len(odds)]
        counts = stream.counts[cells]
        bounds = (
            rate_bounds(counts, stream.rows, policy.delta_indicator)
            if is_rate
            else share_bounds(counts, stream.rows, side, policy.delta)
        )
        within, without = odds_bets(bounds, side, odds)
        inside[mine], outside[mine] = within.ravel(), without.ravel()
        bound[mine] = np.repeat(bounds, len(odds))
    return inside, outside, bound
