"""What is told of planes: snapshots for who looks, figures for metrics. The lock is held."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.detection import DRIFT
from tiltyard.monitor.interface import WINDOW_S, DriftQuery, PlaneFigures
from tiltyard.monitor.markers import Markers
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.plane import Plane
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.cells import CellRole, Ints
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.recording import CANARY, CHAMPION, CHAMPION_AS, SHADOW, SHADOWED
from tiltyard.monitor.snapshot import Alarm, Baseline, PlaneKey, Snapshot, Window
from tiltyard.monitor.statistics.against import Against, baseline_counts
from tiltyard.monitor.statistics.measure import StreamMeasure
from tiltyard.monitor.statistics.report import report
from tiltyard.monitor.watched import BET_ROLES, Watched

WEEK_S: Final = 7 * 86_400.0
# How often the figures of a plane that nobody asks follow the window.
IDLE_S: Final = 60.0
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
        planes = list(watched.planes.values())
        if not planes:
            # Not kept: the version may be a shadow, which never has such a plane.
            planes = [watched.made(CHAMPION, "", Panes(watched.profile.layout, watched.began))]
        found = sorted(
            planes,
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
    newest = now + 1.0  # the second that is open too
    end = newest if query.end is None else min(query.end, newest)
    begin = end - query.window_s
    history_s = query.window_s if query.history_s is None else query.history_s
    panes, key = plane.panes, plane.key
    other = watched.planes.get((COMPARED.get(key.role, ""), key.segment))
    offered, dropped = watched.recorded.rows(key.role)
    # What the champion answered is bet for the champion, not for who is compared with it.
    is_bet = key.role in BET_ROLES
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
            if is_bet and segment == key.segment
        ),
        alarms=tuple(
            alarm
            for alarm in monitor.book.all(key.model)
            if is_bet and (alarm.key.version, alarm.key.segment) == (key.version, key.segment)
        ),
        strangers=plane.strangers.strangest(now, monitor.boot_s()),
        markers=markers.between(key.model, end - max(history_s, query.window_s), end),
        compared=None if other is None else other.panes.window(begin, end),
        offered=offered,
        dropped=dropped,
        lag_s=plane.lag_s,
        gateways=(gateway,) if gateway else (),
        problems=(*problems, *watched.problems, *_short(watched.baseline)),
    )


def _short(baseline: Baseline | None) -> Iterator[str]:
    """What a baseline of less than a day does not know."""
    if baseline is not None and baseline.end - baseline.begin < DAY_S:
        yield (
            f"baseline {baseline.number} is of less than a day, so what changes with the hour may"
            " be taken for drift: accept a longer window when a day has been seen"
        )


def _watched_window(plane: Plane, begin: float, end: float) -> Window | None:
    """None when the plane was not there yet: nothing is known, which is not the same as none."""
    return None if end <= plane.panes.began else plane.panes.window(begin, end)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was computed of a plane at `at`, when it had these `changes` and `rows` in all."""

    watched: Watched
    plane: Plane
    rows: int
    baseline: Baseline | None
    changes: int
    at: float
    window_rows: int
    streams: Mapping[str, StreamMeasure]  # none where nothing is defined: see _measured()
    missing: Mapping[str, int]
    unseen: Mapping[str, int]
    out_of_range: Mapping[str, int]
    cells: Mapping[str, Mapping[str, int]]

    def holds(self, watched: Watched, plane: Plane, rows: int, now: float) -> bool:
        if self.watched is not watched or self.baseline is not watched.baseline:
            return False
        # Empty planes of who was never asked are not kept, and one is like the other.
        is_same = self.plane is plane or not (self.rows or rows)
        if not is_same or self.changes != plane.changes:
            return False
        # Nothing came in, but what there was goes out of the window.
        return not self.window_rows or now - self.at < IDLE_S


