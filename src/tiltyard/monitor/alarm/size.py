"""How big: what a change amounts to since its onset, in units that a reader can hold on to."""

from typing import Final

import numpy as np

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.statistics.chi_square import upper_quantile
from tiltyard.monitor.statistics.psi import BAND_TAIL, psi, psi_terms

CELLS_TOLD: Final = 3


def psi_excess(counts: Floats, reference: Floats, design: float) -> float:
    """PSI beyond its noise band (design / n + 1 / m) chi^2(0.999; B - 1), at least 0.

    `design` is how many dependent rows tell as much as an independent one. 0 without rows.
    """
    rows = counts.sum()
    degrees = np.count_nonzero(counts + reference) - 1
    if rows == 0 or degrees < 1:
        return 0.0
    noise = design / rows + 1.0 / reference.sum()
    band = noise * float(upper_quantile(BAND_TAIL, degrees))
    excess: float = max(0.0, float(psi(counts, reference)) - band)
    return excess


def coarse_excess(tables: BetTables, counts: Ints, stream: int, design: float) -> float:
    """psi_excess of a stream in its coarse cells; `counts` int64[cells of all streams]."""
    starts = np.append(tables.layout.coarse_starts, len(tables.shape.stream))
    mine = slice(int(starts[stream]), int(starts[stream + 1]))
    live = tables.coarse_counts(counts.astype(np.float64))[mine]
    return psi_excess(live, tables.coarse_reference[mine], design)


def shift(tables: BetTables, counts: Ints, bet: int) -> float | None:
    """The mean of the score that a bet is on, in standard deviations of the reference.

    None without rows, and of bets on other than scores: how far a cell's share moved reads in
    changed_cells(), and in its own deviations would read as a shift of the values. `counts`
    int64[cells of all streams].
    """
    layout = tables.layout
    begin, end = tables.span(int(layout.stream[bet]))
    own = counts[begin:end]
    if not layout.is_on_score[bet] or own.sum() == 0:
        return None
    return float(tables.scores[layout.group[bet], begin:end] @ own / own.sum())


def changed_cells(
    tables: BetTables, counts: Ints, bet: int
) -> tuple[tuple[str, float, float], ...]:
    """Of the bet's stream: name, share in the reference, share now.

    The cell that is bet on, if one is, and those that add most to the PSI.
    """
    stream, cell_of_bet = int(tables.layout.stream[bet]), int(tables.layout.cell[bet])
    reference = tables.streams[stream]
    begin, end = tables.span(stream)
    own = counts[begin:end].astype(np.float64)
    if own.sum() == 0.0:
        return ()
    parts = psi_terms(own, reference.counts)
    is_told = parts > 0.0
    if cell_of_bet >= 0:
        parts[cell_of_bet] = np.inf
    most = np.argsort(-parts, kind="stable")[:CELLS_TOLD]
    shares = own / own.sum()
    return tuple(
        (reference.labels[cell], float(reference.shares[cell]), float(shares[cell]))
        for cell in most
        if is_told[cell]
    )
