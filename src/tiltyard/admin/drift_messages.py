"""Planes as messages of the admin API; client/drift_replies.py reads them.

protobuf holds the interpreter's lock as long as it copies or writes one message: 20 ms for a plane
of 200 features with its history, while a rollback may wait for the lock. So a plane is written in
parts of a window or a stream each, which the reader merges: to a protobuf parser, a message is the
concatenation of messages that each have some of its fields.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tiltyard.admin.alarm_messages import alarm_message, key_message
from tiltyard.admin.message_parts import embedded
from tiltyard.admin.profile_messages import profile_parts
from tiltyard.admin.report_messages import report_parts
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import Baseline, DetectorView, Snapshot, Stranger, Window
from tiltyard.monitor.statistics.measure import Report
from tiltyard.protocol.admin_words import admin_message

Described = tuple[Snapshot, Sequence[Report]]


def drift_parts(planes: Iterable[Described], *, with_parts: bool) -> Iterator[bytes]:
    """The bytes of a GetDriftResponse in parts, to be joined; a profile comes once.

    The snapshots have to be kept until the end, for profiles are told apart by who they are.
    """
    indices: dict[int, int] = {}
    for snapshot, reports in planes:
        is_new = id(snapshot.profile) not in indices
        index = indices.setdefault(id(snapshot.profile), len(indices))
        if is_new:
            parts = profile_parts(snapshot.profile)
            yield embedded("GetDriftResponse", "profiles", parts)
        parts = _plane_parts(snapshot, reports, index, with_parts=with_parts)
        yield embedded("GetDriftResponse", "planes", parts)


def _plane_parts(
    snapshot: Snapshot, reports: Sequence[Report], profile_index: int, *, with_parts: bool
) -> Iterator[bytes]:
    for fields in _snapshot_fields(snapshot, profile_index, with_parts=with_parts):
        part = admin_message("Snapshot")(**fields)
        written: bytes = admin_message("Plane")(snapshot=part).SerializeToString()
        yield written
    for report in reports:
        yield embedded("Plane", "reports", report_parts(report))


def _snapshot_fields(
    snapshot: Snapshot, profile_index: int, *, with_parts: bool
) -> Iterator[dict[str, Any]]:
    """What is large comes by itself. `profile_index` is where the response has the profile."""
    yield {
        "key": key_message(snapshot.key),
        "profile_index": profile_index,
        "detectors": [_detector(view) for view in snapshot.detectors],
        "alarms": [alarm_message(alarm) for alarm in snapshot.alarms],
        "strangers": [_stranger(stranger) for stranger in snapshot.strangers],
        "markers": [
            admin_message("Marker")(time=marker.time, text=marker.text)
            for marker in snapshot.markers
        ],
        "offered": snapshot.offered,
        "dropped": snapshot.dropped,
        "lag_s": snapshot.lag_s,
        "gateways": snapshot.gateways,
        "problems": snapshot.problems,
        "slot": snapshot.slot,
    }
    for name in ("current", "previous", "week_ago", "compared"):
        window: Window | None = getattr(snapshot, name)
        if window is not None:
            yield {name: _window(window)}
    for piece in snapshot.history:
        yield {"history": [_window(piece)]}
    if snapshot.baseline is not None:
        yield {"baseline": baseline_message(snapshot.baseline)}
        for part in _baseline_parts(snapshot.baseline, snapshot.key.segment, with_parts):
            yield {"baseline": part}


def _baseline_parts(baseline: Baseline, segment: str, with_parts: bool) -> Iterator[Any]:
    """Of the segments the plane's own, or with the hours all."""
    for name, counts in baseline.segments.items():
        if with_parts or name == segment:
            yield admin_message("Baseline")(segments={name: _part_counts(counts)})
    if with_parts and baseline.slots is not None:
        for counts in baseline.slots.to_array():
            yield admin_message("Baseline")(hours=[_part_counts(counts)])
    if with_parts and segment in baseline.segment_slots:
        for counts in baseline.segment_slots[segment].to_array():
            yield admin_message("Baseline")(segment_hours=[_part_counts(counts)])


def _part_counts(counts: Ints) -> Any:
    return admin_message("PartCounts")(counts=counts.tolist())


def baseline_message(baseline: Baseline) -> Any:
    """Without its hours and segments."""
    return admin_message("Baseline")(
        number=baseline.number,
        digest=baseline.digest,
        profile_digest=baseline.profile_digest,
        begin=baseline.begin,
        end=baseline.end,
        accepted_by=baseline.accepted_by,
        accepted_at=baseline.accepted_at,
        counts=baseline.counts.tolist(),
    )


def _window(window: Window) -> Any:
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
        serial=view.serial,
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
