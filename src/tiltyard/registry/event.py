"""An event: what was changed, by whom, and when. Events are numbered, and never change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiltyard.registry.compare_rule import describe_rules
from tiltyard.registry.shares import as_percent, bucket_percent, sample_percent

EVENT_KINDS = (
    "model_added",
    "version_added",
    "champion_set",
    "challenge_started",
    "challenge_updated",
    "challenge_stopped",
    "promoted",
    "rolled_back",
    "version_loaded",
    "version_unloaded",
    "profile_added",
    "baseline_accepted",
    "drift_policy_set",
    "alarm_acknowledged",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one model. `epoch` is the model's after it, `version` the one it is about.

    `seq`, `ts` (unix seconds) and `actor` are the registry's to fill in; `data` is JSON-ready.
    """

    kind: str
    model: str
    epoch: int
    version: int | None
    data: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
    ts: float = 0.0
    actor: str = ""

    @property
    def text(self) -> str:
        """What happened, as a part of a sentence that names the model and the version."""
        return _TEXTS[self.kind](self)


def enumerate_versions(versions: Sequence[int]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    *front, last = [str(version) for version in versions]
    return f"{', '.join(front)} and {last}" if front else last


def _versions(versions: Sequence[int]) -> str:
    return f"version{'s' if len(versions) > 1 else ''} {enumerate_versions(versions)}"


def describe_challenge(settings: Mapping[str, Any]) -> str:
    """The settings of a challenge as events keep them, in words."""
    rules = settings["compare"]
    comparing = f", comparing {describe_rules(rules)}" if rules else ""
    sample = as_percent(sample_percent(settings["sample_ppm"]))
    if settings["mode"] == "shadow":
        return f"a shadow of {sample} of the requests{comparing}"
    canary = f"a canary with {as_percent(bucket_percent(settings['buckets']))}"
    if settings["reverse_shadow"]:
        return f"{canary} and a reverse shadow of {sample}{comparing}"
    return canary


def _was(event: Event) -> str:
    before = event.data["from"]
    return f" (was {before})" if before is not None else ""


def _about(words: str) -> Callable[[Event], str]:
    return lambda event: f"version {event.version} of {event.model} {words}"


def _model_added(event: Event) -> str:
    return f"{event.model} added with {_versions(event.data['versions'])}, champion {event.version}"


def _champion_set(event: Event) -> str:
    return f"champion of {event.model} set to {event.version}{_was(event)}"


def _challenge_started(event: Event) -> str:
    return _about(f"started as {describe_challenge(event.data['to'])}")(event)


def _challenge_updated(event: Event) -> str:
    before, after = (describe_challenge(event.data[side]) for side in ("from", "to"))
    return _about(f"changed from {before} to {after}")(event)


def _challenge_stopped(event: Event) -> str:
    return _about(f"stopped being {describe_challenge(event.data['from'])}")(event)


def _promoted(event: Event) -> str:
    return _about(f"promoted from {event.data['mode']} to champion{_was(event)}")(event)


def _rolled_back(event: Event) -> str:
    did = []
    if event.data["stopped"]:
        did.append(f"{_versions(event.data['stopped'])} stopped")
    if event.data["restored"] is not None:
        did.append(f"champion {event.data['restored']} restored{_was(event)}")
    return f"{event.model} rolled back: {', '.join(did)}"


def _drift_policy_set(event: Event) -> str:
    changed = ", ".join(f"{name} {value}" for name, value in event.data["changes"].items())
    return f"drift policy of {event.model} set: {changed}"


def _alarm_acknowledged(event: Event) -> str:
    note = event.data["note"]
    said = f": {note}" if note else ""
    return _about(f"had alarm {event.data['alarm']} acknowledged{said}")(event)


def _baseline_accepted(event: Event) -> str:
    return _about(f"got baseline {event.data['number']} of {event.data['rows']} rows")(event)


_TEXTS: dict[str, Callable[[Event], str]] = {
    "model_added": _model_added,
    "version_added": _about("added"),
    "champion_set": _champion_set,
    "challenge_started": _challenge_started,
    "challenge_updated": _challenge_updated,
    "challenge_stopped": _challenge_stopped,
    "promoted": _promoted,
    "rolled_back": _rolled_back,
    "version_loaded": _about("to be loaded again"),
    "version_unloaded": _about("to be unloaded"),
    "profile_added": lambda event: _about(f"got profile {event.data['number']}")(event),
    "baseline_accepted": _baseline_accepted,
    "drift_policy_set": _drift_policy_set,
    "alarm_acknowledged": _alarm_acknowledged,
}
