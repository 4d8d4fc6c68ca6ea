"""The time that panes are counted in: the wall clock, but never back."""

from typing import Final

# How much slower it runs while it is ahead of the wall clock: an hour too many is gone in ten.
SLEW: Final = 0.1


class PaneClock:
    """Follows the wall clock forward at once. When that is set back, runs slower until it is right.

    A pane that was sealed is never written again, so its time must not come twice.

    >>> clock = PaneClock(1000.0, 5.0)
    >>> clock.at(1001.0, 6.0), clock.at(2000.0, 7.0)
    (1001.0, 2000.0)
    >>> clock.at(1990.0, 17.0), clock.ahead_s
    (2009.0, 19.0)
    """

    def __init__(self, unix: float, monotonic: float) -> None:
        self.ahead_s = 0.0
        self._now = unix
        self._monotonic = monotonic

    def at(self, unix: float, monotonic: float) -> float:
        """The time of panes at this moment of both clocks, in unix seconds."""
        passed = max(0.0, monotonic - self._monotonic)
        self._monotonic = max(monotonic, self._monotonic)
        self._now = max(unix, self._now + passed * (1.0 - SLEW))
        self.ahead_s = self._now - unix
        return self._now
