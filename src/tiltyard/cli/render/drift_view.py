"""What a plane comes to: its counts, and the statistics that its page shows. Pure."""

from dataclasses import dataclass, replace

from tiltyard.cli.render.formats import duration
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.snapshot import Alarm, Snapshot
from tiltyard.monitor.statistics.against import Against, reference_of, references
from tiltyard.monitor.statistics.between import between
from tiltyard.monitor.statistics.measure import Report, StreamMeasure
from tiltyard.monitor.statistics.report import report_of
from tiltyard.monitor.statistics.series import Series, series


@dataclass(frozen=True)
class DriftView:
    """`report` and `series` are against `against`; `skew` is there where that is not the profile.

    `beside` is a challenger's: its window against the champion's of the same requests.
    """

    snapshot: Snapshot
    against: Against
    report: Report
    series: Series
    skew: Report | None
    beside: Report | None

    @property
    def open_alarms(self) -> list[Alarm]:
        """Those that page first, then the newest first."""
        found = [alarm for alarm in self.snapshot.alarms if alarm.state == "open"]
        return sorted(found, key=lambda alarm: (alarm.kind != "drift", -alarm.crossed_at))

    def measure(self, stream: str) -> StreamMeasure | None:
        return _of_name(self.report, stream)

    def only(self, stream: str) -> "DriftView":
        """The same, with the figures of one stream alone; with none where it has no such stream."""
        at = [at for at, found in enumerate(self.report.streams) if found.stream == stream]
        rows = self.series
        return replace(
            self,
            report=_only(self.report, stream),
            series=replace(
                rows,
                n=rows.n[at],
                psi=rows.psi[at],
                band=rows.band[at],
                excess=rows.excess[at],
            ),
            skew=None if self.skew is None else _only(self.skew, stream),
            beside=None if self.beside is None else _only(self.beside, stream),
        )

    def skew_of(self, stream: str) -> StreamMeasure | None:
        """Where `report` is not of skew itself."""
        return None if self.skew is None else _of_name(self.skew, stream)


def drift_view(snapshot: Snapshot, against: Against | None = None) -> DriftView:
    """Without `against`: the accepted baseline, and the profile where there is none yet.

    Raises StatisticsError when the plane has nothing of that kind.
    """
    if against is None:
        is_accepted = Against.baseline in references(snapshot)
        against = Against.baseline if is_accepted else Against.profile
    reference = reference_of(snapshot, against.value)
    return DriftView(
        snapshot,
        against,
        report=report_of(snapshot, against.value),
        series=series(snapshot.profile, snapshot.history, reference.counts),
        skew=report_of(snapshot, Against.profile)
        if against is not Against.profile and Against.profile in references(snapshot)
        else None,
        beside=None if against is Against.champion else between(snapshot),
    )


def reference_words(snapshot: Snapshot, against: Against) -> str:
    """`baseline 4 of 20,000 rows`: what a difference is from."""
    length = duration(snapshot.current.end - snapshot.current.begin)
    match against:
        case Against.profile:
            profile = snapshot.profile
            return f"training profile {profile.number} of {profile.rows:,} rows"
        case Against.baseline:
            baseline = snapshot.baseline
            number = baseline.number if baseline is not None else 0
            rows = int(baseline.counts[ROWS]) if baseline is not None else 0
            return f"baseline {number} of {rows:,} rows"
        case Against.previous:
            return f"the {length} before"
        case Against.week_ago:
            return f"the same {length} a week ago"
        case Against.champion:
            return "the champion on the same requests"


def exceeds(measure: StreamMeasure) -> bool:
    """Whether the PSI is more than chance explains."""
    return bool(measure.psi_excess)


def _only(report: Report, stream: str) -> Report:
    return replace(report, streams=tuple(one for one in report.streams if one.stream == stream))


def _of_name(report: Report, stream: str) -> StreamMeasure | None:
    return next((found for found in report.streams if found.stream == stream), None)
