"""Changes made in a file's own ticks, until they are alarms."""

from tests.unit.monitor.backtest.months import Month
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.backtest.change import CHANGES, Change
from tiltyard.monitor.backtest.replay import replay
from tiltyard.monitor.backtest.tick_cuts import cut_ticks
from tiltyard.monitor.backtest.trials import TRIALS, Delay, Trials

POLICY = AlarmPolicy()


def delays_of(month: Month, changes: tuple[Change, ...], delta: float = 0.1) -> tuple[Delay, ...]:
    rows = month.timed()
    cuts = cut_ticks(rows.times, rows.days, POLICY)
    trials = Trials(rows, changes, POLICY.warmup_ticks, len(cuts), delta)
    replay(rows, cuts, POLICY, is_seasonal=False, trials=trials)
    return trials.delays(changes)


def test_larger_changes_are_found_sooner_and_named() -> None:
    half, one, missing = delays_of(Month(rows=45_000, days=15), CHANGES[1:])
    for delay in (half, one, missing):
        assert delay.trials == len(delay.seconds) == TRIALS
        assert delay.named >= 0.95 * TRIALS
        assert delay.median_s is not None
        assert delay.late_s is not None
        assert delay.median_s <= delay.late_s
    assert one.median_rows is not None
    assert half.median_rows is not None
    assert one.median_rows <= 3 * 50  # alarm.md section 7: 1 to 2 ticks of 100 rows
    assert one.median_rows < half.median_rows <= 12 * 50
    assert one.rows == tuple(50 * ticks for ticks in one.ticks)


def test_nothing_changed_is_nothing_found() -> None:
    (delay,) = delays_of(Month(rows=30_000, days=6), (Change(missing=1e-9),))
    assert delay.trials == TRIALS
    assert delay.seconds == ()
    assert delay.median_s is None
    assert delay.ticks_max == 149


def test_what_is_not_tried_says_why() -> None:
    within, shift = delays_of(Month(rows=30_000, days=6), CHANGES[:2], delta=0.2)
    assert within.reason == "none by intent: within delta"
    assert within.trials == 0
    assert shift.reason == ""
    few = Month(rows=30_000, days=6, features=0, discrete=1)
    rows = few.timed()
    told = Trials(rows, CHANGES, 300, 600, 0.1).delays(CHANGES)
    assert [delay.reason for delay in told[:3]] == ["no feature can be changed so"] * 3


def test_half_and_nine_of_ten_count_the_trials_that_were_not_found() -> None:
    delay = Delay(CHANGES[0], 10, 500, tuple(map(float, range(1, 9))), tuple(range(1, 9)))
    assert delay.median_s == 5.0
    assert delay.late_s is None
    assert Delay(CHANGES[0], 10, 500, (1.0,) * 4).median_s is None
    assert Delay(CHANGES[0], 0, 500).median_s is None
