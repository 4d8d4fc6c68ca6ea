"""The tables of each hour of the week, so that a day's swing is not taken for a drift."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import numpy as np

from tiltyard.monitor.alarm.bet_layout import BetLayout
from tiltyard.monitor.alarm.bet_tables import BetTables
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
# What the tables of all slots have in common, and what each has of its own.
_SHARED: Final = ("layout", "delta", "starts", "owner")
_BUILT: Final = {field.name for field in fields(BetTables)}.difference((*_SHARED, "slot"))


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


@dataclass(frozen=True)
class _Source:
    """What the tables of slots are built from; `all` are those of the whole reference."""

    all: BetTables
    weekly: Weekly
    policy: AlarmPolicy

    def build(self, slot: int) -> BetTables:
        """The tables of a slot, in some 15 ms for 30 streams."""
        counts = self.weekly.of(_hours(slot))
        streams = [
            replace(stream, counts=own)
            for stream, own in zip(self.all.streams, counts, strict=True)
        ]
        return BetTables.build(
            streams, self.policy, slots=WEEK_HOURS, slot=slot, layout=self.all.layout
        )

    def table(self, slot: int, bet: int) -> Floats:
        """BetTables.table() of a slot, without building the other streams."""
        everything = self.all.layout
        index = int(everything.stream[bet])
        stream, counts = self.all.streams[index], self.weekly.of(_hours(slot))[index]
        tolerance = self.all.tolerance[index : index + 1]
        half_lives = len(self.policy.half_lives)
        tables = BetTables.build(
            [replace(stream, counts=counts)],
            self.policy,
            bound_streams=len(self.all.streams),
            slots=WEEK_HOURS,
            slot=slot,
            layout=BetLayout.build([stream], tolerance, self.policy.delta, half_lives),
        )
        return tables.table(bet - int(everything.starts[index]))


class SlotTables(BetTables):
    """The tables of a slot: built when they are asked for, and again when they were forgotten.

    What a detector remembers was bet with the tables of up to 96 slots, 0.3 MB each for 30 streams,
    of which only the one of now is used before there is an alarm.
    """

    source: _Source

    def __init__(self, source: _Source, slot: int) -> None:
        # Past the frozen dataclass: what was not built is not there, and so gets to __getattr__.
        vars(self).update({name: getattr(source.all, name) for name in _SHARED})
        vars(self).update(source=source, slot=slot)

    def __getattr__(self, name: str) -> Any:
        if name not in _BUILT:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        vars(self).update(vars(self.source.build(self.slot)))
        return vars(self)[name]

    @property
    def is_built(self) -> bool:
        return vars(self).keys() >= _BUILT

    def forget(self) -> None:
        """All that can be built again."""
        for name in vars(self).keys() - {*_SHARED, "source", "slot"}:
            del vars(self)[name]

    def table(self, bet: int) -> Floats:
        return super().table(bet) if self.is_built else self.source.table(self.slot, bet)


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
        self._rows_min = rows_needed(
            policy.delta, reference_z(policy.beta, len(streams), WEEK_HOURS)
        )
        self.all = BetTables.build(streams, policy, slots=WEEK_HOURS, slot=ALL_SLOT)
        self._source = _Source(self.all, weekly, policy)
        self._last_used: OrderedDict[int, SlotTables] = OrderedDict()
        self._held: WeakValueDictionary[int, SlotTables] = WeakValueDictionary()

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

    def at(self, unix_s: float) -> BetTables:
        """The tables that a tick at this time is bet with."""
        return self.of_slot(self.slot_at(unix_s))

    def of_slot(self, slot: int) -> BetTables:
        """The tables of a slot: the same object while anybody holds it.

        Only the last few used stay built.
        """
        if slot == ALL_SLOT:
            return self.all
        tables = self._held.get(slot) or SlotTables(self._source, slot)
        self._held[slot] = self._last_used[slot] = tables
        self._last_used.move_to_end(slot)
        if len(self._last_used) > _TABLES_KEPT:
            self._last_used.popitem(last=False)[1].forget()
        return tables


def _hours(slot: int) -> Sequence[int]:
    """The hours of the week in a slot that is not the whole."""
    return [slot] if slot < WEEK_HOURS else range(slot - WEEK_HOURS, WEEK_HOURS, DAY_HOURS)
