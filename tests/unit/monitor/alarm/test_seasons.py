"""A day's swing is not a drift."""

import doctest
import gc
import weakref
from collections.abc import Iterable

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import categorical, ordered, uniform
from tiltyard.monitor.alarm import seasons
from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.detector import Detector
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.seasons import ALL_SLOT, SeasonalTables
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.counting.weekly import WEEK_HOURS
from tiltyard.monitor.profile.cells import Ints

POLICY = AlarmPolicy(delta=0.1)
HOUR_S = 3600.0
MONDAY_S = 4 * 24 * HOUR_S  # 1970-01-05 00:00


def swinging(hour: int) -> np.ndarray:
    """Shares of BELOW, ten cells, ABOVE, MISSING that rise and fall with the hour of the day."""
    tilt = 0.5 * np.sin(2 * np.pi * (hour % 24) / 24) * np.linspace(-1, 1, 10)
    shares: np.ndarray = np.concatenate([[0.0], (1 + tilt) / 10, [0.0, 0.0]])
    return shares


def reference(rows: int) -> tuple[list[ReferenceStream], list[Ints]]:
    """A numeric stream that swings and one of categories that does not, `rows` an hour."""
    rng = np.random.default_rng(9)
    swing = np.array([rng.multinomial(rows, swinging(h)) for h in range(WEEK_HOURS)])
    steady = rng.multinomial(rows, [0.5, 0.3, 0.19, 0.01, 0, 0, 0, 0], WEEK_HOURS)
    streams = [ordered("a", swing.sum(axis=0)), categorical("b", steady.sum(axis=0))]
    return streams, [swing, steady]


class Week:
    """Each stream's int64[168, cells]."""

    def __init__(self, streams: list[Ints]) -> None:
        self.rows: list[int] = streams[0].sum(axis=1).tolist()
        self._streams = streams

    def of(self, hours: Iterable[int]) -> list[Ints]:
        return [stream[[*hours]].sum(axis=0) for stream in self._streams]


def tick(rng: np.random.Generator, hour: int, ended_s: float) -> TickCounts:
    cells = [
        rng.multinomial(100, swinging(hour)),
        rng.multinomial(100, [0.5, 0.3, 0.19, 0.01, 0, 0, 0, 0]),
    ]
    return TickCounts(np.concatenate(cells), 100, 100, 100, 30.0, ended_s)


def use(detector: Detector, tables: SeasonalTables, at_s: float) -> None:
    slot = tables.slot_at(at_s)
    detector.use(tables.of_slot(slot), tables.remembered(slot))


def test_its_examples_hold() -> None:
    assert doctest.testmod(seasons) == (0, 1)


