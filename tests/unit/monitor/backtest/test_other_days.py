"""What each day is held against."""

import numpy as np

from tests.unit.monitor.backtest.months import BEGAN, Month
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.seasons import ALL_SLOT
from tiltyard.monitor.backtest.other_days import OtherDays
from tiltyard.monitor.backtest.timed_rows import TimedRows
from tiltyard.monitor.counting.weekly import WEEK_HOURS
from tiltyard.monitor.policy import DAY_S

HOUR_S = 3600.0
FIRST = int(BEGAN // DAY_S)
MONTH = Month(rows=20_000, days=16, features=2)


def counts_of(tables: BetTables) -> list[int]:
    return [count for stream in tables.streams for count in stream.counts.tolist()]


def outside(rows: TimedRows, day: int) -> list[int]:
    one = rows.day(day)
    found: list[int] = (rows.total - rows.counts(one.start, one.stop)).tolist()
    return found


def test_all_days_but_one_are_the_reference() -> None:
    rows = MONTH.timed()
    others = OtherDays(rows, AlarmPolicy(), is_seasonal=False)
    assert counts_of(others.all) == rows.total.tolist()
    for day in (FIRST, FIRST + 5):
        others.leave_out(day)
        tables = others.at(day * DAY_S + 7 * HOUR_S)
        assert counts_of(tables) == outside(rows, day)
        assert tables is others.at(day * DAY_S + 20 * HOUR_S)
        assert tables.layout is others.all.layout
    streams = [ReferenceStream.of(stream) for stream in rows.profile.streams]
    fresh = BetTables.build(streams, AlarmPolicy())
    assert np.array_equal(fresh.score_logs, others.all.score_logs)


def test_the_same_hour_of_other_days_is_the_reference_where_it_has_rows_enough() -> None:
    rows = MONTH.timed()
    policy = AlarmPolicy(delta=0.2)  # 600 rows are needed: an hour of all days has 1,250
    others = OtherDays(rows, policy, is_seasonal=True)
    assert others.has_seasons
    day = FIRST + 4
    others.leave_out(day)
    tables = others.at(day * DAY_S + 7.5 * HOUR_S)
    assert tables.slot == WEEK_HOURS + 7
    hours = [rows.hourly(one)[7] for one in range(FIRST, FIRST + 16) if one != day]
    assert counts_of(tables) == np.sum(hours, axis=0).tolist()
    strict = OtherDays(rows, AlarmPolicy(delta=0.01), is_seasonal=True)
    assert not strict.has_seasons
    strict.leave_out(day)
    tables = strict.at(day * DAY_S)
    assert tables.slot == ALL_SLOT
    assert counts_of(tables) == outside(rows, day)
    assert tables is strict.at(day * DAY_S + 9 * HOUR_S)


def test_an_hour_of_the_week_goes_before_an_hour_of_the_day() -> None:
    rows = MONTH.timed()
    others = OtherDays(rows, AlarmPolicy(delta=1.0), is_seasonal=True)  # 24 rows are needed
    day = FIRST + 4  # Monday, which comes twice
    others.leave_out(day)
    tables = others.at(day * DAY_S + 7.5 * HOUR_S)
    assert tables.slot == 7
    assert counts_of(tables) == rows.hourly(day + 7)[7].tolist()
