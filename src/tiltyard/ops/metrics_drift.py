"""Metrics of drift and of the monitor. Pure, from what Monitoring tells.

Labels are bounded. Of each plane the first streams of its profile are shown, STREAMS_MAX at most
and fewer where there are many planes, so that all planes together show STREAMS_SUM_MAX at most. An
order by what is measured would make counters come and go with noise. Beside these there are the
streams that open alarms name, again STREAMS_SUM_MAX at most in all planes together; how many are
left out is a metric itself. Planes are those of the monitor, so segments are the declared ones.
Cells are shown only where asked for: with them PSI can be recomputed in PromQL.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tiltyard.monitor.interface import MonitorStatus, PlaneFigures
from tiltyard.ops.metrics_family import Family, Filled, Row, counter, filled, gauge

STREAMS_MAX: Final = 20
STREAMS_SUM_MAX: Final = 5_000

PLANE: Final = ("model", "version", "role", "segment")
STREAM: Final = (*PLANE, "feature")

_BASELINE_NOTE: Final = (
    "Against the reference `baseline` (a digest's first 12; empty: the profile); of a segment"
    " against what that has of it, and nothing where it has none."
)
PSI: Final = gauge(
    "drift_psi",
    "Population stability index of the window: sum of (a - r) ln(a / r) over 10 coarse and the"
    f" reserved cells, both sides smoothed by 1/2. {_BASELINE_NOTE}",
    *STREAM,
    "baseline",
)
BAND: Final = gauge(
    "drift_psi_noise_band",
    "What the PSI stays under without drift, at 99.9 %: (1/n + 1/m) times the quantile of"
    " chi squared.",
    *STREAM,
    "baseline",
)
JS: Final = gauge(
    "drift_js_distance",
    f"Jensen-Shannon distance, base 2, 0 to 1. {_BASELINE_NOTE}",
    *STREAM,
    "baseline",
)
WASSERSTEIN: Final = gauge(
    "drift_wasserstein_normalized",
    f"Wasserstein-1 distance in sigmas of the reference, clipped to its range. {_BASELINE_NOTE}",
    *STREAM,
    "baseline",
)
EVIDENCE: Final = gauge(
    "drift_evidence_log10",
    "log10 of the stream's evidence for drift, in seconds; the plane alarms when the mean over its"
    " streams reaches the time that was chosen between false alarms.",
    *STREAM,
    "baseline",
)
MISSING: Final = counter("feature_missing", "Rows in which the value was missing.", *STREAM)
UNSEEN: Final = counter(
    "feature_unseen", "Rows with a value that the reference does not have.", *STREAM
)
OUT_OF_RANGE: Final = counter(
    "feature_out_of_range", "Rows with a value outside the reference's range.", *STREAM
)
CELL: Final = counter("feature_bin", "Rows by cell.", *STREAM, "bin")
NOT_SHOWN: Final = gauge(
    "drift_streams_not_shown",
    "Streams of the plane without metrics: they come late in the profile, and no open alarm names"
    f" them (or open alarms name more than {STREAMS_SUM_MAX:,} on this gateway).",
    *PLANE,
)
DEFINITION: Final = gauge(
    "drift_definition_info",
    "1; how the statistics of the stream are computed: the definition id without its n, which is"
    " drift_window_observations.",
    *STREAM,
    "definition",
)
ALARM: Final = gauge(
    "drift_alarm", "1 while the plane is drifting: its alarm is latched; else 0.", *PLANE
)
ONSET: Final = gauge(
    "drift_onset_timestamp_seconds", "When the drift began, in unix time; while drifting.", *PLANE
)
WINDOW: Final = gauge("drift_window_observations", "Rows of the current window.", *PLANE)
ROWS: Final = counter("drift_rows", "Rows that were counted.", *PLANE)
OFFERED: Final = counter(
    "drift_events_offered", "Rows that the data plane offered: counted or dropped.", *PLANE
)
DROPPED: Final = counter(
    "drift_events_dropped", "Rows that were not counted: the ring was full.", *PLANE
)
LAG: Final = gauge(
    "drift_lag_seconds",
    "From a record's being made to its being counted, at the last drain that had records of this"
    " plane.",
    *PLANE,
)
AGE: Final = gauge("model_age_seconds", "Time since the version was published.", "model", "version")

# By the name of the figure.
_OF_STREAMS: Final[Mapping[str, Family]] = {
    "psi": PSI,
    "psi_band": BAND,
    "js_distance": JS,
    "wasserstein": WASSERSTEIN,
    "evidence_log10": EVIDENCE,
    "missing": MISSING,
    "unseen": UNSEEN,
    "out_of_range": OUT_OF_RANGE,
}


def drift_metrics(figures: Sequence[PlaneFigures], *, cells: bool) -> Iterator[Filled]:
    """The families of all planes."""
    first_max = min(STREAMS_MAX, _share(len(figures)))
    alarmed_max = _share(sum(bool(plane.alarmed) for plane in figures))
    shown = [(plane, _shown(plane, first_max, alarmed_max)) for plane in figures]
    for name, family in _OF_STREAMS.items():
        yield filled(family, _by_stream(shown, name, family))
    yield filled(DEFINITION, _definitions(shown))
    if cells:
        yield filled(CELL, _by_cell(shown))
    yield filled(
        NOT_SHOWN, ((_labels(one), len(one.cells) - len(streams)) for one, streams in shown)
    )
    yield from _plane_metrics(figures)
    ages = {(one.model, str(one.version)): one.model_age_s for one in figures}
    yield filled(AGE, ((labels, age) for labels, age in ages.items() if age is not None))


def _plane_metrics(figures: Sequence[PlaneFigures]) -> Iterator[Filled]:
    rows: dict[Family, list[Row]] = {
        ALARM: [(_labels(one), int(one.is_drifting)) for one in figures],
        ONSET: [
            (_labels(one), one.onset)
            for one in figures
            if one.is_drifting and one.onset is not None
        ],
        WINDOW: [(_labels(one), one.window_rows) for one in figures],
        ROWS: [(_labels(one), one.rows) for one in figures],
        OFFERED: [(_labels(one), one.offered) for one in figures],
        DROPPED: [(_labels(one), one.dropped) for one in figures],
        LAG: [(_labels(one), one.lag_s) for one in figures],
    }
    for family, found in rows.items():
        yield filled(family, found)


def _labels(plane: PlaneFigures) -> tuple[str, ...]:
    return plane.model, str(plane.version), plane.role, plane.segment


def _share(planes: int) -> int:
    """How many streams each of so many planes may show."""
    return max(1, STREAMS_SUM_MAX // max(1, planes))


def _shown(plane: PlaneFigures, first_max: int, alarmed_max: int) -> list[str]:
    """The first streams in the profile's order, and of the others those that alarms name."""
    names = list(plane.cells)
    alarmed = [name for name in names[first_max:] if name in plane.alarmed]
    return names[:first_max] + alarmed[:alarmed_max]


