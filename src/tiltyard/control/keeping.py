"""How long a version that has left its slot stays in memory: as long as it is in use.

The registry has a time for each, the end of the rollback window after it left. Requests that ask
for the version by its number move that time on, a window from each, and are told to the registry
so that a restart keeps to it. A version whose time has passed is unloaded.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tiltyard.loading import Key

if TYPE_CHECKING:
    from tiltyard.registry import ModelState

# How often requests are counted, and the least the registry is told: parts of a window.
WINDOW_PARTS: Final = 16
COUNT_S: Final = 60.0  # and at least so often


class Keeping:
    """One thread calls count(), any the others.

    That a time has passed holds only from the next count on, so that no request is overlooked.
    """

    def __init__(self, window_s: float, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives unix seconds."""
        self._window_s = window_s
        self._clock = clock
        self._counted_at = clock()
        self._counts: dict[Key, int] = {}
        self._until: dict[Key, float] = {}  # by what was counted here

    def lapsed(self, states: Mapping[str, "ModelState"]) -> frozenset[Key]:
        """The versions that have left their slots and are kept no longer."""
        counted_at = self._counted_at
        return frozenset(key for key, until in self._kept(states).items() if until <= counted_at)

    def count(
        self, states: Mapping[str, "ModelState"], read_counts: Callable[[], Mapping[Key, int]]
    ) -> dict[str, dict[int, float]] | None:
        """See who was asked for by number; None when it is not time to.

        By model, what the registry should keep longer than it says, and until when.
        """
        now, kept = self._clock(), self._kept(states)
        if not self._is_due(now, kept):
            return None
        counts = dict(read_counts()) if kept else {}
        used = [key for key in kept if counts.get(key, 0) not in (0, self._counts.get(key, 0))]
        after = {key: until for key, until in self._until.items() if key in kept}
        self._until = after | dict.fromkeys(used, now + self._window_s)
        self._counts = counts
        self._counted_at = now
        longer: dict[str, dict[int, float]] = {}
        for (model, version), until in self._until.items():
            told = states[model].kept_until(version)
            if told is not None and until - told > self._window_s / WINDOW_PARTS:
                longer.setdefault(model, {})[version] = until
        return longer

    def _kept(self, states: Mapping[str, "ModelState"]) -> dict[Key, float]:
        return {
            (name, version): max(until, self._until.get((name, version), until))
            for name, state in states.items()
            for version, until in state.kept
        }

    def _is_due(self, now: float, kept: Mapping[Key, float]) -> bool:
        passed_s = now - self._counted_at
        if not 0 <= passed_s < min(self._window_s / WINDOW_PARTS, COUNT_S):
            return True
        return any(self._counted_at < until <= now for until in kept.values())
