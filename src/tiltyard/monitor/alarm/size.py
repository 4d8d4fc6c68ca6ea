"""How big: what a change amounts to since its onset, in units that a reader can hold on to."""

from typing import Final

import numpy as np
from scipy.special import chdtri

from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats, Ints

CELLS_TOLD: Final = 3
# The noise band of a PSI is passed by unchanged traffic with this probability.
_BAND_MISS: Final = 0.001


def psi_parts(counts: Floats, reference: Floats) -> Floats:
    """What each cell adds to the PSI, sum (a - r) ln(a / r); float64 of the shape of `counts`.

    a = (c + 1/2) / (n + B / 2), r likewise of the reference, B the cells that either has; the
    others add nothing (drift.md section 3).
    """
    kept = counts + reference > 0.0
    half = 0.5 * np.count_nonzero(kept)
    live = np.where(kept, (counts + 0.5) / (counts.sum() + half), 1.0)
    before = np.where(kept, (reference + 0.5) / (reference.sum() + half), 1.0)
    parts: Floats = (live - before) * np.log(live / before)
    return parts


def psi_excess(counts: Floats, reference: Floats, design: float) -> float:
    """PSI beyond its noise band (design / n + 1 / m) chi^2(0.999; B - 1), at least 0.

    `design` is how many dependent rows tell as much as an independent one. 0 without rows.
    """
    rows = counts.sum()
    degrees = np.count_nonzero(counts + reference) - 1
    if rows == 0 or degrees < 1:
        return 0.0
    band = (design / rows + 1.0 / reference.sum()) * chdtri(degrees, _BAND_MISS)
    return max(0.0, float(psi_parts(counts, reference).sum() - band))


def coarse_excess(tables: BetTables, counts: Ints, stream: int, design: float) -> float:
    """psi_excess of a stream in its coarse cells; `counts` int64[cells of all streams]."""
    starts = np.append(tables.layout.coarse_starts, len(tables.shape.stream))
    mine = slice(int(starts[stream]), int(starts[stream + 1]))
    live = tables.coarse_counts(counts.astype(np.float64))[mine]
    return psi_excess(live, tables.coarse_reference[mine], design)


def shift(tables: BetTables, counts: Ints, bet: int) -> float | None:
    """The mean of what a bet is on, in standard deviations of the reference; None of shape bets.

    Also None of a cell that the reference never had, whose share has no deviation, and without
    rows. `counts` int64[cells of all streams].
    """
    layout = tables.layout
    stream, group = int(layout.stream[bet]), int(layout.group[bet])
    begin, end = tables.span(stream)
    own = counts[begin:end]
    if own.sum() == 0:
        return None
    if group in (BetGroup.location, BetGroup.spread):
        return float(tables.scores[group, begin:end] @ own / own.sum())
    share = tables.streams[stream].shares[layout.cell[bet]]
    if group == BetGroup.shape or not 0.0 < share < 1.0:
        return None
    live = own[layout.cell[bet]] / own.sum()
    return float((live - share) / np.sqrt(share * (1.0 - share)))


def changed_cells(
    tables: BetTables, counts: Ints, stream: int
) -> tuple[tuple[str, float, float], ...]:
    """The cells that add most to the PSI: name, share in the reference, share now."""
    reference = tables.streams[stream]
    begin, end = tables.span(stream)
    own = counts[begin:end].astype(np.float64)
    parts = psi_parts(own, reference.counts.astype(np.float64))
    most = np.argsort(-parts, kind="stable")[:CELLS_TOLD]
    shares = own / max(own.sum(), 1.0)
    return tuple(
        (reference.labels[cell], float(reference.shares[cell]), float(shares[cell]))
        for cell in most
        if parts[cell] > 0.0
    )
