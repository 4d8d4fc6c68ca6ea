"""Since when a version is in its slot: a fold over the registry's events."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiltyard.registry import Event


@dataclass(slots=True)
class SlotTimes:
    """Unix seconds: when the champion, and each challenger, came to be what it is."""

    champion: float = 0.0
    challengers: dict[int, float] = field(default_factory=dict)


class Since:
    """Feed it every event, in order; several threads may, and each is taken once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq = 0
        self._times: dict[str, SlotTimes] = {}

    def update(self, events: Iterable["Event"]) -> None:
        with self._lock:
            for event in events:
                if event.seq > self._seq:
                    self._seq = event.seq
                    self._take(event)

    def champion(self, model: str) -> float:
        """0 when no event has told."""
        return self._times.get(model, SlotTimes()).champion

    def challenger(self, model: str, version: int) -> float:
        return self._times.get(model, SlotTimes()).challengers.get(version, 0.0)

    def _take(self, event: "Event") -> None:
        times = self._times.setdefault(event.model, SlotTimes())
        restored = event.kind == "rolled_back" and event.data.get("restored") is not None
        if restored or event.kind in ("model_added", "champion_set", "promoted"):
            times.champion = event.ts
        elif event.kind == "challenge_started" and event.version is not None:
            times.challengers[event.version] = event.ts
