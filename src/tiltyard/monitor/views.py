"""What is told of planes: snapshots for who looks, figures for metrics. The lock is held."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tiltyard.monitor.interface import WINDOW_S, DriftQuery, PlaneFigures
from tiltyard.monitor.markers import Markers
from tiltyard.monitor.monitor import Monitor, VersionKey
from tiltyard.monitor.plane import Plane
from tiltyard.monitor.profile.cells import CellRole
from tiltyard.monitor.recording import CANARY, CHAMPION, CHAMPION_AS, SHADOW, SHADOWED
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.report import report
from tiltyard.monitor.watched import Watched

WEEK_S: Final = 7 * 86_400.0
# Whose answers a challenger's are held against: those to the same traffic, in the same cells.
COMPARED: Final = {SHADOW: SHADOWED, CANARY: CHAMPION_AS}
_ORDER: Final = {role: at for at, role in enumerate((CHAMPION, CANARY, SHADOW))}


def planes_of(monitor: Monitor, query: DriftQuery) -> Iterator[tuple[Watched, Plane]]:
    """The planes that are asked for, by model, version (the newest first), role and segment.

    A version that nobody has asked yet has its champion's plane, empty.
    """
    for model, version in sorted(monitor.watched, key=lambda key: (key[0], -key[1])):
        watched = monitor.watched[model, version]
        if (query.model or model, query.version or version) != (model, version):
            continue
        if not watched.planes:
            watched.plane(CHAMPION, "", watched.began)
        found = sorted(
            watched.planes.values(),
            key=lambda one: (_ORDER.get(one.key.role, len(_ORDER)), one.key.role, one.key.segment),
        )
        for plane in found:
            role, segment = plane.key.role, plane.key.segment
            if (query.role or role) != role:
                continue
            if query.segment is None or query.segment == segment:
                yield watched, plane


def snapshot_of(
    monitor: Monitor,
    watched: Watched,
    plane: Plane,
    query: DriftQuery,
    *,
    markers: Markers,
    gateway: str,
    problems: Sequence[str],
) -> Snapshot:
    """The plane as the query asks for it."""
    now = monitor.now()
    end = now + 1.0 if query.end is None else query.end  # the second that is open too
    begin = end - query.window_s
    history_s = query.window_s if query.history_s is None else query.history_s
    panes, key = plane.panes, plane.key
    other = watched.planes.get((COMPARED.get(key.role, ""), key.segment))
    offered, dropped = _recorded(monitor, watched, key.role)
    return Snapshot(
        key=key,
        profile=watched.profile,
        current=panes.window(begin, end),
        previous=_watched_window(plane, begin - query.window_s, begin),
        week_ago=_watched_window(plane, begin - WEEK_S, end - WEEK_S),
        history=panes.pieces(end - history_s, end, query.pieces) if query.pieces else (),
        baseline=watched.baseline,
        detectors=tuple(
            detection.view()
            for segment, detection in watched.detections()
            if segment == key.segment
        ),
        alarms=tuple(
            alarm
            for alarm in monitor.book.all(key.model)
            if (alarm.key.version, alarm.key.segment) == (key.version, key.segment)
        ),
        strangers=plane.strangers.strangest(now, monitor.boot_s()),
        markers=markers.between(key.model, end - max(history_s, query.window_s), end),
        compared=None if other is None else other.panes.window(begin, end),
        offered=offered,
        dropped=dropped,
        lag_s=monitor.lag_s([plane.newest_ns]),
        gateways=(gateway,) if gateway else (),
        problems=(*problems, *watched.problems),
    )


def _watched_window(plane: Plane, begin: float, end: float) -> Window | None:
    """None when the plane was not there yet: nothing is known, which is not the same as none."""
    return None if end <= plane.panes.began else plane.panes.window(begin, end)


def _recorded(monitor: Monitor, watched: Watched, role: str) -> tuple[int, int]:
    recording = monitor.recordings.get(watched.key)
    return (0, 0) if recording is None else recording.rows(role)


class Figures:
    """Figures of planes, each computed anew only when its counts have changed."""

    def __init__(self) -> None:
        self._reports: dict[tuple[VersionKey, str, str], tuple[int, Report]] = {}

    def of(
        self, monitor: Monitor, watched: Watched, plane: Plane, model_age_s: float | None
    ) -> PlaneFigures:
        """Of the last ten minutes; totals are since the plane was first counted."""
        key, profile = plane.key, watched.profile
        totals = plane.panes.totals()
        measured = self._report(monitor, watched, plane, int(totals[0]))
        by_name = {one.stream: one for one in measured.streams}
        folded = {
            stream.name: dict(
                zip(
                    stream.cells.folded_roles,
                    stream.cells.fold(profile.layout.cells(totals, index)).tolist(),
                    strict=True,
                )
            )
            for index, stream in enumerate(profile.streams)
        }
        drift = [one for one in monitor.book.all(key.model, open_only=True) if one.kind == "drift"]
        mine = [
            one for one in drift if (one.key.version, one.key.segment) == (key.version, key.segment)
        ]
        evidence: dict[str, float] = {}
        for segment, detection in watched.detections():
            if segment == key.segment and detection.kind == "drift":
                evidence = detection.view().stream_evidence_log10
        offered, dropped = _recorded(monitor, watched, key.role)
        return PlaneFigures(
            model=key.model,
            version=key.version,
            role=key.role,
            segment=key.segment,
            baseline="" if watched.baseline is None else watched.baseline.digest[:12],
            rows=int(totals[0]),
            offered=offered,
            dropped=dropped,
            lag_s=monitor.lag_s([plane.newest_ns]),
            is_drifting=bool(mine),
            onset=min((one.onset for one in mine), default=None),
            window_rows=measured.rows,
            psi=_values(by_name, "psi"),
            psi_band=_values(by_name, "psi_band"),
            js_distance=_values(by_name, "js_distance"),
            wasserstein=_values(by_name, "wasserstein"),
            evidence_log10=evidence,
            missing=_totals(folded, CellRole.missing),
            unseen=_totals(folded, CellRole.unseen),
            out_of_range=_totals(folded, CellRole.below, CellRole.above),
            cells=self._cells(watched, plane),
            model_age_s=model_age_s,
        )

    def _report(self, monitor: Monitor, watched: Watched, plane: Plane, rows: int) -> Report:
        key = (watched.key, plane.key.role, plane.key.segment)
        known = self._reports.get(key)
        if known is not None and known[0] == rows:
            return known[1]
        baseline, profile = watched.baseline, watched.profile
        end = monitor.now() + 1.0
        made = report(
            profile,
            profile.reference if baseline is None else baseline.counts,
            plane.panes.window(end - WINDOW_S, end),
            against="profile" if baseline is None else "baseline",
            reference_digest=profile.digest if baseline is None else baseline.digest,
        )
        self._reports[key] = (rows, made)
        return made

    @staticmethod
    def _cells(watched: Watched, plane: Plane) -> dict[str, dict[str, int]]:
        totals = plane.panes.totals()
        layout = watched.profile.layout
        return {
            stream.name: dict(
                zip(
                    stream.cells.names,
                    stream.cells.fold(layout.cells(totals, index)).tolist(),
                    strict=True,
                )
            )
            for index, stream in enumerate(watched.profile.streams)
        }


def _values(streams: Mapping[str, object], name: str) -> dict[str, float]:
    """Of the streams where it is defined."""
    found = {stream: getattr(measured, name) for stream, measured in streams.items()}
    return {stream: float(value) for stream, value in found.items() if value is not None}


def _totals(folded: Mapping[str, Mapping[CellRole, int]], *roles: CellRole) -> dict[str, int]:
    """Rows in cells of these roles, of streams that have such cells."""
    return {
        stream: sum(cells.get(role, 0) for role in roles)
        for stream, cells in folded.items()
        if any(role in cells for role in roles)
    }
