"""A backtest that was not computed, for tests of how it is told."""

from dataclasses import replace

from tiltyard.monitor.alarm.alarm import Alarm
from tiltyard.monitor.alarm.onset import Onset
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.backtest.backtest import Backtest, Delays
from tiltyard.monitor.backtest.change import CHANGES
from tiltyard.monitor.backtest.quiet_delta import QuietDelta
from tiltyard.monitor.backtest.replay import Closest, Replay
from tiltyard.monitor.backtest.trials import Delay
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.snapshot import AlarmStream

BEGAN = 1_767_225_600.0  # 2026-01-01 00:00 UTC
HOUR_S = 3600.0


def alarm(day: float, *streams: str, hours: float | None = 6.0) -> Alarm:
    """Opened on a day of the file; `hours` is how long it was open, None to the end."""
    at = BEGAN + day * DAY_S
    named = tuple(
        AlarmStream(name, "location up", 7.0, 0.5, True, True, 0.4, 0.1, 0.2, ())
        for name in streams
    )
    return Alarm(
        state="open" if hours is None else "recovered",
        crossed_s=at,
        onset=Onset(at - HOUR_S, at - 2 * HOUR_S, at),
        evidence_log10=6.5,
        false_alarm_s=30 * DAY_S,
        streams=named,
        rows=1_000,
        kappa={},
        tolerance={},
        closed_s=None if hours is None else at + hours * HOUR_S,
        closed_by="" if hours is None else "recovered",
    )


QUIET_REPLAY = Replay(
    delta=0.2,
    is_seasonal=True,
    bet_from_s=BEGAN + 0.5 * DAY_S,
    armed_s=29.5 * DAY_S,
    alarm_s=0.0,
    alarms=(),
    kappa={"amount": 3.12, "age": 1.31, "country": 1.1, "surprise": 1.0},
    closest=Closest(-2.0, BEGAN + 9.25 * DAY_S, "amount"),
    slot_ticks=(20_000, 0, 0),
)
LOUD_REPLAY = replace(
    QUIET_REPLAY,
    is_seasonal=False,
    armed_s=20.0 * DAY_S,
    alarm_s=9.5 * DAY_S,
    alarms=(
        *(alarm(day + 0.25, "amount") for day in range(1, 10)),
        alarm(28.0, "age", "amount", "country", hours=None),
    ),
    slot_ticks=(0, 0, 20_000),
)
DELAYS = (
    Delay(CHANGES[0], 0, 500, reason="none by intent: within delta"),
    Delay(CHANGES[1], 4, 500, (600.0, 900.0, 1200.0, 9000.0), (3, 4, 5, 40), (150,) * 4, 4),
    Delay(CHANGES[2], 4, 500, (100.0, 110.0), (1, 1), (50, 50), 1),
    Delay(CHANGES[3], 4, 500, (100.0,), (1,), (50,), 1),
)
BACKTEST = Backtest(
    rows=1_000_000,
    days=30,
    first_s=BEGAN,
    last_s=BEGAN + 30 * DAY_S - 1.0,
    ticks=20_000,
    tick_rows=50,
    tick_s=129.0,
    rows_left=801,
    policy=AlarmPolicy(delta=0.2),
    by_hour=QUIET_REPLAY,
    by_all=LOUD_REPLAY,
    hours="",
    quiet=QuietDelta(0.07, 0.05),
    delays=(Delays(0.2, DELAYS),),
)
