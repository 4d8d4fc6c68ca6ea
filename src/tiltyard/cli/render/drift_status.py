"""What `tiltyard status` says of drift: nothing, as long as no alarm is open."""

from collections.abc import Iterator, Sequence

from tiltyard.cli.render.drift_alarms import leading_words, plane_words
from tiltyard.cli.render.formats import since
from tiltyard.cli.render.status_notes import Note
from tiltyard.monitor.snapshot import Alarm


def drift_notes(alarms: Sequence[Alarm], now: float) -> Iterator[Note]:
    """Of a model's alarms, one for each that is open and pages."""
    for alarm in alarms:
        if alarm.state != "open" or alarm.kind != "drift":
            continue
        on = leading_words(alarm)
        told = f"{plane_words(alarm.key)}, since {since(alarm.crossed_at, now)}"
        told += f": {on}" if on else ""
        seen = "" if alarm.acknowledged_by else "; see it with: tiltyard drift alarms"
        yield Note("drift", told + seen, "dim" if alarm.acknowledged_by else "bold red")
