"""Each RPC about drift as a plain function: checks its request, asks the monitor, and answers.

They block as long as the monitor does, and raise TiltyardError. What they return is bytes, because
a reply may be large and the event loop is not to write it.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Final

from tiltyard.admin.alarm_messages import alarm_message, policy_message
from tiltyard.admin.calls import Caller
from tiltyard.admin.drift_messages import baseline_message, drift_parts
from tiltyard.admin.message_parts import embedded
from tiltyard.admin.profile_messages import profile_parts
from tiltyard.admin.profile_upload import ProfileUpload
from tiltyard.admin.request_fields import (
    model_of,
    model_or_all,
    number_of_field,
    text_of,
    version_of,
    version_or_any,
)
from tiltyard.control.errors import (
    ArgumentError,
    PreconditionError,
    Reason,
)
from tiltyard.monitor.interface import PIECES, WINDOW_S, AlarmEvent, DriftQuery, Monitoring
from tiltyard.monitor.policy import DriftPolicy
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.against import Against, references
from tiltyard.monitor.statistics.measure import Report
from tiltyard.monitor.statistics.report import report_of
from tiltyard.protocol.admin_limits import MIB, REPLY_BYTES_MAX, SPAN_S_MAX
from tiltyard.protocol.admin_words import admin_message, word_of

PIECES_MAX: Final = 1_440
EVENTS_AT_ONCE: Final = 64
NOTE_CHARACTERS_MAX: Final = 1_000
# How soon a watch that is to end notices it.
WAIT_S: Final = 0.5

DriftCall = Callable[[Monitoring, Any, Caller], bytes]


def not_watching() -> PreconditionError:
    return PreconditionError(
        "this gateway does not watch drift (--no-monitor)",
        Reason.PRECONDITION,
        to_do="Start it without --no-monitor.",
    )


def get_drift(monitoring: Monitoring, request: Any, _caller: Caller) -> bytes:
    query, against = query_of(request), _against(request)
    snapshots = monitoring.snapshots(query)
    described = ((snapshot, _reports(snapshot, against)) for snapshot in snapshots)
    parts, size = [], 0
    for part in drift_parts(described, with_parts=request.baseline_parts):
        parts.append(part)
        size += len(part)
        if size > REPLY_BYTES_MAX:
            raise ArgumentError(
                f"the counts of the {len(snapshots)} planes asked for are more than the"
                f" {REPLY_BYTES_MAX // MIB} MiB of a reply",
                field="pieces" if query.model else "model",
                to_do="Ask for fewer pieces of history, or for one model, version or role.",
            )
    return b"".join(parts)


def list_alarms(monitoring: Monitoring, request: Any, _caller: Caller) -> bytes:
    found = monitoring.alarms(model_or_all(request), open_only=request.open_only)
    return _written("ListAlarms", alarms=[alarm_message(alarm) for alarm in found])


def ack_alarm(monitoring: Monitoring, request: Any, caller: Caller) -> bytes:
    alarm_id = text_of(request, "alarm_id", "alarm_id")
    if not alarm_id:
        raise ArgumentError("alarm_id is empty, expected the id of an alarm", field="alarm_id")
    note = text_of(request, "note", "note", characters_max=NOTE_CHARACTERS_MAX)
    actor = _actor(request, caller)
    found = monitoring.acknowledge(alarm_id, actor, note)
    return _written("AckAlarm", alarm=alarm_message(found))


def get_drift_policy(monitoring: Monitoring, request: Any, _caller: Caller) -> bytes:
    policy = monitoring.policy(model_of(request))
    return _written("GetDriftPolicy", policy=policy_message(policy))


def set_drift_policy(monitoring: Monitoring, request: Any, caller: Caller) -> bytes:
    policy = monitoring.set_policy(
        model_of(request),
        changes_of(request),
        _actor(request, caller),
        number_of_field(request, "expected_epoch", "expected_epoch"),
    )
    return _written("SetDriftPolicy", policy=policy_message(policy))


def accept_baseline(monitoring: Monitoring, request: Any, caller: Caller) -> bytes:
    window_s = _span("window_s", request.window_s)
    actor = _actor(request, caller)
    found = monitoring.accept(model_of(request), version_or_any(request), window_s, actor)
    return _written("AcceptBaseline", baseline=baseline_message(found))


def add_profile(monitoring: Monitoring, upload: ProfileUpload, caller: Caller) -> bytes:
    start = upload.start
    model, version = model_of(start), version_of(start)
    profile = monitoring.add_profile(model, version, upload.data, _actor(start, caller))
    return embedded("AddProfileResponse", "profile", profile_parts(profile))


def open_alarm_events(
    monitoring: Monitoring, request: Any, stop: Callable[[], bool]
) -> Iterator[AlarmEvent]:
    """The events that a watch tells; those from now on are from this call on."""
    model = model_or_all(request)
    after = number_of_field(request, "after_seq", "after_seq")
    if after is None:
        after = 0
        while newest := monitoring.events(after, EVENTS_AT_ONCE):
            after = newest[-1].seq
    return _alarm_events(monitoring, after, model, stop, follow=not request.until_now)


def query_of(request: Any) -> DriftQuery:
    """What a GetDriftRequest asks for; what it leaves out is as DriftQuery has it."""
    window_s = _span("window_s", request.window_s) if request.HasField("window_s") else WINDOW_S
    history_s = None
    if request.HasField("history_s"):
        history_s = _span("history_s", request.history_s)
        if history_s < window_s:
            raise ArgumentError(
                f"history_s is {history_s:g}, expected at least the {window_s:g} of the window,"
                " with which the history ends",
                field="history_s",
            )
    pieces = request.pieces if request.HasField("pieces") else PIECES
    if not 1 <= pieces <= PIECES_MAX:
        raise ArgumentError(f"pieces is {pieces}, expected 1 to {PIECES_MAX}", field="pieces")
    end = request.end if request.HasField("end") else None
    if end is not None and not 0 <= end < math.inf:
        raise ArgumentError(f"end is {end:g}, expected seconds since 1970", field="end")
    return DriftQuery(
        model=model_or_all(request),
        version=version_or_any(request),
        role=text_of(request, "role", "role") if request.HasField("role") else None,
        segment=text_of(request, "segment", "segment") if request.HasField("segment") else None,
        window_s=window_s,
        end=end,
        pieces=pieces,
        history_s=history_s,
    )


def changes_of(request: Any) -> dict[str, object]:
    """The fields of a policy that a SetDriftPolicyRequest has, JSON-ready. Raises ArgumentError."""
    changes: dict[str, object] = {
        field.name: getattr(request, field.name)
        for field in fields(DriftPolicy)
        if field.name not in ("epoch", "segments") and request.HasField(field.name)
    }
    if request.HasField("segments"):
        changes["segments"] = [
            [
                text_of(segment, "feature", "segments"),
                text_of(segment, "value", "segments"),
            ]
            for segment in request.segments.segments
        ]
    if not changes:
        raise ArgumentError(
            "the call changes nothing, expected at least one value of the policy", field="delta"
        )
    return changes


def _alarm_events(
    monitoring: Monitoring,
    after: int,
    model: str | None,
    stop: Callable[[], bool],
    *,
    follow: bool,
) -> Iterator[AlarmEvent]:
    while not stop():
        found = monitoring.events(after, EVENTS_AT_ONCE)
        for event in found:
            after = event.seq
            if model in (None, event.alarm.key.model):
                yield event
        if not found:
            if not follow:
                return
            monitoring.wait_events(after, WAIT_S)


def _reports(snapshot: Snapshot, against: list[Against]) -> list[Report]:
    """Against each of these that the plane has."""
    there = references(snapshot)
    return [report_of(snapshot, word) for word in against if word in there]


def _against(request: Any) -> list[Against]:
    words = [word_of("Against", number) for number in request.against]
    for word in words:
        if not word or word.isdigit():
            raise ArgumentError(
                f"against is {word or 'unspecified'}, expected AGAINST_PROFILE, AGAINST_BASELINE,"
                " AGAINST_PREVIOUS, AGAINST_WEEK_AGO or AGAINST_CHAMPION",
                field="against",
            )
    return [Against(word) for word in dict.fromkeys(words)]


def _span(field: str, seconds: float) -> float:
    if not 0 < seconds <= SPAN_S_MAX:  # NaN is neither
        raise ArgumentError(
            f"{field} is {seconds:g}, expected more than 0 and at most {SPAN_S_MAX:g} s",
            field=field,
        )
    return seconds


def _actor(request: Any, caller: Caller) -> str:
    return text_of(request, "actor", "actor") or caller.peer


def _written(method: str, **fields: Any) -> bytes:
    written: bytes = admin_message(f"{method}Response")(**fields).SerializeToString()
    return written
