"""What a change has come to, and how it is kept for whoever asks for it again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tiltyard.registry.compare_rule import CompareRule
from tiltyard.registry.event import Event
from tiltyard.registry.state import Challenger, ModelState


@dataclass(frozen=True, slots=True)
class Change:
    """The model's state after a change, and the events that tell it.

    `events` is empty only when noting versions found nothing new. `repeated`: it was made by an
    earlier request with the same idempotency key, and the state is the one of then.
    """

    state: ModelState
    events: tuple[Event, ...]
    repeated: bool = False

    @property
    def event(self) -> Event:
        return self.events[-1]


def encode(change: Change) -> dict[str, Any]:
    """JSON-ready."""
    state = asdict(change.state)
    state["salt"] = change.state.salt.hex()
    state["unloaded"] = sorted(change.state.unloaded)
    state["versions"] = sorted(change.state.versions)
    return {"state": state, "events": [asdict(event) for event in change.events]}


def decode(saved: Mapping[str, Any]) -> Change:
    """The change again, as a repeated one."""
    state = dict(saved["state"])
    state["salt"] = bytes.fromhex(state["salt"])
    state["unloaded"] = frozenset(state["unloaded"])
    state["versions"] = frozenset(state["versions"])
    state["kept"] = tuple((version, until) for version, until in state["kept"])
    state["challengers"] = tuple(map(_challenger, state["challengers"]))
    events = tuple(Event(**event) for event in saved["events"])
    return Change(ModelState(**state), events, repeated=True)


def _challenger(saved: Mapping[str, Any]) -> Challenger:
    parts = {
        "ranges": tuple((start, end) for start, end in saved["ranges"]),
        "compare": tuple(CompareRule(**rule) for rule in saved["compare"]),
    }
    return Challenger(**{**saved, **parts})
