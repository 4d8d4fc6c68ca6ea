"""What to do next about a plane, and why: the rules are of the thumb."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tiltyard.cli.render.formats import listed
from tiltyard.monitor.snapshot import Alarm, Snapshot
from tiltyard.monitor.statistics.against import Against, references
from tiltyard.report.state import State


@dataclass(frozen=True, slots=True)
class Advice:
    """A command for a shell ("" where there is nothing to run), and a sentence."""

    command: str
    why: str


def advice(
    snapshot: Snapshot, drift: State | None, skew: State | None, exceeding: Sequence[str]
) -> tuple[Advice, ...]:
    """The most urgent first. `exceeding` are the features whose PSI is above its noise band."""
    name = shlex.quote(snapshot.key.model)
    which = f"{name} --version {snapshot.key.version}"
    if snapshot.slot == "":
        why = f"Version {snapshot.key.version} serves no more: nothing is to be done about it."
        return (Advice(f"tiltyard status {name}", why),)
    alarms = [a for a in snapshot.alarms if a.state == "open" and a.kind == "drift"]
    if alarms:
        return tuple(_of_alarm(alarms[0], which))
    if not int(snapshot.current.counts[0]):
        return (Advice(f"tiltyard status {name}", "No row was counted in this window."),)
    if Against.baseline not in references(snapshot):
        why = "Without an accepted baseline there is a skew, but no drift that could page."
        if snapshot.key.segment:
            why = "No accepted baseline has rows of this segment, so nothing of it could page."
        return (Advice(f"tiltyard drift accept {which} --window 24h", why),)
    if drift is not None and drift.state == "warming":
        return (Advice(f"tiltyard drift show {which} --watch", drift.detail),)
    if drift is not None and drift.state == "suspicious":
        told = _names(exceeding) or "No feature is above its noise band yet"
        return (Advice(f"tiltyard drift show {which} --watch", f"{told}. No alarm yet."),)
    if skew is not None and skew.state == "drifting":
        why = (
            "Traffic agrees with its baseline, but not with the training data: see the skew below"
            " before this model is trained again."
        )
        return (Advice("", why),)
    return (Advice("", "Nothing: the traffic agrees with its baseline."),)


def _of_alarm(alarm: Alarm, which: str) -> list[Advice]:
    leading = [stream.stream for stream in alarm.streams if stream.is_leading]
    steps = []
    if leading:
        feature = shlex.quote(leading[0])
        why = f"Look at what changed in {leading[0] or 'the feature without a name'}."
        steps.append(Advice(f"tiltyard drift show {which} --feature={feature}", why))
    if not alarm.acknowledged_by:
        why = "Say that somebody is on it; it stays open."
        steps.append(Advice(f"tiltyard drift ack {shlex.quote(alarm.id)}", why))
    why = "If this is how traffic is from now on: it becomes the baseline, and the alarm closes."
    steps.append(Advice(f"tiltyard drift accept {which} --window 24h", why))
    return steps


def _names(exceeding: Sequence[str]) -> str:
    if not exceeding:
        return ""
    shown = list(exceeding[:3])
    if len(exceeding) > len(shown):
        shown.append(f"{len(exceeding) - len(shown)} more")
    return f"Above the noise band: {listed(shown)}"
