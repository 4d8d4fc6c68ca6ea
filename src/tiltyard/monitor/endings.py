"""Open alarms that nobody will ever close: why each is over.

A detector closes its own alarm. One whose version has left all slots, whose reference was replaced,
or whose state could not be restored has no detector any more that would.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from tiltyard.monitor.detection import SKEW
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.snapshot import Alarm
from tiltyard.monitor.watched import Watched

if TYPE_CHECKING:
    from tiltyard.registry import ModelState


def close_what_is_over(monitor: Monitor, states: "Mapping[str, ModelState]") -> None:
    """Close the alarms of versions in no slot, and those without a detector.

    `states` are of all models there are. Takes the monitor's lock.
    """
    with monitor.lock:
        for alarm in monitor.book.all(open_only=True):
            key = (alarm.key.model, alarm.key.version)
            by = superseded_by(alarm, states)
            if by and key in monitor.watched:
                monitor.supersede(key, by)
            if by:
                monitor.close_in_book(alarm.id, by)
        for watched in monitor.watched.values():
            monitor.close_orphans(watched, partial(replaced_by, watched))


def superseded_by(alarm: Alarm, states: "Mapping[str, ModelState]") -> str:
    """Who serves in place of an alarm's version; "" while it has a slot, or nobody serves."""
    state = states.get(alarm.key.model)
    if state is None:
        return "superseded: there is no such model any more"
    if state.champion is None or alarm.key.version in state.serving:
        return ""
    return f"superseded by v{state.champion}"


def replaced_by(watched: Watched, alarm: Alarm) -> str:
    """Why a version has no detector any more with this alarm."""
    if alarm.key.segment not in watched.segments:
        return f"superseded by drift policy {watched.policy.epoch}"
    if alarm.kind == SKEW and alarm.reference_digest != watched.profile.digest:
        return f"superseded by profile {watched.profile.number}"
    baseline = watched.baseline
    if alarm.kind != SKEW and baseline is None:
        return f"superseded by profile {watched.profile.number}"
    if alarm.kind != SKEW and baseline is not None and alarm.reference_digest != baseline.digest:
        return f"superseded by baseline {baseline.number}"
    return "superseded by a detector that began anew"
