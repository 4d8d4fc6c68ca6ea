"""Both distributions of a stream, drawn in the way that its kind allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from markupsafe import Markup

from tiltyard.monitor.profile.cells import CellRole, Floats, Kind
from tiltyard.monitor.profile.stream import Stream
from tiltyard.monitor.statistics.measure import CellMeasure, StreamMeasure
from tiltyard.report.charts.columns import columns
from tiltyard.report.charts.contributions import contributions
from tiltyard.report.charts.density import Layer, density
from tiltyard.report.figures import ticks, value

CATEGORIES_MAX: Final = 8
MOVED: Final = 3
TICKS: Final = 5
CELLS_MAX: Final = 32  # with figures; all are in the counts
VALUES_MAX: Final = 12  # of a discrete stream, each with its label
ASIDE_MIN: Final = 0.0005  # of the rows, before or now
ASIDE: Final = frozenset(
    {CellRole.unseen, CellRole.missing, CellRole.invalid, CellRole.below, CellRole.above}
)


@dataclass(frozen=True, slots=True)
class CategoryBar:
    """Widths are shares of the widest bar, 0 to 100. `before` is None without a reference, `after`
    without rows."""

    name: str
    before: float | None
    after: float | None
    before_width: float
    after_width: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """`chart` with `ticks` below it, or `bars`, one a category.

    Ticks are evenly spaced from end to end; where `is_labelled`, there is one below each column.

    `caption` says how to read the axis. `aside` are the cells beside it that have rows worth
    telling: missing, unseen, out of range. `parts` shows what each cell adds to the PSI, and
    `top_part` is the one that adds most.
    """

    chart: Markup
    ticks: tuple[str, ...]
    is_labelled: bool
    bars: tuple[CategoryBar, ...]
    more: int  # categories that have no bar
    caption: str
    aside: tuple[CellMeasure, ...]
    parts: Markup
    top_part: CellMeasure | None
    top_share: float  # of the PSI
    cells: tuple[CellMeasure, ...]  # what the PSI is the sum over, those with rows
    cells_more: int  # that add less than all of these


class _Drawn(NamedTuple):
    chart: Markup
    ticks: tuple[str, ...]
    caption: str


def distribution(
    measure: StreamMeasure, stream: Stream, training: StreamMeasure | None = None
) -> Distribution:
    """`training` is the same stream against the training profile, for a third outline."""
    top = max(measure.coarse, key=lambda cell: cell.psi, default=None)
    cells, cells_more = _listed(measure.coarse)
    # At least the noise band fills a column, so that noise is drawn as small as it is.
    scale = max(top.psi if top is not None else 0.0, measure.psi_band or 0.0)
    if stream.cells.kind is Kind.categorical:
        bars, more = _bars(measure)
        drawn = _Drawn(Markup(), (), "share of rows by category")
    else:
        bars, more = (), 0
        drawn = _chart(measure, stream, training)
    label = "PSI by cell"
    return Distribution(
        chart=drawn.chart,
        ticks=drawn.ticks,
        is_labelled=stream.cells.kind is Kind.discrete and len(stream.cells.edges) <= VALUES_MAX,
        bars=bars,
        more=more,
        caption=drawn.caption,
        aside=tuple(cell for cell in measure.cells if measure.n and _is_aside(cell)),
        parts=contributions(measure.coarse, scale, label),
        top_part=top if measure.psi else None,
        top_share=top.psi / measure.psi if top is not None and measure.psi else 0.0,
        cells=cells,
        cells_more=cells_more,
    )


def _listed(cells: Sequence[CellMeasure]) -> tuple[tuple[CellMeasure, ...], int]:
    """Those with rows, in order; of very many the ones that add most."""
    kept = [cell for cell in cells if cell.count or cell.reference_count]
    least = sorted((cell.psi for cell in kept), reverse=True)[:CELLS_MAX][-1] if kept else 0.0
    shown = [cell for cell in kept if cell.psi >= least][:CELLS_MAX]
    return tuple(shown), len(kept) - len(shown)


def _is_aside(cell: CellMeasure) -> bool:
    return cell.role in ASIDE and max(cell.share, cell.reference_share) >= ASIDE_MIN


def _chart(measure: StreamMeasure, stream: Stream, training: StreamMeasure | None) -> _Drawn:
    layers = []
    if measure.n_reference or not measure.n:  # of two empty ones, that is the one to draw
        layers.append(Layer("before", _finite(measure.cells, "reference_share")))
    if training is not None:
        layers.append(Layer("training", _finite(training.cells, "reference_share")))
    if measure.n:  # a line at 0 would say that it was measured
        layers.append(Layer("after", _finite(measure.cells, "share")))
    edges = np.concatenate([[stream.cells.minimum], stream.cells.edges]).astype(np.float64)
    label = "Distribution, reference and now"
    shown = edges * stream.scale
    if stream.cells.kind is not Kind.discrete:
        drawn = density(edges, layers, label)
        if drawn is not None:
            ends = drawn.low * stream.scale, drawn.high * stream.scale
            return _Drawn(drawn.chart, ticks(*ends, TICKS), "rows by value")
    chart = columns(layers, label)
    if stream.cells.kind is Kind.discrete:
        return _Drawn(chart, _values(shown[1:]), "share of rows by value")
    at = np.linspace(0, len(shown) - 1, min(TICKS, len(shown))).round().astype(int)
    texts = tuple(value(float(shown[k])) for k in at)
    return _Drawn(chart, texts, "share of rows by cell, equally wide")


def _values(values: Floats) -> tuple[str, ...]:
    if len(values) <= VALUES_MAX:
        return tuple(value(float(v)) for v in values)
    at = np.linspace(0, len(values) - 1, TICKS).round().astype(int)
    return tuple(value(float(values[k])) for k in at)


def _finite(cells: Sequence[CellMeasure], share: str) -> Floats:
    return np.array([getattr(cell, share) for cell in cells if cell.role == CellRole.finite])


def _bars(measure: StreamMeasure) -> tuple[tuple[CategoryBar, ...], int]:
    """The largest categories, those that moved most among them; the others are counted."""
    known = [c for c in measure.cells if c.role not in ASIDE and c.count + c.reference_count]
    moved = sorted(known, key=lambda cell: -cell.psi)[:MOVED]
    known.sort(key=lambda cell: -max(cell.share, cell.reference_share))
    rest = [cell for cell in known if cell not in moved][: CATEGORIES_MAX - len(moved)]
    shown = [cell for cell in known if cell in moved or cell in rest]
    widest = max((max(c.share, c.reference_share) for c in shown), default=0.0) or 1.0
    bars = tuple(
        CategoryBar(
            cell.name,
            cell.reference_share if measure.n_reference else None,
            cell.share if measure.n else None,
            round(100 * cell.reference_share / widest, 1),
            round(100 * cell.share / widest, 1),
        )
        for cell in shown
    )
    return bars, len(known) - len(shown)
