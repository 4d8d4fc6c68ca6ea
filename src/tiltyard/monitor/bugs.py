"""Errors that nobody expected, in threads that must go on: each is told once."""

import threading
from collections.abc import Callable
from typing import Final

OnBug = Callable[[str, BaseException], None]

KEPT_MAX: Final = 200


class Bugs:
    """Safe from any thread. What comes again, ten times a second perhaps, is told once."""

    def __init__(self, tell: OnBug) -> None:
        self.taken = 0
        self._tell = tell
        self._lock = threading.Lock()
        self._told: set[tuple[str, str, str]] = set()

    def take(self, where: str, error: BaseException) -> None:
        """Tell of it, unless the same was told before."""
        key = (where, type(error).__name__, str(error))
        with self._lock:
            self.taken += 1
            if key in self._told:
                return
            if len(self._told) >= KEPT_MAX:  # rather told twice than kept without a bound
                self._told.clear()
            self._told.add(key)
        self._tell(where, error)
