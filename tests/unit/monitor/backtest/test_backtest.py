"""The whole of it, and what is too little for it."""

from collections.abc import Callable

import pytest

from tests.unit.monitor.backtest.months import Month
from tiltyard.cli.render.backtest_json import to_json
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.backtest.backtest import backtest
from tiltyard.monitor.backtest.change import CHANGES
from tiltyard.monitor.profile.errors import ReferenceRefused

POLICY = AlarmPolicy()


def test_it_is_the_same_every_time() -> None:
    month = Month(rows=30_000, days=6, bad_day=4)
    found = backtest(month.timed(), POLICY)
    assert to_json(found) == to_json(backtest(month.timed(), POLICY))


def test_a_quiet_month_has_delays_at_the_asked_delta() -> None:
    told: list[tuple[str, float]] = []
    found = backtest(Month().timed(), POLICY, lambda what, part: told.append((what, part)))
    assert (found.rows, found.days, found.tick_rows) == (40_000, 10, 50)
    assert found.by_hour is None
    assert found.main() is found.by_all
    assert found.by_all.alarms == ()
    assert found.quiet.delta is not None
    assert found.quiet.delta <= POLICY.delta
    assert [delays.delta for delays in found.delays] == [POLICY.delta]
    assert tuple(one.change for one in found.delays[0].of_changes) == CHANGES
    assert told[-1][1] == 1.0
    assert told[0][0].startswith("replay and trials at delta 0.1, ")


def test_a_month_with_alarms_has_delays_at_the_quiet_delta_too() -> None:
    found = backtest(Month(rows=60_000, days=12, swing=0.4).timed(), AlarmPolicy(delta=0.05))
    assert found.by_hour is None  # 2 hours of a day have no 9,600 rows
    assert found.by_all.alarms
    assert found.quiet.delta is not None
    assert found.quiet.delta > 0.05
    assert [delays.delta for delays in found.delays] == [0.05, found.quiet.delta]


def test_hours_are_told_apart_where_they_have_rows_enough() -> None:
    found = backtest(Month(rows=60_000, days=12, swing=0.5).timed(), POLICY)
    assert found.by_hour is not None
    assert found.main() is found.by_hour
    assert len(found.by_hour.alarms) < len(found.by_all.alarms)
    assert found.quiet.delta is not None
    assert found.quiet.delta <= POLICY.delta


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        (lambda: Month(rows=30_000, days=2), "are of 2 days .* at least 3 days are needed"),
        (lambda: Month(rows=1_200, days=4), "rows lie outside the fullest day"),
        (lambda: Month(rows=15_000, days=20), "15,000 rows are 2\\d\\d ticks .* 0 days are left"),
    ],
)
def test_too_little_is_said_and_not_computed(month: Callable[[], Month], sentence: str) -> None:
    with pytest.raises(ReferenceRefused, match=sentence):
        backtest(month().timed(), POLICY)


def test_hours_shorter_than_two_ticks_are_not_told_apart() -> None:
    found = backtest(Month(rows=30_000, days=25, features=1).timed(), AlarmPolicy(delta=1.0))
    assert found.tick_s > 1800.0
    assert found.by_hour is None
    assert found.hours == "an hour has fewer than two ticks"
    assert found.main().armed_s > 0.0


def test_days_without_two_ticks_after_each_other_tell_nothing() -> None:
    month = Month(rows=18_000, days=300, features=1)  # 60 rows a day are one tick
    with pytest.raises(ReferenceRefused, match="too few after each other"):
        backtest(month.timed(), AlarmPolicy(warmup_ticks=100))
