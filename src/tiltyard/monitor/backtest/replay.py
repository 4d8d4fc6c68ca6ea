"""One pass of the real detector over a file: every day is held against all others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tiltyard.monitor.alarm.alarm import Alarm
from tiltyard.monitor.alarm.detector import Detector, State, TickResult
from tiltyard.monitor.alarm.policy import TICK_S_MAX, AlarmPolicy
from tiltyard.monitor.alarm.seasons import ALL_SLOT
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.backtest.other_days import OtherDays
from tiltyard.monitor.backtest.tick_cuts import TickCuts
from tiltyard.monitor.backtest.timed_rows import TimedRows
from tiltyard.monitor.backtest.trials import Trials
from tiltyard.monitor.counting.weekly import WEEK_HOURS
from tiltyard.monitor.policy import DAY_S

RATE_S: Final = 30 * DAY_S
# How sure the limits of a rate are.
_CONFIDENCE: Final = 0.95
# Slots below the first are hours of the week, below the second hours of the day.
_SLOT_BOUNDS: Final = (WEEK_HOURS, ALL_SLOT)

Tell = Callable[[float], None]  # what part of it is done


@dataclass(frozen=True)
class Closest:
    """The most evidence while no alarm was open: its log10 over that of an alarm, when (unix
    seconds), and the stream with the largest part of it."""

    log10: float
    at_s: float
    stream: str


@dataclass(frozen=True)
class Replay:
    """What the detector did, at one `delta`. Times in unix seconds.

    `armed_s` is the time that was bet with no alarm open, `alarm_s` with one open; a tick counts
    for an hour at most, as in the bets. Nothing is bet before kappa is known of any stream.
    `alarms` are as they ended, or as they are at the end. `kappa` is the median, over the ends of
    the days after the warm-up, by stream. `slot_ticks` are the ticks that were held against the
    same hour of the week, of the day, and all hours.
    """

    delta: float
    is_seasonal: bool
    bet_from_s: float | None
    armed_s: float
    alarm_s: float
    alarms: tuple[Alarm, ...]
    kappa: dict[str, float]
    closest: Closest | None
    slot_ticks: tuple[int, int, int]

    @property
    def per_30_days(self) -> float:
        """Alarms in 30 days in which none is open."""
        return len(self.alarms) / self.armed_s * RATE_S if self.armed_s else float("nan")

    @property
    def limits(self) -> tuple[float, float]:
        """The exact 95 % limits of that rate, if alarms come independently (Garwood 1936)."""
        # Imported here: it takes 0.2 s.
        from scipy.special import gammaincinv

        count, tail = len(self.alarms), (1.0 - _CONFIDENCE) / 2.0
        low = float(gammaincinv(count, tail)) if count else 0.0
        scale = RATE_S / self.armed_s if self.armed_s else float("nan")
        return low * scale, float(gammaincinv(count + 1, 1.0 - tail)) * scale


def replay(
    rows: TimedRows,
    cuts: TickCuts,
    policy: AlarmPolicy,
    *,
    is_seasonal: bool,
    stops_at_alarm: bool = False,
    trials: Trials | None = None,
    tell: Tell = lambda _: None,
) -> Replay:
    """Bet all ticks as a gateway would have, the first `warmup_ticks` to learn kappa alone.

    An alarm stays open until it recovers; capital goes on from day to day. A file knows no
    requests: each row is one of its own. With `stops_at_alarm` the first alarm ends it.
    """
    others = OtherDays(rows, policy, is_seasonal=is_seasonal)
    detector = Detector(others.all, policy)
    account = _Account(policy, is_seasonal)
    days = np.unique(cuts.day).tolist()
    for done, day in enumerate(days):
        others.leave_out(day)
        ticks = cuts.of_day(day)
        bounds = np.append(cuts.begin[ticks.start : ticks.stop], cuts.end[ticks.stop - 1])
        for number, cells in zip(ticks, rows.grouped(bounds), strict=True):
            begin, end = int(cuts.begin[number]), int(cuts.end[number])
            counts = TickCounts(
                cells=cells,
                rows=end - begin,
                requests=end - begin,
                rows_squared=end - begin,
                elapsed_s=float(cuts.elapsed_s[number]),
                ended_s=float(cuts.ended_s[number]),
            )
            detector.use(others.at(counts.ended_s))
            if trials is not None:
                trials.tick(number, detector, counts, begin, end)
            account.add(detector, counts, detector.tick(counts))
            if stops_at_alarm and account.alarms:
                return account.closed(detector)
        account.end_day(detector)
        tell((done + 1) / len(days))
    return account.closed(detector)


class _Account:
    """Keeps what is told of a replay."""

    def __init__(self, policy: AlarmPolicy, is_seasonal: bool) -> None:
        self.alarms: list[Alarm] = []
        self._policy = policy
        self._is_seasonal = is_seasonal
        self._bet_from_s: float | None = None
        self._armed_s = self._alarm_s = 0.0
        self._kappa: list[dict[str, float]] = []
        self._closest: Closest | None = None
        self._slots = [0, 0, 0]

    def add(self, detector: Detector, counts: TickCounts, result: TickResult) -> None:
        elapsed_s = min(counts.elapsed_s, TICK_S_MAX)
        self._slots[np.searchsorted(_SLOT_BOUNDS, detector.tables.slot, side="right")] += 1
        if result.before is State.drifting:
            self._alarm_s += elapsed_s
        elif np.isfinite(result.log_evidence) and result.before is not State.warming:
            self._armed_s += elapsed_s
            if self._bet_from_s is None:
                self._bet_from_s = counts.ended_s - counts.elapsed_s
            self._look(detector, counts, result)
        if result.event == "opened" and result.alarm is not None:
            self.alarms.append(result.alarm)
        elif result.alarm is not None:
            self.alarms[-1] = result.alarm

    def end_day(self, detector: Detector) -> None:
        if detector.state is not State.warming:
            kappa = map(float, detector.kappa)
            self._kappa.append(dict(zip(detector.tables.names, kappa, strict=True)))

    def closed(self, detector: Detector) -> Replay:
        if detector.alarm is not None:
            self.alarms[-1] = detector.alarm
        if not self._kappa:
            self.end_day(detector)
        names = detector.tables.names if self._kappa else ()
        return Replay(
            delta=self._policy.delta,
            is_seasonal=self._is_seasonal,
            bet_from_s=self._bet_from_s,
            armed_s=self._armed_s,
            alarm_s=self._alarm_s,
            alarms=tuple(self.alarms),
            kappa={name: float(np.median([k[name] for k in self._kappa])) for name in names},
            closest=self._closest,
            slot_ticks=(self._slots[0], self._slots[1], self._slots[2]),
        )

    def _look(self, detector: Detector, counts: TickCounts, result: TickResult) -> None:
        log10 = (result.log_evidence - detector.log_threshold) / float(np.log(10.0))
        if np.isfinite(log10) and (self._closest is None or log10 > self._closest.log10):
            stream = detector.tables.names[int(np.argmax(result.log_streams))]
            self._closest = Closest(log10, counts.ended_s, stream)
