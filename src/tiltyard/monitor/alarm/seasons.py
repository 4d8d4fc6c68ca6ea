"""The tables of each hour of the week, so that a day's swing is not taken for a drift."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from tiltyard.monitor.alarm.bet_layout import BetLayout
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.history import BlockTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.tolerance import reference_z, rows_needed
from tiltyard.monitor.counting.weekly import DAY_HOURS, WEEK_HOURS
from tiltyard.monitor.profile.cells import Floats, Ints

# Slots: the hours of the week, the hours of the day, and the whole reference.
ALL_SLOT: Final = WEEK_HOURS + DAY_HOURS
_HOUR_S: Final = 3600.0
_EPOCH_HOUR: Final = 72  # 1970 began on a Thursday
# The slot of now, and those just before.
_TABLES_KEPT: Final = 4


def hour_of_week(unix_s: float) -> int:
    """UTC, Monday's first is 0.

    >>> hour_of_week(1_700_000_000)  # Tuesday, 2023-11-14 22:13:20
    46
    """
    return (int(unix_s // _HOUR_S) + _EPOCH_HOUR) % WEEK_HOURS


class Weekly(Protocol):
    """A reference by hour of the week."""

    @property
    def rows(self) -> Sequence[int]:
        """Of each hour; every stream has them all."""

    def of(self, hours: Iterable[int]) -> Sequence[Ints]:
        """Each stream's cells in these hours together, int64[cells]."""


class SlotMemory:
    """What a detector remembers a slot by: the table of one bet, built when it is asked for.

    Remembered ticks were bet with the tables of up to 96 slots, 0.3 MB each for 30 streams, of
    which no more than a bet's is looked at, when there is an alarm.
    """

    def __init__(self, seasons: "SeasonalTables", slot: int) -> None:
        self.slot = slot
        self.layout = seasons.all.layout
        self.span = seasons.all.span
        self._seasons = seasons

    def table(self, bet: int) -> Floats:
        """As BetTables.table()."""
        index = int(self.layout.stream[bet])
        tables = self._seasons.of_stream(self.slot, index)
        return tables.table(bet - int(self.layout.starts[index]))


class SeasonalTables:
    """Not thread-safe: tables are built when their slot begins, in some 15 ms for 30 streams.

    An hour of the week is held against the same hour of the reference when that has rows enough for
    the tolerance to be delta itself, else against that hour of all days, else against everything.
    All tables have one layout, so that capital is carried from slot to slot.
    """

    def __init__(
        self, streams: Sequence[ReferenceStream], weekly: Weekly, policy: AlarmPolicy
    ) -> None:
        """Raises ValueError where the sums of `weekly` are not the streams' own counts."""
        for stream, counts in zip(streams, weekly.of(range(WEEK_HOURS)), strict=True):
            if not np.array_equal(counts, stream.counts):
                raise ValueError(
                    f"the hours of stream '{stream.name}' add up to {int(counts.sum())} rows; the "
                    f"{stream.rows} rows of the whole, cell by cell, are expected"
                )
        self._weekly = weekly
        self._policy = policy
        self._rows_min = rows_needed(
            policy.delta, reference_z(policy.beta, len(streams), WEEK_HOURS)
        )
        self.all = BetTables.build(streams, policy, slots=WEEK_HOURS, slot=ALL_SLOT)
        self._built: OrderedDict[int, BetTables] = OrderedDict()
        self._memories: dict[int, SlotMemory] = {}

    @property
    def rows_min(self) -> int:
        """How many rows a slot's reference needs to be used."""
        return self._rows_min

    def slot_at(self, unix_s: float) -> int:
        """Which slot a tick at this time is held against."""
        hour = hour_of_week(unix_s)
        for slot in (hour, WEEK_HOURS + hour % DAY_HOURS):
            if sum(self._weekly.rows[one] for one in _hours(slot)) >= self._rows_min:
                return slot
        return ALL_SLOT

    def of_slot(self, slot: int) -> BetTables:
        """The tables of a slot; the same object while it is among the last few used."""
        if slot == ALL_SLOT:
            return self.all
        if slot not in self._built:
            streams = [
                replace(stream, counts=counts)
                for stream, counts in zip(
                    self.all.streams, self._weekly.of(_hours(slot)), strict=True
                )
            ]
            self._built[slot] = BetTables.build(
                streams, self._policy, slots=WEEK_HOURS, slot=slot, layout=self.all.layout
            )
            if len(self._built) > _TABLES_KEPT:
                self._built.popitem(last=False)
        self._built.move_to_end(slot)
        return self._built[slot]

    def of_stream(self, slot: int, index: int) -> BetTables:
        """The tables of one stream in a slot, alone."""
        stream = self.all.streams[index]
        counts = self._weekly.of(_hours(slot))[index]
        tolerance = self.all.tolerance[index : index + 1]
        half_lives = len(self._policy.half_lives)
        return BetTables.build(
            [replace(stream, counts=counts)],
            self._policy,
            bound_streams=len(self.all.streams),
            slots=WEEK_HOURS,
            slot=slot,
            layout=BetLayout.build([stream], tolerance, self._policy.delta, half_lives),
        )

    def remembered(self, slot: int) -> BlockTables:
        """What a detector remembers the slot by, always the same object."""
        if slot == ALL_SLOT:
            return self.all
        return self._memories.setdefault(slot, SlotMemory(self, slot))


def _hours(slot: int) -> Sequence[int]:
    """The hours of the week in a slot that is not the whole."""
    return [slot] if slot < WEEK_HOURS else range(slot - WEEK_HOURS, WEEK_HOURS, DAY_HOURS)
