"""What each day is held against: the rows of all others, as a reference that never saw it."""

from dataclasses import replace

import numpy as np

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.seasons import ALL_SLOT, hour_of_week
from tiltyard.monitor.alarm.tolerance import reference_z, rows_needed
from tiltyard.monitor.backtest.timed_rows import TimedRows, day_hours
from tiltyard.monitor.counting.weekly import DAY_HOURS, WEEK_HOURS
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.stream import Group


class OtherDays:
    """Not thread-safe. Tables of one layout, that of the whole file, so that capital is carried.

    `is_seasonal`: by hour of the week, or of the day, where the other days have rows enough, with
    the same rule as SeasonalTables; the rows are those of features, of which the Mahalanobis
    distance has half. Cells and their edges stay those of the whole file, the day with it.
    """

    def __init__(self, rows: TimedRows, policy: AlarmPolicy, *, is_seasonal: bool) -> None:
        self._rows = rows
        self._policy = policy
        self._is_seasonal = is_seasonal
        self._slots = WEEK_HOURS if is_seasonal else 1
        self._streams = tuple(
            ReferenceStream.of(stream, stream.counts) for stream in rows.profile.streams
        )
        self.all = BetTables.build(self._streams, policy, slots=self._slots, slot=ALL_SLOT)
        z = reference_z(policy.beta, len(self._streams), self._slots)
        self.rows_min = rows_needed(policy.delta, z)
        self._total: Ints = rows.total
        self._weekly: Ints | None = None
        # Of the day that is left out, by hour of the week; at most 24 and the whole.
        self._chosen: dict[int, BetTables] = {}

    @property
    def has_seasons(self) -> bool:
        """Whether any hour of the day has rows enough to be a reference."""
        weekly = self._rows.weekly
        by_hour = [weekly[hour::DAY_HOURS].sum(axis=0) for hour in range(DAY_HOURS)]
        return any(self._rows_of(counts) >= self.rows_min for counts in by_hour)

    def leave_out(self, day: int) -> None:
        """Hold the next ticks against all days but this one."""
        self._chosen.clear()
        if self._is_seasonal:
            self._weekly = self._rows.weekly.copy()
            self._weekly[day_hours(day)] -= self._rows.hourly(day)
            self._total = self._weekly.sum(axis=0)
        else:
            rows = self._rows.day(day)
            self._total = self._rows.total - self._rows.counts(rows.start, rows.stop)

    def at(self, unix_s: float) -> BetTables:
        """The tables that a tick is bet with that ended at this time."""
        hour = hour_of_week(unix_s) if self._is_seasonal else ALL_SLOT
        if hour not in self._chosen:
            self._chosen[hour] = self._choose(hour)
        return self._chosen[hour]

    def _choose(self, hour: int) -> BetTables:
        if hour != ALL_SLOT:
            for slot in (hour, WEEK_HOURS + hour % DAY_HOURS):
                counts = self._of_slot(slot)
                if self._rows_of(counts) >= self.rows_min:
                    return self._tables(slot, counts)
        if ALL_SLOT not in self._chosen:
            self._chosen[ALL_SLOT] = self._tables(ALL_SLOT, self._total)
        return self._chosen[ALL_SLOT]

    def _of_slot(self, slot: int) -> Ints:
        """int64[size] of an hour of the week, or of the day."""
        assert self._weekly is not None
        if slot < WEEK_HOURS:
            return np.asarray(self._weekly[slot])
        return np.asarray(self._weekly[slot - WEEK_HOURS :: DAY_HOURS].sum(axis=0))

    def _rows_of(self, counts: Ints) -> int:
        """The rows behind counts int64[size]."""
        features = self._rows.profile.of_group(Group.feature)
        bounds = self._rows.bounds
        return min(int(counts[bounds[i] : bounds[i + 1]].sum()) for i in features)

    def _tables(self, slot: int, counts: Ints) -> BetTables:
        parts = np.split(counts, self._rows.bounds[1:-1])
        streams = [
            replace(stream, counts=part) for stream, part in zip(self._streams, parts, strict=True)
        ]
        return BetTables.build(
            streams, self._policy, slots=self._slots, slot=slot, layout=self.all.layout
        )
