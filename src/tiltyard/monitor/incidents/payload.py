"""What a webhook is sent of an alarm event: JSON, with a version of its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tiltyard.monitor.incidents.feed import Notice
from tiltyard.monitor.incidents.runbook import Runbook
from tiltyard.monitor.snapshot import Alarm, AlarmStream, Marker, Stranger

SCHEMA: Final = "tiltyard.alarm/1"
STREAMS_MAX: Final = 50  # named in one payload; the rest is counted
MARKERS_MAX: Final = 10
EXAMPLES_MAX: Final = 10

_UNITS: Final = (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0))


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the alarm, at the time of the event.

    `outputs` are the names of the model's output streams; None where they are not known.
    `definitions` are the definition ids of the streams' statistics (StreamMeasure.definition).
    `markers` are the plane's, and so are `strangers`, those since the alarm's onset.
    """

    outputs: frozenset[str] | None = None
    definitions: Mapping[str, str] = field(default_factory=dict)
    markers: Sequence[Marker] = ()
    strangers: Sequence[Stranger] = ()


def payload(notice: Notice, context: Context, *, gateway: str, runbook: Runbook) -> dict[str, Any]:
    """The payload of one event, ready for JSON. What is not known is null; times are UTC.

    schema            "tiltyard.alarm/1"; a field that changes its meaning changes the number, new
                      ones may be added
    event             opened, named, recovered, superseded or acknowledged
    seq, time         the event's number on this gateway, and when it happened
    gateway           which one
    incident          {id, is_first, is_open, opened_at, alarms_open}: open alarms of one model and
                      kind are one incident; `id` is the key to group and to close pages by
    alarm             {id, kind, state, model, version, role, segment}; kind drift or skew, state
                      open, recovered or superseded
    first_detected_at when the evidence crossed the threshold
    onset             {at, from, to}: the likeliest start, and the shortest range with 90 %
    significance      {evidence_log10, evidence_s, false_alarm_s, in_words}: evidence is in seconds,
                      and no less than `false_alarm_s` at the crossing; in words "1 false alarm per
                      30 days" is the rate that was chosen
    reference         {digest, rows, current_rows}
    kappa             the design effect: how many rows count as one
    streams           in the alarm's order, leading first, STREAMS_MAX at most: {name, change,
                      is_leading, is_confirmed, evidence_log10, share, size_sigma,
                      size_error_sigma, psi_excess, cells, is_output, definition}; cells are the
                      three that changed most, {cell, before, after} in shares, first the one that
                      the change is of; size with two standard errors, null of cells and shape
    streams_not_shown how many more are named
    prediction_drift  whether an output is among the named streams
    cause             where missing, unseen or out-of-range values explain most of it
    changes           what happened to the model near the onset, the nearest first: {at, text}
    examples          the most surprising requests of the last hour and since onset.from: {at,
                      request_hash, surprise_bits}; request_hash is XXH3-64 of the request id, 16
                      hex digits; null without an id
    closed, acknowledged  {at, by} and {at, by, note}, or null
    runbook           the configured link, or null
    """
    alarm = notice.event.alarm
    streams = alarm.streams  # the leading ones first, joint ones last
    outputs, named = context.outputs, {one.stream for one in streams}
    found: dict[str, Any] = _finite(
        {
            **_head(notice),
            "gateway": gateway,
            "alarm": _alarm(alarm),
            **_times(alarm),
            "significance": _significance(alarm),
            "reference": {
                "digest": alarm.reference_digest,
                "rows": alarm.n_reference,
                "current_rows": alarm.n_current,
            },
            "kappa": alarm.kappa,
            "streams": [_stream(one, context) for one in streams[:STREAMS_MAX]],
            "streams_not_shown": max(0, len(streams) - STREAMS_MAX),
            "prediction_drift": None if outputs is None else bool(named & outputs),
            "cause": alarm.cause or None,
            "changes": _changes(alarm, context.markers),
            "examples": _examples(context.strangers),
            "runbook": runbook.link(alarm) or None,
        }
    )
    return found


