"""Alarms and policies as messages of the admin API; client/alarm_replies.py reads them."""

from collections.abc import Sequence
from typing import Any

from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.policy import DriftPolicy, Segment
from tiltyard.monitor.snapshot import Alarm, AlarmStream, PlaneKey
from tiltyard.protocol.admin_words import admin_message


def key_message(key: PlaneKey) -> Any:
    return admin_message("PlaneKey")(
        model=key.model, version=key.version, role=key.role, segment=key.segment
    )


def alarm_message(alarm: Alarm) -> Any:
    return admin_message("Alarm")(
        id=alarm.id,
        kind=alarm.kind,
        key=key_message(alarm.key),
        state=alarm.state,
        crossed_at=alarm.crossed_at,
        onset=alarm.onset,
        onset_from=alarm.onset_from,
        onset_to=alarm.onset_to,
        evidence_log10=alarm.evidence_log10,
        false_alarm_s=alarm.false_alarm_s,
        kappa=alarm.kappa,
        reference_digest=alarm.reference_digest,
        n_reference=alarm.n_reference,
        n_current=alarm.n_current,
        streams=[_stream(stream) for stream in alarm.streams],
        cause=alarm.cause,
        closed_at=alarm.closed_at,
        closed_by=alarm.closed_by,
        acknowledged_by=alarm.acknowledged_by,
        acknowledged_at=alarm.acknowledged_at,
        note=alarm.note,
    )


def alarm_event_message(event: AlarmEvent) -> Any:
    return admin_message("AlarmEvent")(
        seq=event.seq,
        time=event.time,
        event=event.event,
        incident=event.incident,
        alarm=alarm_message(event.alarm),
    )


def policy_message(policy: DriftPolicy) -> Any:
    return admin_message("DriftPolicy")(
        epoch=policy.epoch,
        delta=policy.delta,
        delta_indicator=policy.delta_indicator,
        rows_independent=policy.rows_independent,
        captures_values=policy.captures_values,
        accepts_by_itself=policy.accepts_by_itself,
        baseline_window_s=policy.baseline_window_s,
        baseline_rows=policy.baseline_rows,
        segments=segment_messages(policy.segments),
    )


def segment_messages(segments: Sequence[Segment]) -> list[Any]:
    return [
        admin_message("DriftSegment")(feature=segment.feature, value=segment.value)
        for segment in segments
    ]


def _stream(stream: AlarmStream) -> Any:
    message = admin_message("AlarmStream")(
        stream=stream.stream,
        change=stream.change,
        evidence_log10=stream.evidence_log10,
        share=stream.share,
        leading=stream.is_leading,
        confirmed=stream.is_confirmed,
        size_sigma=stream.size_sigma,
        size_error=stream.size_error,
        psi_excess=stream.psi_excess,
    )
    for name, before, after in stream.cells:
        message.cells.add(name=name, before=before, after=after)
    return message
