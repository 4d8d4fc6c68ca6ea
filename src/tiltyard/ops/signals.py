"""SIGTERM, SIGINT, SIGUSR1 and "there is news": events that the main thread waits for.

The kernel's signal reaches the main thread through a socket, so it is noticed at once, whatever
Python is doing; handlers themselves do nothing.
"""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
REPORT_SIGNAL: Final = signal.SIGUSR1
_SIGNALS: Final = (*STOP_SIGNALS, REPORT_SIGNAL)
_NEWS: Final = 0  # no signal has this number


class Events:
    """A context manager for the main thread; leaving it puts the old handlers back.

    Once a signal has asked to stop, leaving it ignores further ones instead: the process has
    decided how it ends, and a signal that comes while it ends must not change its exit code.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._old_wakeup = -1
        self.stops = 0  # signals that asked to stop, so far
        self.reports = 0  # signals that asked what was counted, so far

    def __enter__(self) -> Self:
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno())
        for number in _SIGNALS:
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
            # Not _ignore: the interpreter's own end gives its handlers up for the kernel's default.
            signal.signal(number, signal.SIG_IGN if self.stops else handler)
        self._reader.close()
        self._writer.close()

    def tell_news(self) -> None:
        """From any thread: let wait() return."""
        self._writer.send(bytes([_NEWS]))

    def tell_stop(self) -> None:
        """From any thread: what SIGTERM does."""
        self._writer.send(bytes([signal.SIGTERM]))

    def wait(self, timeout_s: float | None = None) -> None:
        """Until an event comes or the time is over; the attributes say what came."""
        if not select.select([self._reader], [], [], timeout_s)[0]:
            return
        for number in self._reader.recv(64):
            self.stops += number in STOP_SIGNALS
            self.reports += number == REPORT_SIGNAL


def _ignore(number: int, frame: FrameType | None) -> None:
    """A handler must be there for the wakeup socket to be written; the socket does the rest."""
