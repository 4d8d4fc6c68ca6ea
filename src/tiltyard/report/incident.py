"""The open alarms of a plane as one incident, and those that are closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.formats import duration, percent, timestamp
from tiltyard.monitor.snapshot import Alarm, AlarmStream, Marker
from tiltyard.report.facts import between
from tiltyard.report.figures import SIGMA, UNDEFINED, decimal, signed

NAMES_MAX: Final = 3
NEAR_S: Final = 1_800.0  # before the onset's range: what happened then may be why


@dataclass(frozen=True, slots=True)
class NamedStream:
    """A stream that an alarm names, in words. `cells` are name, before and after."""

    name: str
    part: str  # leading, confirmed, or both
    change: str
    size: str
    excess: str
    evidence_log10: float
    share: str
    cells: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm: the first of its `names`, and how many `more` there are.

    `near` are the markers shortly before its onset.
    """

    id: str
    kind: str
    is_open: bool
    names: tuple[str, ...]
    more: int
    where: str
    onset: str
    crossed: str
    odds: str
    evidence_log10: float
    kappa: float
    cause: str
    counted: str
    state: str
    acknowledged: str
    note: str
    streams: tuple[NamedStream, ...]
    near: tuple[str, ...]


def alarm_views(
    alarms: Sequence[Alarm], markers: Sequence[Marker], now: float
) -> tuple[tuple[AlarmView, ...], tuple[AlarmView, ...]]:
    """Those that are open, the oldest onset first, and those that are closed, the newest first."""
    opened = sorted((a for a in alarms if a.state == "open"), key=lambda a: a.onset)
    closed = sorted((a for a in alarms if a.state != "open"), key=lambda a: -a.crossed_at)
    return (
        tuple(_view(alarm, markers, now) for alarm in opened),
        tuple(_view(alarm, markers, now) for alarm in closed),
    )


def _view(alarm: Alarm, markers: Sequence[Marker], now: float) -> AlarmView:
    leading = [stream for stream in alarm.streams if stream.is_leading] or list(alarm.streams)
    names = tuple(stream.stream for stream in leading[:NAMES_MAX])
    return AlarmView(
        id=alarm.id,
        kind=alarm.kind,
        is_open=alarm.state == "open",
        names=names,
        more=len(alarm.streams) - len(names),
        where=f"version {alarm.key.version}, {alarm.key.role}"
        + (f", {alarm.key.segment}" if alarm.key.segment else ""),
        onset=(
            f"{timestamp(alarm.onset)} UTC, {duration(now - alarm.onset)} ago;"
            f" 90 % range {between(alarm.onset_from, alarm.onset_to)}"
        ),
        crossed=(
            f"{timestamp(alarm.crossed_at)} UTC, {duration(alarm.crossed_at - alarm.onset)}"
            " after the onset"
        ),
        odds=(
            f"at most one false alarm in {duration(alarm.false_alarm_s)} on average, as asked for"
        ),
        evidence_log10=alarm.evidence_log10,
        kappa=alarm.kappa,
        cause=alarm.cause,
        counted=(
            f"{alarm.n_current:,} rows since the onset, against {alarm.n_reference:,}"
            f" of reference {alarm.reference_digest[:12]}"
        ),
        state=_state(alarm),
        acknowledged=_acknowledged(alarm),
        note=alarm.note,
        streams=tuple(_named(stream) for stream in alarm.streams),
        near=_near(alarm, markers),
    )


def _state(alarm: Alarm) -> str:
    if alarm.closed_at is None:
        return alarm.state
    return f"{alarm.state} {timestamp(alarm.closed_at)} UTC: {alarm.closed_by or 'no reason kept'}"


def _acknowledged(alarm: Alarm) -> str:
    if not alarm.acknowledged_by:
        return ""
    at = f" {timestamp(alarm.acknowledged_at)} UTC" if alarm.acknowledged_at else ""
    return f"{alarm.acknowledged_by}{at}"


def _named(stream: AlarmStream) -> NamedStream:
    parts = (("leading", stream.is_leading), ("confirmed", stream.is_confirmed))
    part = [word for word, is_so in parts if is_so]
    size = UNDEFINED
    if stream.size_sigma is not None:
        size = f"{signed(stream.size_sigma)} {SIGMA}"
        if stream.size_error is not None:
            size += f" ± {decimal(stream.size_error, 2)}"
    return NamedStream(
        name=stream.stream,
        part=", ".join(part),
        change=stream.change,
        size=size,
        excess=decimal(stream.psi_excess),
        evidence_log10=stream.evidence_log10,
        share=percent(stream.share),
        cells=tuple((name, percent(a), percent(b)) for name, a, b in stream.cells),
    )


def _near(alarm: Alarm, markers: Sequence[Marker]) -> tuple[str, ...]:
    found = sorted(
        (m for m in markers if alarm.onset_from - NEAR_S <= m.time <= alarm.onset_to),
        key=lambda marker: marker.time,
    )
    return tuple(f"{timestamp(marker.time)} UTC: {marker.text}" for marker in found)
