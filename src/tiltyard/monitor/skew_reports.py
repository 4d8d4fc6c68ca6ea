"""Skew said in the log: once a version's traffic is known, and daily; it pages nobody."""

from collections.abc import Iterator
from typing import Any, Final

from tiltyard.monitor.alarm.detector import State
from tiltyard.monitor.counting.level import DAY
from tiltyard.monitor.detection import SKEW, Detection
from tiltyard.monitor.given import Served
from tiltyard.monitor.incidents.alarm_log import STREAMS_SHOWN, Log
from tiltyard.monitor.monitor import Monitor
from tiltyard.monitor.statistics.measure import Report, StreamMeasure
from tiltyard.monitor.statistics.ranking import ranked
from tiltyard.monitor.watched import Watched

SKEWED: Final = "skewed"  # what drifting is called of training against serving


class SkewReports:
    """Of the versions that have slots. Used from the keeper's thread.

    The last day's rows against the profile: state, how many streams are beyond what chance
    explains, and the sizes of the largest.
    """

    def __init__(self, monitor: Monitor, served: Served, log: Log) -> None:
        self._monitor = monitor
        self._served = served
        self._log = log
        self._told: dict[str, float] = {}  # unix seconds, by the digest of the profile

    def look(self) -> None:
        """Report what is due."""
        now = self._monitor.now()
        self._told = {digest: at for digest, at in self._told.items() if now - at < DAY}
        for watched, detection in self._settled():
            if watched.profile.digest in self._told:
                continue
            self._told[watched.profile.digest] = now
            with self._monitor.lock:
                state = detection.detector.state
                found = self._monitor.measured(watched, "", detection.reference, now - DAY)
            self._log.info("skew", **_values(watched, state, found))

    def _settled(self) -> Iterator[tuple[Watched, Detection]]:
        """What has warmed up."""
        states = self._served.states()
        with self._monitor.lock:
            found = [
                (watched, detection)
                for watched in self._monitor.watched.values()
                for segment, detection in watched.detections()
                if not segment and detection.kind == SKEW
            ]
        for watched, detection in found:
            model, version = watched.key
            has_slot = model in states and version in states[model].serving
            if has_slot and detection.detector.state is not State.warming:
                yield watched, detection


def _values(watched: Watched, state: State, found: Report) -> dict[str, Any]:
    model, version = watched.key
    changed = [one for one in ranked(found.streams) if one.psi_excess]
    shown = [_size(one) for one in changed[:STREAMS_SHOWN]]
    if len(changed) > STREAMS_SHOWN:
        shown.append(f"and {len(changed) - STREAMS_SHOWN} more")
    return {
        "model": model,
        "version": version,
        "state": SKEWED if state is State.drifting else state.value,
        "profile": watched.profile.number,
        "rows": found.rows,
        "changed": f"{len(changed)} of {len(found.streams)}",
        **({"streams": ", ".join(shown)} if shown else {}),
    }


def _size(measure: StreamMeasure) -> str:
    moved = "" if measure.location is None else f", mean {measure.location:+.2f} sd"
    return f"{measure.stream} (PSI {measure.psi:.3f}{moved})"
