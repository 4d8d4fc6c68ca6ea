"""The alarms of a gateway, and what they do, as `tiltyard drift alarms` tells it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from tiltyard.cli.render.drift_alarms import alarm_block, alarm_line, plane_words
from tiltyard.cli.render.formats import one_line, timestamp
from tiltyard.monitor.interface import AlarmEvent
from tiltyard.monitor.snapshot import Alarm

SEQ_WIDTH = 5


def alarm_list(alarms: Sequence[Alarm], name: str, now: float, *, open_only: bool) -> Group:
    """The open ones in full, those that page and the newest first; then a line for each other."""
    of = f" of {name}" if name else ""
    if not alarms:
        return Group(Text(f"no alarms{of}{' are open' if open_only else ''}"))
    still = [alarm for alarm in alarms if alarm.state == "open"]
    still.sort(key=lambda alarm: (alarm.kind != "drift", -alarm.crossed_at))
    closed = [alarm for alarm in alarms if alarm.state != "open"]
    closed.sort(key=lambda alarm: -(alarm.closed_at or alarm.crossed_at))
    parts: list[RenderableType] = []
    for alarm in still:
        parts += [Text(plane_words(alarm.key)), alarm_block(alarm, now), Text("")]
    if closed:
        parts.append(Text(f"closed{of}", style="dim"))
        parts += [alarm_line(alarm, now) for alarm in closed]
    elif parts:
        parts.pop()
    return Group(*parts)


def event_text(event: AlarmEvent) -> Text:
    """`    8  2026-11-25 09:54:24  a-17 opened: fraud version 3 champion, amount, country`."""
    alarm = event.alarm
    named = [one_line(stream.stream) for stream in alarm.streams if stream.is_leading]
    told = ", ".join([plane_words(alarm.key), *named])
    text = Text(f"{event.seq:>{SEQ_WIDTH}}  {timestamp(event.time)}  ")
    text.append(one_line(alarm.id), style="bold")
    is_new = event.event == "opened" and alarm.kind == "drift"
    text.append(f" {one_line(event.event)}", style="bold red" if is_new else "")
    return text.append(f": {told}")
