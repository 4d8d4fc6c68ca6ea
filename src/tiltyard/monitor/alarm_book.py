"""All alarms that are open, and the last that are not."""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from tiltyard.errors import TiltyardError
from tiltyard.monitor.incidents.encoded import Encoded
from tiltyard.monitor.incidents.feed import ACKNOWLEDGED, SUPERSEDED, AlarmFeed
from tiltyard.monitor.snapshot import Alarm

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CLOSED_KEPT: Final = 500
OPEN: Final = "open"
FORMAT: Final = 1


class AlarmBookError(TiltyardError):
    """What was saved of the alarms is not what is saved of them."""


class AlarmBook:
    """Not thread-safe: the monitor has a lock. What happens to an alarm is told to the feed."""

    def __init__(self, feed: AlarmFeed) -> None:
        self.changes = 0
        self._feed = feed
        self._encoded = Encoded()
        self._alarms: OrderedDict[str, Alarm] = OrderedDict()  # in the order of the last change

    def take(self, event: str, alarm: Alarm, at: float) -> Alarm:
        """What has happened to an alarm at a unix time; the alarm as it is kept.

        What an alarm's detector tells names no note and no cause: those that it had stay.
        """
        alarm = self.update(alarm)
        self._feed.take(event, alarm, at)
        return alarm

    def update(self, alarm: Alarm) -> Alarm:
        """Nothing has happened, but it is known better: sizes go on growing."""
        known = self._alarms.get(alarm.id)
        if known is not None:
            alarm = replace(alarm, note=alarm.note or known.note, cause=alarm.cause or known.cause)
        if alarm == known:
            return alarm
        self.changes += 1
        self._alarms[alarm.id] = alarm
        self._alarms.move_to_end(alarm.id)
        closed = [one.id for one in self._alarms.values() if one.state != OPEN]
        for one in closed[: max(0, len(closed) - CLOSED_KEPT)]:
            del self._alarms[one]
        return alarm

    def acknowledge(self, alarm: Alarm, actor: str, at: float, note: str) -> Alarm:
        """Somebody has seen it."""
        seen = replace(alarm, acknowledged_by=actor, acknowledged_at=at, note=note or alarm.note)
        return self.take(ACKNOWLEDGED, seen, at)

    def close(self, alarm: Alarm, by: str, at: float) -> Alarm:
        """It has ended for another reason than that everything is as it was."""
        closed = replace(alarm, state=SUPERSEDED, closed_at=at, closed_by=by)
        return self.take(SUPERSEDED, closed, at)

    def find(self, alarm_id: str) -> Alarm | None:
        return self._alarms.get(alarm_id)

    def all(self, model: str | None = None, *, open_only: bool = False) -> list[Alarm]:
        """Those that are open first, each part with the newest first."""
        found = [
            alarm
            for alarm in self._alarms.values()
            if (model is None or alarm.key.model == model)
            and (alarm.state == OPEN or not open_only)
        ]
        return sorted(found, key=lambda one: (one.state != OPEN, -one.crossed_at, one.id))

    def save(self) -> str:
        """JSON, for restore()."""
        return self.saving()()

    def saving(self) -> Callable[[], str]:
        """Makes the JSON of what there is now; that may be done without the lock."""
        alarms = list(self._alarms.values())
        return lambda: f'{{"format": {FORMAT}, "alarms": {self._encoded.array(alarms)}}}'

    def restore(self, text: str) -> None:
        """What save() gave. Raises AlarmBookError; then nothing has changed."""
        from pydantic import ValidationError  # late: it takes long to import

        try:
            saved = json.loads(text)
            if saved["format"] != FORMAT:
                raise AlarmBookError(
                    f"saved alarms have format {saved['format']}; expected {FORMAT}"
                )
            found = _adapter().validate_python(saved["alarms"])
        except (ValueError, TypeError, KeyError, ValidationError) as error:
            raise AlarmBookError(f"saved alarms cannot be read: {error}") from error
        self._alarms = OrderedDict((alarm.id, alarm) for alarm in found)


@cache
def _adapter() -> "TypeAdapter[list[Alarm]]":
    """Made once: it takes as long as reading many alarms."""
    from pydantic import TypeAdapter

    return TypeAdapter(list[Alarm])
