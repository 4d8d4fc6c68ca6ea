"""One stream against one reference: everything that its row, card and heat map line show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tiltyard.monitor.profile.stream import Stream
from tiltyard.monitor.snapshot import AlarmStream
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.report.change import changes
from tiltyard.report.charts.gauge import bar
from tiltyard.report.charts.heat_row import heat_row
from tiltyard.report.charts.sparkline import sparkline
from tiltyard.report.distribution import Distribution, distribution
from tiltyard.report.figures import decimal

Key = tuple[str, str]  # a stream's group and name


@dataclass(frozen=True, slots=True)
class Background:
    """What cards show beside the figures of a report.

    `trends` has PSI / band of each piece of the history, None where nothing was counted, and
    `marks` the shares of the history at which something happened. `training` are the measures
    against the training profile, for a third outline. The rest is the detector's, by stream name.
    """

    trends: Mapping[Key, Sequence[float | None]] = field(default_factory=dict)
    marks: Sequence[float] = ()
    training: Mapping[Key, StreamMeasure] = field(default_factory=dict)
    causes: Mapping[Key, str] = field(default_factory=dict)
    kappa: Mapping[str, float] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    evidence_log10: Mapping[str, float] = field(default_factory=dict)
    named: Mapping[str, AlarmStream] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """`rank` counts from 1 within the group. `is_over`: the PSI is above its noise band.

    `shown` is None where the distributions are not drawn.
    """

    rank: int
    anchor: str
    measure: StreamMeasure
    unit: str
    is_over: bool
    is_named: bool
    changes: tuple[str, ...]
    cause: str
    spark: Markup
    heat: Markup
    heat_ratios: str
    gauge: Markup
    shown: Distribution | None
    has_training: bool
    kappa: float | None
    tolerance: float | None
    evidence_log10: float | None


def card(
    rank: int,
    prefix: str,
    measure: StreamMeasure,
    stream: Stream,
    background: Background,
    scale: float,
    *,
    is_drawn: bool,
) -> Card:
    """`prefix` begins its anchor; `scale` is the PSI that fills the gauge."""
    name, key = measure.stream, (measure.group, measure.stream)
    ratios = background.trends.get(key, ())
    peak = max((ratio for ratio in ratios if ratio is not None), default=None)
    history = f"PSI at most {decimal(peak, 2)} times its noise band"
    training = background.training.get(key)
    return Card(
        rank=rank,
        anchor=f"{prefix}-{measure.group}-{rank}",
        measure=measure,
        unit=stream.unit,
        is_over=bool(measure.psi_excess),
        is_named=name in background.named,
        changes=changes(measure),
        cause=background.causes.get(key, ""),
        spark=sparkline(ratios, history) if ratios else Markup(),
        heat=heat_row(ratios, background.marks) if ratios else Markup(),
        heat_ratios=_compact(ratios),
        gauge=_gauge(measure, scale),
        shown=distribution(measure, stream, training) if is_drawn else None,
        has_training=training is not None,
        kappa=background.kappa.get(name),
        tolerance=background.tolerance.get(name),
        evidence_log10=background.evidence_log10.get(name),
    )


def _gauge(measure: StreamMeasure, scale: float) -> Markup:
    """Nothing without rows. The figures stand beside it."""
    if measure.psi is None or measure.psi_band is None:
        return Markup()
    return bar(measure.psi, measure.psi_band, scale, "")


def _compact(ratios: Sequence[float | None]) -> str:
    """For the script that shows a piece's figure: one decimal, nothing where nothing is."""
    return ",".join("" if r is None else f"{r:.1f}".removesuffix(".0") for r in ratios)
