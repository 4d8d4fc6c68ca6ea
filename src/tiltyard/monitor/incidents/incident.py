"""Incidents: the open alarms of one model and kind are one, however many streams they name.

Skew is apart from drift: it does not page, and many models have an open one for weeks, so that an
incident that held both would never end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from tiltyard.monitor.snapshot import Alarm

OPEN: Final = "open"  # an alarm's state, until it is over
DRIFT: Final = "drift"  # the kind of alarm that pages

Group = tuple[str, str]  # a model and a kind of alarm


@dataclass(frozen=True, slots=True)
class Incident:
    """`id` is that of its first alarm with "i-" before it, and stays while any alarm is open.

    `alarms` are the ids of those that are open, in the order they came; none: it has ended.
    """

    id: str
    model: str
    kind: str
    opened_at: float
    alarms: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return bool(self.alarms)


class Incidents:
    """Those that are open. Not thread-safe: the feed has a lock."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._open: dict[Group, Incident] = {
            (incident.model, incident.kind): incident for incident in incidents
        }

    def take(self, alarm: Alarm, time: float) -> Incident:
        """The incident that the alarm belongs to, as it is after this state of the alarm.

        An alarm that is over and belongs to none that is open gets one that has ended.
        """
        group = (alarm.key.model, alarm.kind)
        incident = self._open.get(group)
        if incident is None:
            incident = Incident(f"i-{alarm.id}", *group, time, ())
        others = tuple(one for one in incident.alarms if one != alarm.id)
        if alarm.state != OPEN:
            incident = replace(incident, alarms=others)
        elif alarm.id not in incident.alarms:
            incident = replace(incident, alarms=(*others, alarm.id))
        if incident.is_open:
            self._open[group] = incident
        else:
            self._open.pop(group, None)
        return incident

    def all(self) -> list[Incident]:
        """The open ones, the oldest first."""
        return sorted(self._open.values(), key=lambda one: (one.opened_at, one.id))
