"""Figures of drift as a person reads them. What is not defined is `-`, never 0."""

import math
from typing import Final

from tiltyard.cli.render.formats import UNKNOWN, duration, percent, time_of
from tiltyard.monitor.statistics.measure import CellMeasure, Rate, StreamMeasure

_FIGURES_MAX: Final = 1_000.0


def figure(value: float | None) -> str:
    """`0.021`, `1.24`, `12.3`, `1,234`; below a thousandth `<0.001`."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if value == 0:
        return "0"
    if abs(value) < 0.001:
        return "<0.001"
    if abs(value) < 1:
        return f"{value:.3f}"
    if abs(value) < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < _FIGURES_MAX else f"{value:,.0f}"


def shift(value: float | None) -> str:
    """A move of the mean in sigmas: `+0.31`."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if abs(value) < 0.005:
        return "0"
    return f"{value:+.2f}" if abs(value) < 10 else f"{value:+,.0f}"


def count(number: int) -> str:
    """`987`, `12.3k`, `1.2M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 10 * size:
            digits = 1 if number < 100 * size else 0
            return f"{number / size:.{digits}f}{unit}"
    return f"{number:,}"


def rate(found: Rate | None) -> str:
    """Of a stream that cannot have it, nothing."""
    if found is None:
        return ""
    return UNKNOWN if not found.n else percent(found.share)


def is_worse(found: Rate | None) -> bool:
    """Whether the reference's share lies below the interval of this one."""
    return found is not None and bool(found.n) and found.low > found.reference


def most_changed(measure: StreamMeasure) -> CellMeasure | None:
    """The cell with the largest difference of shares."""
    if measure.linf is None:
        return None
    return next((cell for cell in measure.cells if cell.name == measure.linf_cell), None)


def rows(number: int) -> str:
    """`1 row`, `24,000 rows`."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def probability(p: float | None) -> str:
    """A p-value: `0.04`, `1.2e-07`."""
    if p is None:
        return UNKNOWN
    return f"{p:.2g}" if p >= 1e-12 else "<1e-12"


def ago(unix_s: float, now: float) -> str:
    """`2 h ago (07:48)`."""
    return f"{duration(now - unix_s)} ago ({time_of(unix_s, now)})"
