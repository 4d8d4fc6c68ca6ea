"""How much memory the panes of all planes may take, and which are given up first."""

from collections.abc import Collection

from tiltyard.monitor.counting.level import SPANS
from tiltyard.monitor.counting.panes import Panes


class PaneBudget:
    """Of a whole gateway, whatever the planes.

    What is given up, in this order: the oldest seconds (a minute of them at a time) of the plane
    whose seconds take most, then of the next; without any seconds left the oldest minutes in the
    same way, an hour at a time; then the oldest hours. Only the resolution and the length of the
    past suffer: totals, the open panes and the state of alarms are never touched. Each pane that is
    given up is counted in Panes.panes_dropped.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_held = 0

    def enforce(self, planes: Collection[Panes]) -> str:
        """Give up panes until the planes are within the budget.

        Returns a sentence when that is not possible, because what is never given up takes more.
        """
        self.bytes_held = sum(panes.bytes_held for panes in planes)
        for level in range(len(SPANS)):
            while self.bytes_held > self.bytes_max:
                largest = max(planes, key=lambda panes: panes.levels[level].sealed_bytes)
                before = largest.bytes_held
                if not largest.drop_oldest(level):
                    break
                self.bytes_held -= before - largest.bytes_held
        if self.bytes_held <= self.bytes_max:
            return ""
        return (
            f"the counts of {len(planes)} planes take {self.bytes_held:,} bytes without any past,"
            f" and monitor_bytes_max is {self.bytes_max:,}: give it more, or watch fewer models"
        )
