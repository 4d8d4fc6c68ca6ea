"""When to load again what has failed: soon at first, then less and less often."""

from collections.abc import Iterable
from typing import Final

from tiltyard.loading import Key

FIRST_S: Final = 5.0
LONGEST_S: Final = 300.0


class Retries:
    """For one thread. A version that is not among those that fail is forgotten."""

    def __init__(self) -> None:
        self._next: dict[Key, tuple[float, float]] = {}  # when, and how long after the last try

    def due(self, now: float, failed: Iterable[Key]) -> list[Key]:
        """Those of the failed that are to be tried now."""
        tried = []
        before, self._next = self._next, {}
        for key in failed:
            at, wait_s = before.get(key, (now + FIRST_S, FIRST_S))
            if now >= at:
                tried.append(key)
                wait_s = min(2 * wait_s, LONGEST_S)
                at = now + wait_s
            self._next[key] = (at, wait_s)
        return tried
