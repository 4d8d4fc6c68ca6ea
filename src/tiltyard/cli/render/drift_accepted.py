"""What is to be known of traffic that was accepted: the alarms in it, and that drift warms up."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from tiltyard.cli.render.drift_alarms import leading_words
from tiltyard.cli.render.drift_json import baseline_object
from tiltyard.cli.render.drift_notes import baseline_words
from tiltyard.cli.render.drift_states import worst_of
from tiltyard.cli.render.formats import one_line, time_of
from tiltyard.monitor.snapshot import Alarm, Baseline, DetectorView, Snapshot


def accepted_lines(
    name: str, baseline: Baseline, planes: Sequence[Snapshot], now: float
) -> Iterator[str]:
    """`planes` are the model's, as they are after it was accepted."""
    yield f"accepted for {name}: baseline {baseline_words(baseline, now)}"
    for alarm in alarms_within(baseline, planes):
        until = alarm.closed_at if alarm.closed_at is not None else math.inf
        ended = f" to {time_of(until, now)}" if until < baseline.end else ""
        on = leading_words(alarm)
        told = f"{one_line(alarm.id)}{f' ({on})' if on else ''}"
        yield (
            f"  the window has an alarm in it: {told}, since {time_of(alarm.onset, now)}{ended};"
            " what it found is normal from now on"
        )
    drift = worst_of("drift", _detectors(baseline, planes))
    if drift is not None and drift.state == "warming":
        ticks = f"{drift.ticks:,} of {drift.warmup_ticks:,} ticks"
        yield f"  drift warms up again ({ticks}): nothing of it pages until then"


def accepted_object(baseline: Baseline, planes: Sequence[Snapshot]) -> dict[str, Any]:
    """`alarms` are those in its window, `detectors` those of drift from it."""
    alarms, detectors = alarms_within(baseline, planes), _detectors(baseline, planes)
    return {**baseline_object(baseline), "alarms": alarms, "detectors": detectors}


def alarms_within(baseline: Baseline, planes: Sequence[Snapshot]) -> list[Alarm]:
    """Of drift, the oldest first; whatever has become of them."""
    found = {
        alarm.id: alarm
        for plane in _of(baseline, planes)
        for alarm in plane.alarms
        if alarm.kind == "drift"
        and alarm.onset < baseline.end
        and (alarm.closed_at is None or alarm.closed_at > baseline.begin)
    }
    return sorted(found.values(), key=lambda alarm: alarm.onset)


def _detectors(baseline: Baseline, planes: Sequence[Snapshot]) -> list[DetectorView]:
    return [
        view
        for plane in _of(baseline, planes)
        for view in plane.detectors
        if view.kind == "drift" and not plane.key.segment
    ]


def _of(baseline: Baseline, planes: Sequence[Snapshot]) -> list[Snapshot]:
    """The planes of the version that it is of."""
    return [
        plane
        for plane in planes
        if plane.baseline is not None and plane.baseline.digest == baseline.digest
    ]
