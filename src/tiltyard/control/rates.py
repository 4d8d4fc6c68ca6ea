"""Requests a second of each arm and shadow, from counters that are looked at again and again."""

import threading
from collections import deque
from typing import Final

WINDOW_S: Final = 5.0

# What is counted: a model's epoch, and the index of an arm or, after them, of a shadow.
RateKey = tuple[str, int, int]


class Rates:
    """Thread-safe. A rate is over the last `window_s`, or since its arm or shadow began."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._lock = threading.Lock()
        self._samples: dict[RateKey, deque[tuple[float, int]]] = {}

    def update(self, now: float, counts: dict[RateKey, int]) -> None:
        """Counts of this moment; what is not among them is forgotten."""
        with self._lock:
            self._samples = {key: self._samples.get(key, deque()) for key in counts}
            for key, count in counts.items():
                samples = self._samples[key]
                if samples and count < samples[-1][1]:
                    samples.clear()  # counted anew, as when a version was loaded again
                samples.append((now, count))
                while len(samples) > 2 and samples[1][0] <= now - self._window_s:
                    samples.popleft()

    def get(self, key: RateKey) -> float | None:
        """None until it was looked at twice."""
        with self._lock:
            samples = self._samples.get(key)
            if samples is None or len(samples) < 2:
                return None
            (start, before), (end, after) = samples[0], samples[-1]
            return (after - before) / (end - start) if end > start else None
