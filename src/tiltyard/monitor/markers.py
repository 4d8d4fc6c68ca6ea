"""What happened to each model, for the time axis of its drift: a fold over registry events."""

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tiltyard.monitor.snapshot import Marker

if TYPE_CHECKING:
    from tiltyard.registry import Event

MARKERS_KEPT: Final = 200  # of a model, the newest
# What can change what a model's traffic looks like, or what it is held against.
KINDS: Final = frozenset(
    {
        "champion_set",
        "challenge_started",
        "challenge_updated",
        "challenge_stopped",
        "promoted",
        "rolled_back",
        "profile_added",
        "baseline_accepted",
        "drift_policy_set",
    }
)


class Markers:
    """Feed it every event, in order. Of one thread; what it gives may be read by any."""

    def __init__(self) -> None:
        self.seq = 0
        self._by_model: dict[str, deque[Marker]] = {}

    def update(self, events: Iterable["Event"]) -> None:
        for event in events:
            self.seq = event.seq
            if event.kind in KINDS:
                kept = self._by_model.setdefault(event.model, deque(maxlen=MARKERS_KEPT))
                kept.append(Marker(event.ts, event.text))

    def between(self, model: str, begin: float, end: float) -> tuple[Marker, ...]:
        """Those of [begin, end], unix seconds, in their order."""
        found = self._by_model.get(model)
        return tuple(one for one in list(found or ()) if begin <= one.time <= end)
