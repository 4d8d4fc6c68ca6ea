"""Passes of the detector over a file."""

import numpy as np
import pytest
from scipy import stats

from tests.unit.monitor.backtest.months import BEGAN, Month
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.backtest.replay import RATE_S, Replay, replay
from tiltyard.monitor.backtest.tick_cuts import cut_ticks
from tiltyard.monitor.policy import DAY_S

POLICY = AlarmPolicy()


def run(month: Month, *, is_seasonal: bool = False, stops_at_alarm: bool = False) -> Replay:
    rows = month.timed()
    cuts = cut_ticks(rows.times, rows.days, POLICY)
    return replay(rows, cuts, POLICY, is_seasonal=is_seasonal, stops_at_alarm=stops_at_alarm)


def days_of(told: Replay) -> list[int]:
    return [int((alarm.crossed_s - BEGAN) // DAY_S) for alarm in told.alarms]


def test_a_month_without_a_change_raises_no_alarm() -> None:
    told = run(Month(rows=45_000, days=15))
    assert told.alarms == ()
    assert told.alarm_s == 0.0
    assert told.closest is not None
    assert told.closest.log10 < 0.0
    assert set(told.kappa) == {"f0", "f1", "f2", "surprise", "mahalanobis"}
    assert all(1.0 <= kappa < 1.5 for kappa in told.kappa.values())


def test_the_warm_up_takes_its_ticks_and_the_rest_is_bet() -> None:
    month = Month(rows=45_000, days=15)
    told = run(month)
    rows = month.timed()
    cuts = cut_ticks(rows.times, rows.days, POLICY)
    assert told.bet_from_s == pytest.approx(cuts.ended_s[POLICY.warmup_ticks - 1])
    assert told.armed_s == pytest.approx(cuts.elapsed_s[POLICY.warmup_ticks :].sum())
    assert told.slot_ticks == (0, 0, len(cuts))


def test_a_daily_swing_alarms_against_all_hours_and_less_against_its_own() -> None:
    month = Month(rows=60_000, days=12, swing=0.5)
    against_all = run(month)
    by_hour = run(month, is_seasonal=True)
    assert len(against_all.alarms) > 5
    assert {name for alarm in against_all.alarms for name in alarm.leading} == {"f0"}
    assert len(by_hour.alarms) == 0
    assert by_hour.slot_ticks[1] > 0
    assert against_all.closest is not None
    assert against_all.closest.log10 >= 0.0
    assert against_all.closest.stream == "f0"


def test_a_bad_day_is_one_alarm_of_that_day() -> None:
    told = run(Month(rows=45_000, days=15, bad_day=9))
    assert days_of(told) == [9]
    (alarm,) = told.alarms
    assert alarm.leading == ("f1",)
    assert alarm.streams[0].change == "location up"
    assert alarm.state == "recovered"
    assert alarm.closed_s is not None
    assert told.alarm_s == pytest.approx(alarm.closed_s - alarm.crossed_s, rel=0.05)


def test_an_alarm_on_the_last_day_is_open_at_the_end() -> None:
    (alarm,) = run(Month(rows=45_000, days=15, bad_day=14)).alarms
    assert alarm.state == "open"
    assert alarm.closed_s is None


def test_a_pass_that_stops_at_an_alarm_has_one() -> None:
    month = Month(rows=60_000, days=12, swing=0.5)
    told = run(month, stops_at_alarm=True)
    assert len(told.alarms) == 1
    assert told.alarms[0].crossed_s == run(month).alarms[0].crossed_s


def test_the_rate_is_of_the_time_in_which_no_alarm_is_open() -> None:
    told = run(Month(rows=45_000, days=15, bad_day=9))
    assert told.per_30_days == pytest.approx(RATE_S / told.armed_s)
    low, high = told.limits
    scale = RATE_S / told.armed_s
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2) / 2 * scale)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 4) / 2 * scale)
    none = run(Month(rows=45_000, days=15))
    assert none.per_30_days == 0.0
    assert none.limits[0] == 0.0
    assert none.limits[1] == pytest.approx(-np.log(0.025) * RATE_S / none.armed_s)
