"""Planes as messages of the admin API; client/drift_replies.py reads them.

Everything is made in small pieces, because protobuf holds the interpreter's lock as long as it
writes one, and a rollback may be waiting for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tiltyard.admin.alarm_messages import alarm_message, key_message
from tiltyard.admin.profile_messages import profile_message
from tiltyard.admin.report_messages import report_message
from tiltyard.monitor.snapshot import Baseline, DetectorView, Snapshot, Stranger, Window
from tiltyard.monitor.statistics.measure import Report
from tiltyard.protocol.admin_words import admin_message

Described = tuple[Snapshot, Sequence[Report]]


def drift_parts(planes: Iterable[Described], *, with_hours: bool) -> Iterator[bytes]:
    """The bytes of a GetDriftResponse in parts, to be joined; a profile comes once.

    The snapshots have to be kept until the end, for profiles are told apart by who they are.
    """
    indices: dict[int, int] = {}
    for snapshot, reports in planes:
        is_new = id(snapshot.profile) not in indices
        index = indices.setdefault(id(snapshot.profile), len(indices))
        if is_new:
            yield _part(profiles=[profile_message(snapshot.profile)])
        plane = admin_message("Plane")(
            snapshot=snapshot_message(snapshot, index, with_hours=with_hours),
            reports=[report_message(report) for report in reports],
        )
        yield _part(planes=[plane])


def snapshot_message(snapshot: Snapshot, profile_index: int, *, with_hours: bool) -> Any:
    """`profile_index` is where the response has the snapshot's profile."""
    return admin_message("Snapshot")(
        key=key_message(snapshot.key),
        profile_index=profile_index,
        current=_window(snapshot.current),
        previous=_window(snapshot.previous),
        week_ago=_window(snapshot.week_ago),
        history=[_window(window) for window in snapshot.history],
        baseline=baseline_message(snapshot.baseline, with_hours=with_hours),
        detectors=[_detector(view) for view in snapshot.detectors],
        alarms=[alarm_message(alarm) for alarm in snapshot.alarms],
        strangers=[_stranger(stranger) for stranger in snapshot.strangers],
        markers=[
            admin_message("Marker")(time=marker.time, text=marker.text)
            for marker in snapshot.markers
        ],
        compared=_window(snapshot.compared),
        offered=snapshot.offered,
        dropped=snapshot.dropped,
        lag_s=snapshot.lag_s,
        gateways=snapshot.gateways,
        problems=snapshot.problems,
    )


def baseline_message(baseline: Baseline | None, *, with_hours: bool) -> Any:
    if baseline is None:
        return None
    message = admin_message("Baseline")(
        number=baseline.number,
        digest=baseline.digest,
        profile_digest=baseline.profile_digest,
        begin=baseline.begin,
        end=baseline.end,
        accepted_by=baseline.accepted_by,
        accepted_at=baseline.accepted_at,
        counts=baseline.counts.tolist(),
    )
    if with_hours and baseline.slots is not None:
        for counts in baseline.slots:
            message.hours.add(counts=counts.tolist())
    return message


def _window(window: Window | None) -> Any:
    if window is None:
        return None
    return admin_message("Window")(
        begin=window.begin, end=window.end, counts=window.counts.tolist(), gap_s=window.gap_s
    )


def _detector(view: DetectorView) -> Any:
    return admin_message("Detector")(
        kind=view.kind,
        state=view.state,
        since=view.since,
        ticks=view.ticks,
        warmup_ticks=view.warmup_ticks,
        evidence_log10=view.evidence_log10,
        threshold_log10=view.threshold_log10,
        delta=view.delta,
        kappa=view.kappa,
        tolerance=view.tolerance,
        stream_evidence_log10=view.stream_evidence_log10,
    )


def _stranger(stranger: Stranger) -> Any:
    message = admin_message("Stranger")(
        time=stranger.time,
        request_hash=stranger.request_hash,
        surprise=stranger.surprise,
        mahalanobis=stranger.mahalanobis,
    )
    if stranger.values is not None:
        message.values.SetInParent()
        message.values.values.update(stranger.values)
    return message


def _part(**fields: Any) -> bytes:
    """A message is the concatenation of messages that each have some of its fields."""
    written: bytes = admin_message("GetDriftResponse")(**fields).SerializeToString()
    return written
