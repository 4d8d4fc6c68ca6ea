"""Messages of the admin API to alarms and policies, the reverse of admin/alarm_messages.py."""

from typing import Any

from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.policy import DriftPolicy, Segment
from tiltyard.monitor.snapshot import Alarm, AlarmStream, PlaneKey


def read_key(message: Any) -> PlaneKey:
    return PlaneKey(message.model, message.version, message.role, message.segment)


def read_alarm(message: Any) -> Alarm:
    return Alarm(
        id=message.id,
        kind=message.kind,
        key=read_key(message.key),
        state=message.state,
        crossed_at=message.crossed_at,
        onset=message.onset,
        onset_from=message.onset_from,
        onset_to=message.onset_to,
        evidence_log10=message.evidence_log10,
        false_alarm_s=message.false_alarm_s,
        kappa=message.kappa,
        reference_digest=message.reference_digest,
        n_reference=message.n_reference,
        n_current=message.n_current,
        streams=tuple(map(_stream, message.streams)),
        cause=message.cause,
        closed_at=_optional(message, "closed_at"),
        closed_by=message.closed_by,
        acknowledged_by=message.acknowledged_by,
        acknowledged_at=_optional(message, "acknowledged_at"),
        note=message.note,
    )


def read_alarm_event(message: Any) -> AlarmEvent:
    return AlarmEvent(
        seq=message.seq,
        time=message.time,
        event=message.event,
        incident=message.incident,
        alarm=read_alarm(message.alarm),
    )


def read_policy(message: Any) -> DriftPolicy:
    return DriftPolicy(
        epoch=message.epoch,
        delta=message.delta,
        delta_indicator=message.delta_indicator,
        rows_independent=message.rows_independent,
        captures_values=message.captures_values,
        accepts_by_itself=message.accepts_by_itself,
        baseline_window_s=message.baseline_window_s,
        baseline_rows=message.baseline_rows,
        segments=tuple(Segment(entry.feature, entry.value) for entry in message.segments),
    )


def _stream(message: Any) -> AlarmStream:
    return AlarmStream(
        stream=message.stream,
        change=message.change,
        evidence_log10=message.evidence_log10,
        share=message.share,
        is_leading=message.leading,
        is_confirmed=message.confirmed,
        size_sigma=_optional(message, "size_sigma"),
        size_error=_optional(message, "size_error"),
        psi_excess=message.psi_excess,
        cells=tuple((cell.name, cell.before, cell.after) for cell in message.cells),
    )


def _optional(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None
