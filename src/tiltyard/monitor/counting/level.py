"""The panes of one length of a plane: seconds, minutes or hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.packed import add_packed, pack, times_ns, unpack
from tiltyard.monitor.profile.cells import Ints


class Span(NamedTuple):
    """How long a level's panes are, how long they are kept, and by what they are given up.

    They go in groups that a pane of the next level covers, so that every moment has one finest
    level.
    """

    pane_s: int
    kept_s: int
    group_s: int


MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400

SPANS: Final = (
    Span(1, 15 * MINUTE, MINUTE),
    Span(MINUTE, 26 * HOUR, HOUR),
    Span(HOUR, 35 * DAY, HOUR),
)

# What Python needs for a pane beside its bytes: the object, its key, its place in the table.
PANE_OVERHEAD_BYTES: Final = 160


@dataclass
class OpenPane:
    """The pane that time is in: what is counted is added to its vector."""

    start: int
    counts: Ints
    first_ns: int
    last_ns: int


class Level:
    """Panes of one length, oldest first. Time never goes back here; see PaneClock."""

    def __init__(self, span: Span, layout: CountLayout) -> None:
        self.span = span
        # What began before was given up, or never was.
        self.kept_from = 0
        self.sealed_bytes = 0
        self.open: OpenPane | None = None
        self.sealed: dict[int, bytes] = {}
        self._layout = layout

    @property
    def bytes_held(self) -> int:
        return self.sealed_bytes + (self.open.counts.nbytes if self.open is not None else 0)

    def add(self, now: float, counts: Ints, first_ns: int, last_ns: int) -> None:
        """Count in the pane of `now`, which is not before that of the last call."""
        if self.open is None:
            start = self._floor(now)
            self.open = OpenPane(start, self._layout.zeros(), first_ns, last_ns)
        self.open.counts += counts
        self.open.first_ns = min(self.open.first_ns, first_ns)
        self.open.last_ns = max(self.open.last_ns, last_ns)

    def advance(self, now: float) -> int:
        """Seal the open pane when it has ended, drop what was kept long enough.

        Returns how many panes were not kept although they are young, for want of memory.
        """
        lost = 0
        if self.open is not None and now >= self.open.start + self.span.pane_s:
            ended, self.open = self.open, None
            lost = int(not self._seal(ended))
        self._drop_before(self._group(now - self.span.kept_s))
        return lost

    def drop_oldest(self) -> int:
        """Give up the oldest group; how many panes that were. 0: there is none."""
        if not self.sealed:
            return 0
        return self._drop_before(self._group(next(iter(self.sealed))) + self.span.group_s)

    def add_to(self, start: int, counts: Ints) -> None:
        """Add the pane that begins at `start`, if there is one, to counts int64[layout.size]."""
        if start in self.sealed:
            add_packed(self.sealed[start], self._layout, counts)
        if self.open is not None and self.open.start == start:
            counts += self.open.counts

    def restore(self, start: int, packed: bytes) -> None:
        """A sealed pane from before; oldest first."""
        if start >= self.kept_from:
            self._store(start, packed)

    def reopen(self, start: int, packed: bytes) -> None:
        """The pane that was open; advance() seals it when it has ended."""
        self.open = OpenPane(start, unpack(packed, self._layout), *times_ns(packed))

    def drop_from(self, end: int) -> int:
        """Drop what begins at `end` or later: panes of a clock that was set back since."""
        late = [start for start in self.sealed if start >= end]
        for start in late:
            self._drop(start)
        if self.open is not None and self.open.start >= end:
            self.open = None
            late.append(end)
        if self.kept_from > end:
            # What its group had is gone, unless a group is one pane.
            rest = self.span.group_s - self.span.pane_s
            self.kept_from = self._group(end + rest)
        return len(late)

    def after(self, start: int) -> Iterator[tuple[int, bytes]]:
        """The sealed panes that begin after `start`, newest first."""
        for found in reversed(self.sealed):
            if found <= start:
                return
            yield found, self.sealed[found]

    def packed_open(self) -> tuple[int, bytes] | None:
        if self.open is None:
            return None
        pane = self.open
        return pane.start, pack(pane.counts, self._layout, pane.first_ns, pane.last_ns)

    def _seal(self, pane: OpenPane) -> bool:
        if pane.start < self.kept_from:
            return False  # its group was given up while it was open
        if pane.start in self.sealed:  # the clock was set back while nobody ran
            add_packed(self.sealed[pane.start], self._layout, pane.counts)
            self._drop(pane.start)
        self._store(pane.start, pack(pane.counts, self._layout, pane.first_ns, pane.last_ns))
        return True

    def _store(self, start: int, packed: bytes) -> None:
        self.sealed[start] = packed
        self.sealed_bytes += len(packed) + PANE_OVERHEAD_BYTES

    def _drop_before(self, end: int) -> int:
        if end <= self.kept_from:
            return 0
        dropped = 0
        while self.sealed and (start := next(iter(self.sealed))) < end:
            self._drop(start)
            dropped += 1
        self.kept_from = end
        return dropped

    def _drop(self, start: int) -> None:
        self.sealed_bytes -= len(self.sealed.pop(start)) + PANE_OVERHEAD_BYTES

    def _floor(self, at: float) -> int:
        return int(at // self.span.pane_s) * self.span.pane_s

    def _group(self, at: float) -> int:
        return int(at // self.span.group_s) * self.span.group_s
