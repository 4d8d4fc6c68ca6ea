"""The commands that most likely come next for a plane, and why: hints, not verdicts."""

import shlex

from tiltyard.cli.drift import COMMANDS
from tiltyard.cli.render.drift_slots import is_of_now
from tiltyard.cli.render.drift_states import worst_of
from tiltyard.cli.render.drift_view import DriftView, exceeds
from tiltyard.cli.render.formats import one_line
from tiltyard.cli.render.next_step import NextStep
from tiltyard.monitor.snapshot import Alarm, PlaneKey, Snapshot
from tiltyard.monitor.statistics.ranking import ranked

ACCEPT_WINDOW = "24h"


def drift_steps(view: DriftView) -> list[NextStep]:
    """The most urgent first. Nobody is to accept what a version did that does not serve."""
    snapshot = view.snapshot
    name, plane = shown(snapshot), snapshot.key
    alarms = [alarm for alarm in view.open_alarms if alarm.kind == "drift"]
    steps = _of_alarm(alarms[0], name) if alarms else []
    if snapshot.slot == "":
        who = f"version {plane.version} does not serve; who does"
        return [*steps, NextStep(f"tiltyard status {plane.model}", who)]
    if alarms:
        return [*steps, NextStep(accept(plane), "if this is how traffic is from now on")]
    drift = worst_of("drift", snapshot.detectors)
    if snapshot.baseline is None and not view.report.rows:
        return [NextStep(f"tiltyard status {plane.model}", "no row has been counted")]
    if snapshot.baseline is None:
        told = "without an accepted baseline there is skew, but no drift that could page"
        return [NextStep(accept(plane), told)]
    if drift is not None and drift.state == "warming":
        return [NextStep(f"{name} --watch", "until it has seen enough to page")]
    most = next((found for found in ranked(view.report.streams) if exceeds(found)), None)
    if most is not None:
        told = f"{one_line(most.stream)} differs most; nothing is an alarm"
        return [NextStep(f"{name} {_feature(most.stream)}", told)]
    return [NextStep(f"{name} --watch", "nothing differs", is_idle=True)]


def shown(snapshot: Snapshot) -> str:
    """The command that shows this plane: `tiltyard drift fraud`, and what it needs beside."""
    key = snapshot.key
    show = "show " if key.model in COMMANDS else ""
    told = f"tiltyard drift {show}{shlex.quote(key.model)}"
    if key.role != "champion":
        told += f" --role {shlex.quote(key.role)}"
    if key.role not in ("champion", "shadowed") or not is_of_now(snapshot):
        told += f" --version {key.version}"
    if key.segment:
        told += f" --segment {shlex.quote(key.segment)}"
    return told


def accept(key: PlaneKey) -> str:
    version = f" --version {key.version}"
    return f"tiltyard drift accept {shlex.quote(key.model)}{version} --window {ACCEPT_WINDOW}"


def _of_alarm(alarm: Alarm, shown_with: str) -> list[NextStep]:
    steps = []
    leading = next((stream for stream in alarm.streams if stream.is_leading), None)
    if leading is not None:
        told = f"what has changed of {one_line(leading.stream)}"
        steps.append(NextStep(f"{shown_with} {_feature(leading.stream)}", told))
    if not alarm.acknowledged_by:
        command = f"tiltyard drift ack {shlex.quote(alarm.id)}"
        steps.append(NextStep(command, "say that somebody is at it; it stays open"))
    return steps


def _feature(stream: str) -> str:
    return f"--feature={shlex.quote(stream)}"