def in_words(false_alarm_s: float) -> str:
    """How often a false alarm comes, for people.

    >>> in_words(30 * 86_400)
    '1 false alarm per 30 days'
    >>> in_words(36 * 3_600), in_words(60)
    ('1 false alarm per 36 hours', '1 false alarm per 1 minute')
    """
    # In a unit of which there are two at least, so that rounding says nothing wrong.
    unit, unit_s = next((one for one in _UNITS if false_alarm_s >= 2 * one[1]), _UNITS[-1])
    count = false_alarm_s / unit_s
    number = f"{count:,.0f}" if count >= 10 else f"{count:.2g}"
    return f"1 false alarm per {number} {unit}{'' if number == '1' else 's'}"


def _head(notice: Notice) -> dict[str, Any]:
    event, incident = notice.event, notice.incident
    return {
        "schema": SCHEMA,
        "event": event.event,
        "seq": event.seq,
        "time": _utc(event.time),
        "incident": {
            "id": incident.id,
            "is_first": notice.is_first,
            "is_open": incident.is_open,
            "opened_at": _utc(incident.opened_at),
            "alarms_open": len(incident.alarms),
        },
    }


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "state": alarm.state,
        "model": alarm.key.model,
        "version": alarm.key.version,
        "role": alarm.key.role,
        "segment": alarm.key.segment or None,
    }


def _times(alarm: Alarm) -> dict[str, Any]:
    closed = {"at": _utc(alarm.closed_at), "by": alarm.closed_by}
    acknowledged = {
        "at": _utc(alarm.acknowledged_at),
        "by": alarm.acknowledged_by,
        "note": alarm.note,
    }
    return {
        "first_detected_at": _utc(alarm.crossed_at),
        "onset": {
            "at": _utc(alarm.onset),
            "from": _utc(alarm.onset_from),
            "to": _utc(alarm.onset_to),
        },
        "closed": closed if alarm.closed_at is not None else None,
        "acknowledged": acknowledged if alarm.acknowledged_at is not None else None,
    }


def _significance(alarm: Alarm) -> dict[str, Any]:
    log10 = alarm.evidence_log10
    return {
        "evidence_log10": log10,
        "evidence_s": 10.0**log10 if log10 < 300 else None,
        "false_alarm_s": alarm.false_alarm_s,
        "in_words": in_words(alarm.false_alarm_s),
    }


def _stream(stream: AlarmStream, context: Context) -> dict[str, Any]:
    return {
        "name": stream.stream,
        "change": stream.change,
        "is_leading": stream.is_leading,
        "is_confirmed": stream.is_confirmed,
        "evidence_log10": stream.evidence_log10,
        "share": stream.share,
        "size_sigma": stream.size_sigma,
        "size_error_sigma": stream.size_error,
        "psi_excess": stream.psi_excess,
        "cells": [
            {"cell": name, "before": before, "after": after} for name, before, after in stream.cells
        ],
        "is_output": None if context.outputs is None else stream.stream in context.outputs,
        "definition": context.definitions.get(stream.stream),
    }


def _changes(alarm: Alarm, markers: Sequence[Marker]) -> list[dict[str, Any]]:
    nearest = sorted(markers, key=lambda marker: abs(marker.time - alarm.onset))
    return [{"at": _utc(one.time), "text": one.text} for one in nearest[:MARKERS_MAX]]


def _examples(strangers: Sequence[Stranger]) -> list[dict[str, Any]]:
    """Without the rows' values: a webhook's receiver was not asked whether it may have them."""
    strangest = sorted(strangers, key=lambda one: -one.surprise)
    return [
        {
            "at": _utc(one.time),
            "request_hash": f"{one.request_hash:016x}" if one.request_hash else None,
            "surprise_bits": one.surprise,
        }
        for one in strangest[:EXAMPLES_MAX]
    ]


def _utc(unix_s: float | None) -> str | None:
    if unix_s is None:
        return None
    text = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _finite(value: Any) -> Any:
    """JSON has no infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value