def _definitions(shown: Sequence[tuple[PlaneFigures, list[str]]]) -> list[Row]:
    """Without n, which would make new series at every scrape."""
    return [
        ((*_labels(plane), stream, plane.definitions[stream].partition(" n=")[0]), 1)
        for plane, streams in shown
        for stream in streams
        if stream in plane.definitions
    ]


def _by_stream(
    shown: Sequence[tuple[PlaneFigures, list[str]]], figure: str, family: Family
) -> list[Row]:
    found: list[Row] = []
    for plane, streams in shown:
        values: Mapping[str, float] = getattr(plane, figure)
        labels = _labels(plane)
        last = (plane.baseline,) if "baseline" in family.labels else ()
        found += [((*labels, one, *last), values[one]) for one in streams if one in values]
    return found


def _by_cell(shown: Sequence[tuple[PlaneFigures, list[str]]]) -> list[Row]:
    return [
        ((*_labels(plane), stream, cell), count)
        for plane, streams in shown
        for stream in streams
        for cell, count in plane.cells.get(stream, {}).items()
    ]


_GAUGES: Final[Mapping[str, Family]] = {
    "is_watching": gauge("monitor_watching", "1 while requests are watched for drift."),
    "is_compiled": gauge("monitor_compiled", "1 once the counting kernels are compiled."),
    "planes": gauge("monitor_planes", "Planes that are counted apart."),
    "bytes_held": gauge("monitor_held_bytes", "Memory that counts hold."),
    "bytes_max": gauge("monitor_held_bytes_max", "The limit of monitor_held_bytes."),
    "saved_at": gauge(
        "monitor_saved_timestamp_seconds", "When the counts were last saved, in unix time."
    ),
    "gap_s": gauge(
        "monitor_gap_seconds", "From the last save to this start: what was not watched."
    ),
    "events_undelivered": gauge(
        "monitor_events_undelivered", "Alarm events that webhooks have not delivered yet."
    ),
}
_TOTALS: Final[Mapping[str, Family]] = {
    "panes_dropped": counter("monitor_panes_dropped", "Panes given up early, for memory."),
    "rows": counter("monitor_rows", "Rows that were counted since the start."),
    "versions_forgotten": counter(
        "monitor_versions_forgotten", "Versions that left and of which nothing is kept any more."
    ),
    "rows_unclaimed": counter(
        "monitor_rows_unclaimed", "Recorded rows that could not be counted for a version."
    ),
    "drains": counter("monitor_drains", "How often the rings were emptied."),
    "busy_s": counter("monitor_busy_seconds", "Time that the monitor worked."),
}
PROBLEMS: Final = gauge("monitor_problems", "How many problems the monitor tells of.")


def monitor_metrics(status: MonitorStatus) -> Iterator[Filled]:
    """The families of the monitor itself."""
    for name, family in {**_GAUGES, **_TOTALS}.items():
        value = getattr(status, name)
        if value is not None:
            yield filled(family, [((), float(value))])
    yield filled(PROBLEMS, [((), len(status.problems))])
