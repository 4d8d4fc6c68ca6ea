"""What is counted of one plane: what is new, its panes, and its strangest rows."""

from typing import Final

from tiltyard.monitor.counting.block_counter import BlockCounter
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.counting.panes import Panes
from tiltyard.monitor.counting.record import Words
from tiltyard.monitor.counting.selection import Selection
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import PlaneKey
from tiltyard.monitor.strangers import Strangers

NS: Final = 1e9


class Plane:
    """Not thread-safe: its monitor has a lock. The counter is shared by a profile's planes."""

    def __init__(
        self,
        key: PlaneKey,
        counter: BlockCounter,
        panes: Panes,
        strangers: Strangers,
        selection: Selection | None = None,
    ) -> None:
        self.key = key
        self.panes = panes
        self.strangers = strangers
        self.captures_values = False
        self.newest_ns = 0  # of the last record that was counted, CLOCK_MONOTONIC
        self.lag_s = 0.0  # from being made to being counted, of the oldest record of the last block
        self.rows = 0  # counted by this process
        self.changes = 0  # of the panes, by what was counted
        self._counter = counter
        self._selection = selection
        self._fresh = counter.layout.zeros()
        self._first_ns = 0

    def count(self, words: Words, at: float, monotonic: float) -> None:
        """Count a block of records uint32[n, W], or those of the segment; `at` in unix seconds,
        `monotonic` in those that records have."""
        rows = None if self._selection is None else self._selection.rows(words)
        if rows is not None and not len(rows):
            return
        scores = self._counter.count(words, self._fresh, rows)
        self.strangers.look(
            at,
            words if rows is None else words[rows],
            scores.surprise,
            scores.mahalanobis,
            captures_values=self.captures_values,
        )
        first_ns, last_ns = self._counter.times(words)
        self._first_ns = min(self._first_ns or first_ns, first_ns)
        self.newest_ns = max(self.newest_ns, last_ns)
        self.lag_s = max(0.0, monotonic - first_ns / NS)

    def settle(self, now: float) -> Ints | None:
        """Put what is new into the panes; the counts of it, int64[layout.size], or None."""
        if not self._fresh[ROWS]:
            self.panes.advance(now)
            return None
        self.changes += 1
        self.rows += int(self._fresh[ROWS])
        counts, self._fresh = self._fresh, self._counter.layout.zeros()
        self.panes.add(now, counts, self._first_ns, self.newest_ns)
        self._first_ns = 0
        return counts
