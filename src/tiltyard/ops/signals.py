"""SIGTERM and SIGINT, and "the models are loaded", as events that the main thread waits for.

The kernel's signal reaches the main thread through a socket, so it is noticed at once, whatever
Python is doing; handlers themselves do nothing.
"""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LOADED: Final = 0  # no signal has this number


class Events:
    """A context manager for the main thread; leaving it puts the old handlers back."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        self._old_wakeup = -1
        self.stops = 0  # signals that asked to stop, so far
        self.loaded = False

    def __enter__(self) -> Self:
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno())
        for number in STOP_SIGNALS:
            signal.signal(number, _ignore)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def tell_loaded(self) -> None:
        """From any thread: let wait() return with `loaded` set."""
        self._writer.send(bytes([_LOADED]))

    def wait(self, timeout_s: float | None = None) -> None:
        """Until an event comes or the time is over; `stops` and `loaded` say what came."""
        if not select.select([self._reader], [], [], timeout_s)[0]:
            return
        for number in self._reader.recv(64):
            self.loaded = self.loaded or number == _LOADED
            self.stops += number in STOP_SIGNALS


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler must be there for the wakeup socket to be written; the socket does the rest."""
