"""Alarm events as lines of the log."""

from datetime import UTC, datetime
from typing import Any, Final, Protocol

from tiltyard.monitor.incidents.feed import NAMED, OPENED, Notice
from tiltyard.monitor.incidents.incident import DRIFT
from tiltyard.monitor.snapshot import Alarm

STREAMS_SHOWN: Final = 5


class Log(Protocol):
    """What is asked of a Reporter."""

    def info(self, event: str, **values: Any) -> None: ...
    def warning(self, event: str, **values: Any) -> None: ...


class AlarmLog:
    """A listener of the feed. Drift that begins or grows is a warning, everything else is info.

    What is acknowledged grows without a warning.
    """

    def __init__(self, log: Log) -> None:
        self._log = log

    def __call__(self, notice: Notice) -> None:
        event, alarm = notice.event, notice.event.alarm
        says = self._log.info
        grows = event.event in (OPENED, NAMED) and not notice.is_silenced
        if alarm.kind == DRIFT and grows:
            says = self._log.warning
        says(f"alarm_{event.event}", **_values(notice, alarm))


def _values(notice: Notice, alarm: Alarm) -> dict[str, Any]:
    """Those that say something."""
    names = [stream.stream for stream in alarm.streams]
    shown = [f"{stream.stream} ({stream.change})" for stream in alarm.streams[:STREAMS_SHOWN]]
    if len(names) > STREAMS_SHOWN:
        shown.append(f"and {len(names) - STREAMS_SHOWN} more")
    values = {
        "kind": alarm.kind,
        "model": alarm.key.model,
        "version": alarm.key.version,
        "role": alarm.key.role,
        "segment": alarm.key.segment,
        "alarm": alarm.id,
        "incident": notice.incident.id,
        "alarms_open": len(notice.incident.alarms),
        "streams": ", ".join(shown),
        "onset": _utc(alarm.onset),
        "cause": alarm.cause,
        "closed_by": alarm.closed_by,
        "acknowledged_by": alarm.acknowledged_by,
        "note": alarm.note,
    }
    return {name: value for name, value in values.items() if value != ""}


def _utc(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