def test_a_slot_is_used_when_it_has_rows_enough() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    assert 1500 < tables.rows_min < 2401
    assert tables.slot_at(MONDAY_S + 30 * HOUR_S) == 30
    sparse = [counts // 10 for counts in weekly]
    fewer = [ordered("a", sparse[0].sum(axis=0)), categorical("b", sparse[1].sum(axis=0))]
    assert (
        SeasonalTables(fewer, Week(sparse), POLICY).slot_at(MONDAY_S + 30 * HOUR_S)
        == WEEK_HOURS + 6
    )
    sparse = [counts // 100 for counts in weekly]
    fewer = [ordered("a", sparse[0].sum(axis=0)), categorical("b", sparse[1].sum(axis=0))]
    few = SeasonalTables(fewer, Week(sparse), POLICY)
    assert few.slot_at(MONDAY_S) == ALL_SLOT
    assert few.of_slot(few.slot_at(MONDAY_S)) is few.all


def test_the_tables_of_a_slot_are_of_its_counts_and_built_once() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    monday = tables.of_slot(tables.slot_at(MONDAY_S))
    assert tables.of_slot(tables.slot_at(MONDAY_S + HOUR_S - 1)) is monday
    assert monday.layout is tables.all.layout
    assert np.array_equal(monday.streams[0].counts, weekly[0][0])
    of_day = tables.of_slot(WEEK_HOURS + 5)
    assert np.array_equal(of_day.streams[1].counts, weekly[1][5::24].sum(axis=0))
    for hour in range(1, 5):
        tables.of_slot(hour)
    assert tables.of_slot(0) is not monday


def test_what_a_slot_is_remembered_by_has_the_table_of_each_bet() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    built, remembered = tables.of_slot(3), tables.remembered(3)
    assert tables.remembered(3) is remembered
    assert (remembered.slot, remembered.layout) == (3, built.layout)
    for stream in range(len(streams)):
        assert remembered.span(stream) == built.span(stream)
    bets = [b for b in range(built.layout.size) if built.layout.group[b] != BetGroup.shape]
    for bet in bets:
        assert np.array_equal(remembered.table(bet), built.table(bet))
    assert tables.remembered(ALL_SLOT) is tables.all


def test_what_a_detector_remembers_holds_no_tables() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    detector = Detector(tables.all, POLICY)
    rng = np.random.default_rng(12)
    alive = weakref.WeakSet[BetTables]()
    for hour in range(24):
        use(detector, tables, MONDAY_S + hour * HOUR_S)
        alive.add(detector.tables)
        detector.tick(tick(rng, hour, MONDAY_S + hour * HOUR_S))
    gc.collect()
    assert {one.slot for one in alive} == {20, 21, 22, 23}
    restored = Detector.from_arrays(
        tables.of_slot(23), POLICY, detector.to_arrays(), tables.remembered
    )
    assert np.array_equal(restored.to_arrays()["history_numbers"][:, -1], range(24))


def test_hours_must_add_up() -> None:
    streams, weekly = reference(4000)
    with pytest.raises(ValueError, match="hours of stream 'b' add up"):
        SeasonalTables(streams, Week([weekly[0], weekly[1] * 2]), POLICY)
    with pytest.raises(ValueError, match="shorter"):
        SeasonalTables([*streams, uniform("c")], Week(weekly), POLICY)


def test_a_daily_swing_alarms_without_slots_and_not_with_them() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    plain, seasonal = (Detector(tables.all, AlarmPolicy(warmup_ticks=100)) for _ in range(2))
    rng = np.random.default_rng(10)
    alarms = 0
    for t in range(1, 48 * 120):  # two days, a tick each half minute
        at_s = MONDAY_S + 30.0 * t
        one = tick(rng, int(at_s // HOUR_S) % 24, at_s)
        alarms += plain.tick(one).event == "opened"
        use(seasonal, tables, at_s)
        assert seasonal.tick(one).event == ""
    assert alarms > 0


def test_a_shift_is_found_over_the_end_of_a_slot_and_saved_meanwhile() -> None:
    streams, weekly = reference(4000)
    tables = SeasonalTables(streams, Week(weekly), POLICY)
    detector = Detector(tables.all, AlarmPolicy(warmup_ticks=50))
    rng = np.random.default_rng(11)
    opened_s = None
    for t in range(1, 400):
        at_s = MONDAY_S + 30.0 * t
        hour = int(at_s // HOUR_S)
        use(detector, tables, at_s)
        changed = hour + 3 if at_s >= MONDAY_S + 3540 else hour
        if detector.tick(tick(rng, changed, at_s)).event == "opened":
            opened_s = at_s
            break
        if t % 10 == 0:
            saved = detector.to_arrays()
            again = Detector.from_arrays(detector.tables, detector.policy, saved, tables.remembered)
            assert again.log_evidence == detector.log_evidence
            detector = again
    assert opened_s is not None
    assert opened_s > MONDAY_S + HOUR_S
    alarm = detector.alarm
    assert alarm is not None
    assert alarm.leading == ("a",)
    assert abs(alarm.onset.mode_s - (MONDAY_S + 3540)) < 120
