"""Tells those who watch that there is more to read."""

import threading
from collections.abc import Callable
from typing import Final

LOOK_S: Final = 0.25


class NewEvents:
    """The newest event's number, and those who wait for more. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._seq = 0

    @property
    def seq(self) -> int:
        return self._seq

    def tell(self, seq: int) -> None:
        """There are events up to `seq`."""
        with self._changed:
            if seq > self._seq:
                self._seq = seq
                self._changed.notify_all()

    def wait(self, after: int, stop: Callable[[], bool]) -> bool:
        """Until there is more than `after`: True; or until stop(), looked at often: False."""
        with self._changed:
            while self._seq <= after:
                if stop():
                    return False
                self._changed.wait(LOOK_S)
            return True
