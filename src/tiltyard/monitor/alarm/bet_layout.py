"""Which bets are made on each stream, where they lie in the flat vector of bets, and their weights.

Fixed by one reference, so that the capital of a bet can be carried to tables that were built from
another one (the slots of a week).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bets import (
    DOWN,
    RATE_ODDS,
    SHARE_ODDS,
    STAKES,
    UP,
    share_bounds,
    stakes,
)
from tiltyard.monitor.alarm.coarse import coarse_cells
from tiltyard.monitor.alarm.reference_stream import RESERVED_SHARE_MIN, ReferenceStream
from tiltyard.monitor.alarm.scores import score_table
from tiltyard.monitor.profile.cells import Floats, Ints

SHAPE_WEIGHT: Final = 0.2
# Cells of a stream whose shares the design effect is estimated from, at most.
WATCHED_MAX: Final = 8
# Two scores, up and down, with each stake.
SCORE_BETS: Final = 4 * len(STAKES)


class BetGroup(IntEnum):
    """What a bet is on."""

    location = 0
    spread = 1
    rate = 2  # of a reserved cell, upward
    share = 3  # of a category, both ways
    shape = 4


@dataclass(frozen=True, eq=False)
class RateBets:
    """The bets on single cells of one stream, one an entry of int64[n].

    `cells` are indices into the stream's cells; `sides` UP or DOWN; `odds` which of the
    alternatives; `groups` BetGroup.rate or BetGroup.share.
    """

    cells: Ints
    sides: Ints
    odds: Ints
    groups: Ints


@dataclass(frozen=True, eq=False)
class BetLayout:
    """Immutable. The bets of a stream lie together: its scores', single cells', then shape's.

    `sizes` the cells of each stream; `starts` int64[streams] where its bets begin; `size` of all
    bets; `stream`, `group`, `side`, `cell` (in its stream; -1 of none) and `change` int64[size]
    describe each bet: bets of one stream with one `change` tell of the same one. `log_weight`
    float64[size]: ln of its part of the stream's capital, -inf of a bet that is not made.
    `scores` int64[20, streams], `rates` int64[n], `shapes` int64[half_lives, streams]: where the
    bets of each sort lie. `coarse` int64[cells]: the coarse cell, over all streams, of each cell.
    `watched` int64[n, streams]: cells in their stream whose share tells, beside the scores, how
    much rows depend on each other; `rare` int64[n, streams]: those that are bet upward only, where
    the reference does not tell how much a share varies. -1 where a stream has fewer.
    """

    sizes: tuple[int, ...]
    starts: Ints
    size: int
    stream: Ints
    group: Ints
    side: Ints
    cell: Ints
    change: Ints
    log_weight: Floats
    scores: Ints
    rates: Ints
    shapes: Ints
    rate_bets: tuple[RateBets, ...]
    coarse: Ints
    coarse_starts: Ints
    watched: Ints
    rare: Ints

    @cached_property
    def is_on_score(self) -> npt.NDArray[np.bool_]:
        """bool[size]: of bets on location or spread; the others are on single cells and shape."""
        return np.isin(self.group, (BetGroup.location, BetGroup.spread))

    @classmethod
    def build(
        cls,
        streams: Sequence[ReferenceStream],
        tolerance: Floats,
        delta: float,
        half_lives: int,
    ) -> "BetLayout":
        """The bets that these references allow; `tolerance` float64[streams] of their scores."""
        own = [
            _StreamLayout(stream, float(tolerance[i]), delta, half_lives)
            for i, stream in enumerate(streams)
        ]
        sizes = np.array([layout.size for layout in own], np.int64)
        starts = np.cumsum(sizes) - sizes
        coarse = [coarse_cells(stream) for stream in streams]
        coarse_sizes = np.array([groups.max() + 1 for groups in coarse], np.int64)
        coarse_starts = np.cumsum(coarse_sizes) - coarse_sizes
        rates = [
            start + SCORE_BETS + np.arange(layout.rates)
            for start, layout in zip(starts, own, strict=True)
        ]
        return cls(
            sizes=tuple(len(stream.counts) for stream in streams),
            starts=starts,
            size=int(sizes.sum()),
            stream=np.repeat(np.arange(len(streams)), sizes),
            group=np.concatenate([layout.group for layout in own]),
            side=np.concatenate([layout.side for layout in own]),
            cell=np.concatenate([layout.cell for layout in own]),
            change=np.concatenate([layout.change() for layout in own]),
            log_weight=np.concatenate([layout.log_weight() for layout in own]),
            scores=starts + np.arange(SCORE_BETS)[:, None],
            rates=np.concatenate(rates),
            shapes=starts + sizes - half_lives + np.arange(half_lives)[:, None],
            rate_bets=tuple(layout.rate_bets for layout in own),
            coarse=np.concatenate(
                [groups + start for groups, start in zip(coarse, coarse_starts, strict=True)]
            ),
            coarse_starts=coarse_starts,
            watched=_table([_commonest(stream) for stream in streams]),
            rare=_table([np.flatnonzero(stream.upward) for stream in streams]),
        )


class _StreamLayout:
    """The same of one stream."""

    def __init__(
        self, stream: ReferenceStream, tolerance: float, delta: float, half_lives: int
    ) -> None:
        self.rate_bets = _rate_bets(stream, delta)
        self.rates = len(self.rate_bets.cells)
        self.size = SCORE_BETS + self.rates + half_lives
        made = [_stakes_made(score, tolerance) for score in score_table(stream)]
        self._is_made = np.concatenate([*made, np.ones(self.rates + half_lives, np.bool_)])
        signs = np.repeat([UP, DOWN, UP, DOWN], len(STAKES))
        scores = np.repeat([BetGroup.location, BetGroup.spread], 2 * len(STAKES))
        shapes = np.full(half_lives, BetGroup.shape)
        none = np.full(SCORE_BETS, -1)
        self.group = np.concatenate([scores, self.rate_bets.groups, shapes]).astype(np.int64)
        self.side = np.concatenate([signs, self.rate_bets.sides, np.zeros(half_lives, np.int64)])
        self.cell = np.concatenate([none, self.rate_bets.cells, none[:half_lives]])

    def change(self) -> Ints:
        """The same number where group, cell and side are the same, int64[size]."""
        keys = np.stack([self.group, self.cell, self.side])
        return np.unique(keys, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)

    def log_weight(self) -> Floats:
        """Shape has its weight; the rest is divided equally over the groups, and inside them."""
        weight = np.zeros(self.size)
        members = {
            group: np.flatnonzero((self.group == group) & self._is_made) for group in BetGroup
        }
        shapes = members.pop(BetGroup.shape)
        present = [bets for bets in members.values() if len(bets)]
        for bets in present:
            weight[bets] = (1.0 - SHAPE_WEIGHT) / len(present) / len(bets)
        weight[shapes] = (SHAPE_WEIGHT if present else 1.0) / len(shapes)
        logs = np.full(self.size, -np.inf)
        return np.log(weight, out=logs, where=weight > 0.0)


def _commonest(stream: ReferenceStream) -> Ints:
    """The commonest cells that are bet both ways, int64[n]."""
    shares = np.where(stream.two_sided, stream.shares, 0.0)
    commonest = np.argsort(-shares, kind="stable")[:WATCHED_MAX]
    is_told = (shares[commonest] >= RESERVED_SHARE_MIN) & (shares[commonest] < 1.0)
    return np.asarray(commonest[is_told], np.int64)


def _table(cells: Sequence[Ints]) -> Ints:
    """Cells of each stream as int64[n, streams], -1 where one has fewer than the others."""
    table = np.full((max(map(len, cells)), len(cells)), -1, np.int64)
    for index, found in enumerate(cells):
        table[: len(found), index] = found
    return table


def _stakes_made(score: Floats, tolerance: float) -> npt.NDArray[np.bool_]:
    if not np.any(score):
        return np.zeros(2 * len(STAKES), np.bool_)
    return np.concatenate([stakes(h, tolerance)[1] for h in (score, -score)])


def _rate_bets(stream: ReferenceStream, delta: float) -> RateBets:
    """Upward on each cell that the reference hardly has; both ways on the others, where it can."""
    upward = np.flatnonzero(stream.upward)
    parts = [(upward, UP, len(RATE_ODDS), BetGroup.rate)]
    for side, cells in ((UP, stream.two_sided), (DOWN, stream.downward)):
        both = np.flatnonzero(cells)
        bounds = share_bounds(stream.counts[both], stream.rows, side, delta)
        possible = both[(bounds > 0.0) & (bounds < 1.0)]
        parts.append((possible, side, len(SHARE_ODDS), BetGroup.share))
    return RateBets(
        cells=np.concatenate([np.repeat(cells, odds) for cells, _, odds, _ in parts]),
        sides=np.concatenate([np.full(len(c) * odds, side) for c, side, odds, _ in parts]),
        odds=np.concatenate([np.tile(np.arange(odds), len(c)) for c, _, odds, _ in parts]),
        groups=np.concatenate([np.full(len(c) * odds, group) for c, _, odds, group in parts]),
    )
