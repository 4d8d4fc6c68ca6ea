"""The data quality panel: shares of rows that are no usual values, with their intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tiltyard.cli.render.formats import percent
from tiltyard.monitor.statistics.measure import Rate, StreamMeasure
from tiltyard.report.change import DEVIATES, rate_z
from tiltyard.report.charts.gauge import interval
from tiltyard.report.figures import UNDEFINED

NAMES: Final = ("missing", "unseen", "out of range")


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One share of one stream; `is_worse` when it lies above the reference's beyond chance."""

    stream: str
    what: str
    rate: Rate
    is_worse: bool
    text: str
    before: str
    chart: Markup


def quality_rows(measures: Sequence[StreamMeasure]) -> tuple[QualityRow, ...]:
    """Every share that is not 0 on both sides; those that got worse first, by how much."""
    found = [
        (measure, what, rate)
        for measure in measures
        for what, rate in zip(
            NAMES, (measure.missing, measure.unseen, measure.out_of_range), strict=True
        )
        if rate is not None and rate.n and (rate.count or _before(rate))
    ]
    scale = max((rate.high for _, _, rate in found), default=0.0)
    rows = [_row(measure, what, rate, scale) for measure, what, rate in found]
    rows.sort(key=lambda row: (not row.is_worse, _before(row.rate) - row.rate.share))
    return tuple(rows)


def _row(measure: StreamMeasure, what: str, rate: Rate, scale: float) -> QualityRow:
    return QualityRow(
        stream=measure.stream,
        what=what,
        rate=rate,
        is_worse=rate_z(rate, measure.n_reference) > DEVIATES,
        text=f"{percent(rate.share)} ({percent(rate.low)} to {percent(rate.high)})",
        before=percent(rate.reference) if measure.n_reference else UNDEFINED,
        chart=interval(rate, scale),
    )


def _before(rate: Rate) -> float:
    """The reference's share; 0 where it has no rows."""
    return 0.0 if math.isnan(rate.reference) else rate.reference
