"""What changed of a stream, in the few words that stand beside its name."""

from math import sqrt
from typing import Final

from tiltyard.cli.render.formats import percent
from tiltyard.monitor.statistics.measure import CellMeasure, Rate, StreamMeasure
from tiltyard.report.figures import SIGMA, TIMES, decimal, short, signed

# Beyond chance: about one in a thousand streams that did not change, as the PSI's noise band.
DEVIATES: Final = 3.3
LOCATION_MIN: Final = 0.02  # sigmas
SPREAD_MIN: Final = 0.05
RATE_MIN: Final = 0.001  # of the rows


def changes(measure: StreamMeasure) -> tuple[str, ...]:
    """Each in a few words, data faults first; empty where the PSI is within its noise band.

    Where none of them says it, the cell whose share moved most does.
    """
    if not measure.psi_excess:
        return ()
    found = [
        _rate("missing", measure.missing, measure.n_reference),
        _rate("unseen", measure.unseen, measure.n_reference),
        _rate("out of range", measure.out_of_range, measure.n_reference),
        _location(measure),
        _spread(measure),
    ]
    told = tuple(text for text in found if text)
    moved = largest(measure.cells)
    if not told and moved is not None:
        return (moved_cell(moved),)
    return told


def largest(cells: tuple[CellMeasure, ...]) -> CellMeasure | None:
    """The cell whose share of the rows moved most; None where there is none."""
    return max(cells, key=lambda cell: abs(cell.share - cell.reference_share), default=None)


def moved_cell(cell: CellMeasure) -> str:
    """`PT 2.1 % → 5.7 %`."""
    return f"{short(cell.name)} {percent(cell.reference_share)} → {percent(cell.share)}"


def rate_z(rate: Rate, n_reference: int) -> float:
    """How far a rate is from the reference's, in standard errors of the difference; 0 without rows.

    The pooled test of two proportions: the reference's share is of a sample as well.
    """
    if not rate.n or not n_reference:
        return 0.0
    pooled = (rate.count + rate.reference * n_reference) / (rate.n + n_reference)
    error = sqrt(pooled * (1 - pooled) * (1 / rate.n + 1 / n_reference))
    return (rate.share - rate.reference) / error if error > 0 else 0.0


def _rate(name: str, rate: Rate | None, n_reference: int) -> str:
    if rate is None or abs(rate_z(rate, n_reference)) < DEVIATES:
        return ""
    if abs(rate.share - rate.reference) < RATE_MIN:
        return ""
    return f"{name} {percent(rate.reference)} → {percent(rate.share)}"


def _location(measure: StreamMeasure) -> str:
    shift, deviates = measure.location, measure.location_z
    if shift is None or deviates is None:
        return ""
    if abs(deviates) < DEVIATES or abs(shift) < LOCATION_MIN:
        return ""
    return f"mean {signed(shift)} {SIGMA}"


def _spread(measure: StreamMeasure) -> str:
    """The standard error of a variance ratio is that of normal values."""
    ratio = measure.variance_ratio
    if ratio is None or ratio <= 0 or not measure.n or not measure.n_reference:
        return ""
    error = sqrt(2 / measure.n + 2 / measure.n_reference)
    if abs(ratio - 1) < max(SPREAD_MIN, DEVIATES * error):
        return ""
    return f"variance {TIMES}\N{NO-BREAK SPACE}{decimal(ratio, 2)}"
