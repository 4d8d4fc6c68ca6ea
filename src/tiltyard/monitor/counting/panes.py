"""The counts of one plane over time: seconds, minutes, hours and ever; windows are sums of them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.level import HOUR, SPANS, Level
from tiltyard.monitor.counting.packed import check_packed, pack, unpack
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.snapshot import Window


@dataclass(frozen=True)
class PanesState:
    """A plane's panes as they are saved; the vectors are packed (packed.py).

    `sealed` are those of each level by their start, all of them or the new ones; `open` the level,
    start and vector of those that time is in; `kept_from` is one a level.
    """

    began: float
    totals: bytes
    open: tuple[tuple[int, int, bytes], ...]
    kept_from: tuple[int, ...]
    gaps: tuple[tuple[float, float], ...] = ()
    panes_dropped: int = 0
    sealed: Mapping[int, Mapping[int, bytes]] = field(default_factory=dict)


class Panes:
    """Of one plane. One thread at a time; times in unix seconds that never go back (PaneClock).

    What is counted is in the pane of the moment that it is counted in. A pane belongs to a window
    when it begins in it, so windows that meet never share a pane and leave none out; a Window says
    from when to when its panes really are.
    """

    def __init__(self, layout: CountLayout, began: float) -> None:
        self.layout = layout
        self.began = began
        self.panes_dropped = 0  # for want of memory
        self.levels = tuple(Level(span, layout) for span in SPANS)
        self._totals = layout.zeros()
        self._gaps: list[tuple[float, float]] = []

    @property
    def bytes_held(self) -> int:
        return self._totals.nbytes + sum(level.bytes_held for level in self.levels)

    def totals(self) -> Ints:
        """Everything since the plane began, int64[layout.size], whatever panes were dropped."""
        return self._totals.copy()

    def add(self, now: float, counts: Ints, first_ns: int, last_ns: int) -> None:
        """Add counts int64[layout.size] of records that were made from first_ns to last_ns."""
        self.advance(now)
        self._totals += counts
        for level in self.levels:
            level.add(now, counts, first_ns, last_ns)

    def advance(self, now: float) -> None:
        """Close the panes that have ended; drop those that were kept long enough."""
        for level in self.levels:
            self.panes_dropped += level.advance(now)
        while self._gaps and self._gaps[0][1] < self.levels[-1].kept_from:
            self._gaps.pop(0)

    def note_gap(self, begin: float, end: float) -> None:
        """Nobody watched from begin to end, the latest that there is so far."""
        if end > begin:
            self._gaps.append((begin, end))

    def drop_oldest(self, level: int) -> bool:
        """Give up a level's oldest group of panes, for want of memory; False: it has none."""
        dropped = self.levels[level].drop_oldest()
        self.panes_dropped += dropped
        return dropped > 0

    def window(self, begin: float, end: float) -> Window:
        """The exact sum of the panes that begin in [begin, end), the coarsest that do.

        Where seconds are gone it has the resolution of minutes, and of hours where those are.
        """
        counts = self.layout.zeros()
        stop = math.ceil(end)
        asked = max(math.ceil(begin), min(level.kept_from for level in self.levels))
        # Before the plane began there is nothing to add.
        at = max(asked, min(stop, math.floor(self.began / HOUR) * HOUR))
        first = asked if at > asked else None
        while at < stop:
            level = self._level_at(at, stop)
            step = level.span.pane_s
            if at % step:
                at += step - at % step
                continue
            first = at if first is None else first
            level.add_to(at, counts)
            at += step
        first = at if first is None else first
        return Window(float(first), float(max(first, at)), counts, self._gap_s(first, at))

    def pieces(self, begin: float, end: float, count: int) -> tuple[Window, ...]:
        """`count` windows that make up [begin, end), oldest first."""
        step = (end - begin) / count
        return tuple(
            self.window(begin + step * piece, begin + step * (piece + 1)) for piece in range(count)
        )

    def state(self, after: Mapping[int, int] | None = None) -> PanesState:
        """What is to be saved; of the sealed panes those that begin after `after`, by level."""
        after = after or {}
        opened = ((level.span.pane_s, level.packed_open()) for level in self.levels)
        return PanesState(
            self.began,
            pack(self._totals, self.layout),
            tuple((pane_s, *found) for pane_s, found in opened if found is not None),
            tuple(level.kept_from for level in self.levels),
            tuple(self._gaps),
            self.panes_dropped,
            {
                level.span.pane_s: dict(
                    reversed(list(level.after(after.get(level.span.pane_s, -1))))
                )
                for level in self.levels
            },
        )

    @classmethod
    def restored(cls, layout: CountLayout, state: PanesState, now: float) -> "Panes":
        """As they were saved. Raises CountingError when they are of another layout.

        Panes of a time that is yet to come, the clock having been set back, are dropped and
        counted; they stay in the totals.
        """
        panes = cls(layout, min(state.began, now))
        for packed in _vectors(state):
            check_packed(packed, layout)
        if len(state.kept_from) != len(SPANS):
            raise CountingError(f"panes: expected {len(SPANS)} levels, got {state.kept_from}")
        panes._totals = unpack(state.totals, layout)
        panes._gaps = list(state.gaps)
        panes.panes_dropped = state.panes_dropped
        opened = {pane_s: (start, packed) for pane_s, start, packed in state.open}
        for level, kept_from in zip(panes.levels, state.kept_from, strict=True):
            pane_s = level.span.pane_s
            level.kept_from = kept_from
            for start, packed in sorted(state.sealed.get(pane_s, {}).items()):
                level.restore(start, packed)
            if pane_s in opened:
                level.reopen(*opened[pane_s])
            panes.panes_dropped += level.drop_from(math.floor(now) + 1)
        panes.advance(now)
        return panes

    def _level_at(self, at: int, stop: int) -> Level:
        """The coarsest level with a pane from `at` that ends by `stop`, else the finest."""
        for level in reversed(self.levels):
            step = level.span.pane_s
            if at >= level.kept_from and at % step == 0 and at + step <= stop:
                return level
        for level in self.levels:
            if at >= level.kept_from:
                return level
        return min(self.levels, key=lambda level: level.kept_from)

    def _gap_s(self, begin: float, end: float) -> float:
        return sum(
            max(0.0, min(end, gap_end) - max(begin, gap_begin)) for gap_begin, gap_end in self._gaps
        )


def _vectors(state: PanesState) -> Iterator[bytes]:
    yield state.totals
    yield from (packed for _, _, packed in state.open)
    for panes in state.sealed.values():
        yield from panes.values()