class Figures:
    """Figures of planes, each computed anew only when its counts have changed."""

    def __init__(self) -> None:
        self._known: dict[PlaneKey, _Known] = {}

    def of(
        self,
        monitor: Monitor,
        watched: Watched,
        plane: Plane,
        *,
        model_age_s: float | None,
        drifting: Iterable[Alarm],
    ) -> PlaneFigures:
        """Of the last ten minutes; totals of streams are since the plane was first counted, rows
        since this process watches it, as what was offered and dropped is.

        `drifting` are the alarms that are open against baselines, of any model.
        """
        key = plane.key
        rows = int(plane.panes.totals()[ROWS])
        known = self._of(watched, plane, rows, monitor.now())
        whose = (key.model, key.version, key.segment)
        is_bet = key.role in BET_ROLES
        mine = [
            one
            for one in drifting
            if is_bet and (one.key.model, one.key.version, one.key.segment) == whose
        ]
        evidence: dict[str, float] = {}
        for segment, detection in watched.detections():
            if is_bet and segment == key.segment and detection.kind == DRIFT:
                evidence = detection.view().stream_evidence_log10
        offered, dropped = watched.recorded.rows(key.role)
        return PlaneFigures(
            model=key.model,
            version=key.version,
            role=key.role,
            segment=key.segment,
            baseline="" if watched.baseline is None else watched.baseline.digest[:12],
            rows=plane.rows,
            offered=offered,
            dropped=dropped,
            lag_s=plane.lag_s,
            is_drifting=bool(mine),
            onset=min((one.onset for one in mine), default=None),
            window_rows=known.window_rows,
            psi=_values(known.streams, "psi"),
            psi_band=_values(known.streams, "psi_band"),
            js_distance=_values(known.streams, "js_distance"),
            wasserstein=_values(known.streams, "wasserstein"),
            evidence_log10=evidence,
            missing=known.missing,
            unseen=known.unseen,
            out_of_range=known.out_of_range,
            cells=known.cells,
            model_age_s=model_age_s,
            alarmed=frozenset(stream.stream for one in mine for stream in one.streams),
            definitions={name: one.definition for name, one in known.streams.items()},
        )

    def keep(self, planes: Container[PlaneKey]) -> None:
        """Only what was computed of these."""
        self._known = {key: known for key, known in self._known.items() if key in planes}

    def _of(self, watched: Watched, plane: Plane, rows: int, now: float) -> _Known:
        known = self._known.get(plane.key)
        if known is not None and known.holds(watched, plane, rows, now):
            return known
        profile = watched.profile
        window = plane.panes.window(now + 1.0 - WINDOW_S, now + 1.0)
        window_rows = int(window.counts[ROWS])
        streams = _measured(watched, plane.key.segment, window) if window_rows else {}
        folded = _folded(profile, plane.panes.totals())
        known = self._known[plane.key] = _Known(
            watched=watched,
            plane=plane,
            rows=rows,
            baseline=watched.baseline,
            changes=plane.changes,
            at=now,
            window_rows=window_rows,
            streams=streams,
            missing=_totals(profile, folded, CellRole.missing),
            unseen=_totals(profile, folded, CellRole.unseen),
            out_of_range=_totals(profile, folded, CellRole.below, CellRole.above),
            cells={
                stream.name: dict(zip(stream.cells.names, folded[stream.name], strict=True))
                for stream in profile.streams
            },
        )
        return known


def _measured(watched: Watched, segment: str, window: Window) -> dict[str, StreamMeasure]:
    """A window against the version's baseline; against its profile where there is none.

    A segment against what the baseline has of it. Nothing where it has none, nor a profile.
    """
    baseline, profile = watched.baseline, watched.profile
    if baseline is not None:
        against, digest = Against.baseline, baseline.digest
        counts = baseline_counts(baseline, segment)
    else:
        against, digest = Against.profile, profile.digest
        counts = None if segment else profile.reference
    if counts is None:
        return {}
    made = report(profile, counts, window, against=against, reference_digest=digest)
    return {one.stream: one for one in made.streams}


def _folded(profile: Profile, counts: Ints) -> dict[str, list[int]]:
    """Rows in each folded cell, by stream."""
    return {
        stream.name: stream.cells.fold(profile.layout.cells(counts, index)).tolist()
        for index, stream in enumerate(profile.streams)
    }


def _values(streams: Mapping[str, StreamMeasure], name: str) -> dict[str, float]:
    """Of the streams where it is defined."""
    found = {stream: getattr(measured, name) for stream, measured in streams.items()}
    return {stream: float(value) for stream, value in found.items() if value is not None}


def _totals(profile: Profile, folded: Mapping[str, list[int]], *roles: CellRole) -> dict[str, int]:
    """Rows in cells of these roles, of streams that have such cells."""
    found = {}
    for stream in profile.streams:
        told = zip(stream.cells.folded_roles, folded[stream.name], strict=True)
        rows = [count for role, count in told if role in roles]
        if rows:
            found[stream.name] = sum(rows)
    return found
