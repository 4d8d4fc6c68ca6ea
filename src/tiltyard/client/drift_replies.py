"""Messages of the admin API to snapshots of planes, the reverse of admin/drift_messages.py."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from tiltyard.client.alarm_replies import read_alarm, read_key
from tiltyard.client.profile_replies import read_profile
from tiltyard.errors import ClientError
from tiltyard.monitor.counting.weekly import WeeklyCounts
from tiltyard.monitor.profile.profile import Profile
from tiltyard.monitor.snapshot import (
    Baseline,
    DetectorView,
    Marker,
    Snapshot,
    Stranger,
    Window,
)
from tiltyard.protocol.admin_words import admin_message


def read_drift(data: bytes) -> list[Snapshot]:
    """The planes of a GetDriftResponse. Raises ClientError when it is not one to be read."""
    try:
        message = admin_message("GetDriftResponse").FromString(data)
        profiles = [read_profile(profile) for profile in message.profiles]
        return [read_snapshot(plane.snapshot, profiles) for plane in message.planes]
    except (DecodeError, ValueError, IndexError) as error:
        raise ClientError(f"the answer of GetDrift cannot be read: {error}") from error


def read_snapshot(message: Any, profiles: Sequence[Profile]) -> Snapshot:
    """`profiles` are those of the response."""
    return Snapshot(
        key=read_key(message.key),
        profile=profiles[message.profile_index],
        current=_window(message.current),
        previous=_optional_window(message, "previous"),
        week_ago=_optional_window(message, "week_ago"),
        history=tuple(map(_window, message.history)),
        baseline=read_baseline(message.baseline, message.key.segment)
        if message.HasField("baseline")
        else None,
        detectors=tuple(map(_detector, message.detectors)),
        alarms=tuple(map(read_alarm, message.alarms)),
        strangers=tuple(map(_stranger, message.strangers)),
        markers=tuple(Marker(marker.time, marker.text) for marker in message.markers),
        compared=_optional_window(message, "compared"),
        offered=message.offered,
        dropped=message.dropped,
        lag_s=message.lag_s,
        gateways=tuple(message.gateways),
        problems=tuple(message.problems),
        slot=message.slot if message.HasField("slot") else None,
    )


def read_baseline(message: Any, segment: str = "") -> Baseline:
    """`segment` is that of the plane that it is told with."""
    slots = _weekly(message.segment_hours)
    return Baseline(
        number=message.number,
        digest=message.digest,
        profile_digest=message.profile_digest,
        begin=message.begin,
        end=message.end,
        accepted_by=message.accepted_by,
        accepted_at=message.accepted_at,
        counts=np.array(message.counts, np.int64),
        slots=_weekly(message.hours),
        segments={name: np.array(part.counts, np.int64) for name, part in message.segments.items()},
        segment_slots={} if slots is None else {segment: slots},
    )


def _weekly(hours: Sequence[Any]) -> WeeklyCounts | None:
    if not hours:
        return None
    return WeeklyCounts.of_array(np.stack([np.array(hour.counts, np.int64) for hour in hours]))


def _optional_window(message: Any, field: str) -> Window | None:
    return _window(getattr(message, field)) if message.HasField(field) else None


def _window(message: Any) -> Window:
    return Window(message.begin, message.end, np.array(message.counts, np.int64), message.gap_s)


def _detector(message: Any) -> DetectorView:
    return DetectorView(
        kind=message.kind,
        state=message.state,
        since=message.since,
        ticks=message.ticks,
        warmup_ticks=message.warmup_ticks,
        evidence_log10=message.evidence_log10,
        threshold_log10=message.threshold_log10,
        delta=message.delta,
        kappa=dict(message.kappa),
        tolerance=dict(message.tolerance),
        stream_evidence_log10=dict(message.stream_evidence_log10),
        serial=tuple(message.serial),
    )


def _stranger(message: Any) -> Stranger:
    return Stranger(
        time=message.time,
        request_hash=message.request_hash,
        surprise=message.surprise,
        mahalanobis=message.mahalanobis if message.HasField("mahalanobis") else None,
        values=dict(message.values.values) if message.HasField("values") else None,
    )
