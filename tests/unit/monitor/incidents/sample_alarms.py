"""Alarms as the monitor makes them."""

from dataclasses import replace
from typing import Any

from tiltyard.monitor.incidents.feed import AlarmFeed, Notice
from tiltyard.monitor.snapshot import Alarm, AlarmStream, PlaneKey

DAY_S = 86_400.0
CROSSED = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def stream(name: str = "amount", **more: Any) -> AlarmStream:
    """A stream whose location went up by half a sigma."""
    made = AlarmStream(
        stream=name,
        change="location up",
        evidence_log10=7.5,
        share=0.8,
        is_leading=True,
        is_confirmed=False,
        size_sigma=0.5,
        size_error=0.1,
        psi_excess=0.2,
        cells=(("> 9.5", 0.01, 0.08), ("(8, 9.5]", 0.03, 0.06), ("[0, 1]", 0.03, 0.01)),
    )
    return replace(made, **more)


def alarm(alarm_id: str = "a1", model: str = "fraud", **more: Any) -> Alarm:
    """An open drift alarm that names one stream."""
    made = Alarm(
        id=alarm_id,
        kind="drift",
        key=PlaneKey(model, 3, "champion"),
        state="open",
        crossed_at=CROSSED,
        onset=CROSSED - 60,
        onset_from=CROSSED - 90,
        onset_to=CROSSED - 45,
        evidence_log10=6.5,
        false_alarm_s=30 * DAY_S,
        kappa=1.25,
        reference_digest="0123456789abcdef",
        n_reference=20_000,
        n_current=1_500,
        streams=(stream(),),
    )
    return replace(made, **more)


def recovered(of: Alarm) -> Alarm:
    """The same alarm, over."""
    return replace(of, state="recovered", closed_at=CROSSED + 600, closed_by="recovered")


def fail(where: str, error: BaseException) -> None:
    """For those that must have no bug."""
    raise AssertionError(where) from error


def notice(event: str = "opened", of: Alarm | None = None, at: float = CROSSED) -> Notice:
    """What listeners of a feed are told of its first event."""
    heard: list[Notice] = []
    AlarmFeed([heard.append], on_bug=fail).take(event, of or alarm(), at)
    return heard[0]


class Lines:
    """What was logged: level, event and values."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, event: str, **values: Any) -> None:
        self.lines.append(("info", event, values))

    def warning(self, event: str, **values: Any) -> None:
        self.lines.append(("warning", event, values))
