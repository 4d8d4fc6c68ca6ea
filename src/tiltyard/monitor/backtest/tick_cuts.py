"""Where a file's rows would have been cut into ticks, by the clock of their own times."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.profile.cells import Floats, Ints


@dataclass(frozen=True, eq=False)
class TickCuts:
    """Of n ticks: rows [begin, end) int64[n], the day of each int64[n], and float64[n] seconds.

    `elapsed_s` passed since the tick before, and it ended at `ended_s`, the time of its last row.
    No tick reaches over midnight (UTC), because each day has a reference of its own; `rows_left`
    are those at the ends of days that make none.
    """

    begin: Ints
    end: Ints
    day: Ints
    elapsed_s: Floats
    ended_s: Floats
    rows_left: int

    def __len__(self) -> int:
        return len(self.begin)

    def of_day(self, day: int) -> range:
        """The numbers of a day's ticks."""
        first, last = np.searchsorted(self.day, [day, day + 1])
        return range(int(first), int(last))


def cut_ticks(times: Floats, days: npt.NDArray[np.int64], policy: AlarmPolicy) -> TickCuts:
    """A tick closes with the first row that makes it last tick_s and have tick_rows_min rows.

    `times` float64[n] ascending unix seconds, `days` int64[n]. The first one began with the first
    row.
    """
    ticks = []
    since, left = float(times[0]), 0
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    for first, last in zip(starts, [*starts[1:], len(times)], strict=True):
        begin = int(first)
        while True:
            enough = int(np.searchsorted(times, since + policy.tick_s))
            # Rounding: since + tick_s - since can be a little less than tick_s.
            while enough < last and not times[enough] - since >= policy.tick_s:
                enough += 1
            end = max(enough, begin + policy.tick_rows_min - 1) + 1
            if end > last:
                break
            ended = float(times[end - 1])
            ticks.append((begin, end, int(days[begin]), ended - since, ended))
            since, begin = ended, end
        left += int(last) - begin
    begins, ends, tick_days, elapsed, ended_s = (
        zip(*ticks, strict=True) if ticks else ((), (), (), (), ())
    )
    return TickCuts(
        np.array(begins, np.int64),
        np.array(ends, np.int64),
        np.array(tick_days, np.int64),
        np.array(elapsed, np.float64),
        np.array(ended_s, np.float64),
        left,
    )
