"""A backtest: the alarms that a file would have raised, and how late changes would have been found.

Leave-one-day-out (alarm.md section 5): every day is bet with the real detector against the counts
of all other days. Deterministic; the only random numbers are those of the trials, which are seeded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tiltyard.monitor.accepting import ROWS_MIN
from tiltyard.monitor.alarm.policy import TICK_S_MAX, AlarmPolicy
from tiltyard.monitor.backtest.change import CHANGES
from tiltyard.monitor.backtest.other_days import OtherDays
from tiltyard.monitor.backtest.quiet_delta import QuietDelta, quiet_delta
from tiltyard.monitor.backtest.replay import Replay, replay
from tiltyard.monitor.backtest.tick_cuts import TickCuts, cut_ticks
from tiltyard.monitor.backtest.timed_rows import TimedRows
from tiltyard.monitor.backtest.trials import Delay, Trials
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.errors import ReferenceRefused

DAYS_MIN: Final = 3
# Of time that is bet after the warm-up.
BET_S_MIN: Final = DAY_S

Tell = Callable[[str, float], None]  # what is done now, and what part of it is over


@dataclass(frozen=True)
class Delays:
    """What changes take until they are an alarm, at one delta."""

    delta: float
    of_changes: tuple[Delay, ...]


@dataclass(frozen=True)
class Backtest:
    """`days` with rows, from `first_s` to `last_s` (unix seconds); `ticks` of `tick_rows` rows and
    `tick_s` seconds, the medians; `rows_left` are in no tick.

    `by_hour` held each tick against the same hour of the week or day, as a gateway does with an
    accepted baseline; None where hours cannot be told apart, and `hours` says why. `by_all` held it
    against all hours. `quiet` is the smallest delta without an alarm, by hour where that is there.
    `delays` are those at the asked delta and, when that raised alarms, at the quiet one.
    """

    rows: int
    days: int
    first_s: float
    last_s: float
    ticks: int
    tick_rows: int
    tick_s: float
    rows_left: int
    policy: AlarmPolicy
    by_hour: Replay | None
    by_all: Replay
    hours: str
    quiet: QuietDelta
    delays: tuple[Delays, ...]

    def main(self) -> Replay:
        """The one that is as a gateway would do it."""
        return self.by_hour or self.by_all


def backtest(
    rows: TimedRows, policy: AlarmPolicy, tell: Tell = lambda _what, _part: None
) -> Backtest:
    """Replay a file. Raises ReferenceRefused when it has too few days, rows or ticks for that."""
    cuts = cut_ticks(rows.times, rows.days, policy)
    days = _check(rows, cuts, policy)
    hours = _why_no_hours(rows, cuts, policy)
    passes = _Passes(rows, cuts, policy, not hours, tell)
    main, asked = passes.with_trials(policy.delta)
    if not main.armed_s:
        raise ReferenceRefused(
            f"no backtest: {len(cuts):,} ticks on {days} days have too few after each other to tell"
            f" how much rows depend on each other: at least {policy.warmup_ticks // 2} pairs on one"
            " day are needed"
        )
    quiet = quiet_delta(passes.is_quiet, {policy.delta: not main.alarms})
    delays = [asked]
    if main.alarms and quiet.delta is not None:
        delays.append(passes.with_trials(quiet.delta)[1])
    return Backtest(
        rows=len(rows),
        days=days,
        first_s=float(rows.times[0]),
        last_s=float(rows.times[-1]),
        ticks=len(cuts),
        tick_rows=int(np.median(cuts.end - cuts.begin)),
        tick_s=float(np.median(cuts.elapsed_s)),
        rows_left=cuts.rows_left,
        policy=policy,
        by_hour=None if hours else main,
        by_all=main if hours else passes.over_all_hours(policy.delta),
        hours=hours,
        quiet=quiet,
        delays=tuple(delays),
    )


@dataclass(frozen=True)
class _Passes:
    """Passes over one file, by hour where that can be, at different deltas."""

    rows: TimedRows
    cuts: TickCuts
    policy: AlarmPolicy
    is_seasonal: bool
    tell: Tell

    def with_trials(self, delta: float) -> tuple[Replay, Delays]:
        """What a gateway would have said, and how late changes would have been found."""
        first, ticks = self.policy.warmup_ticks, len(self.cuts)
        trials = Trials(self.rows, CHANGES, first, ticks, delta)
        found = self._pass("replay and trials", delta, self.is_seasonal, trials=trials)
        return found, Delays(delta, trials.delays(CHANGES))

    def over_all_hours(self, delta: float) -> Replay:
        """The same, held against all hours."""
        return self._pass("all hours", delta, False)

    def is_quiet(self, delta: float) -> bool:
        """Whether there is no alarm at all."""
        return not self._pass("alarms", delta, self.is_seasonal, stops_at_alarm=True).alarms

    def _pass(
        self,
        what: str,
        delta: float,
        is_seasonal: bool,
        *,
        stops_at_alarm: bool = False,
        trials: Trials | None = None,
    ) -> Replay:
        say = f"{what} at delta {delta:g}, {len(self.cuts):,} ticks"
        return replay(
            self.rows,
            self.cuts,
            replace(self.policy, delta=delta),
            is_seasonal=is_seasonal,
            stops_at_alarm=stops_at_alarm,
            trials=trials,
            tell=lambda part: self.tell(say, part),
        )


def _why_no_hours(rows: TimedRows, cuts: TickCuts, policy: AlarmPolicy) -> str:
    """Why hours are not told apart; "" where they are."""
    seasons = OtherDays(rows, policy, is_seasonal=True)
    if not seasons.has_seasons:
        return f"no hour of the day has {seasons.rows_min:,} rows in all days"
    # kappa compares ticks that were held against one reference: an hour needs two of them.
    if float(np.median(cuts.elapsed_s)) > TICK_S_MAX / 2.0:
        return "an hour has fewer than two ticks"
    return ""


def _check(rows: TimedRows, cuts: TickCuts, policy: AlarmPolicy) -> int:
    """How many days have rows. Raises ReferenceRefused where nothing could be said."""
    days, counts = np.unique(rows.days, return_counts=True)
    if len(days) < DAYS_MIN:
        raise ReferenceRefused(
            f"no backtest: the {len(rows):,} rows are of {len(days)} days (UTC), and each day is"
            f" held against the others: at least {DAYS_MIN} days are needed"
        )
    others = len(rows) - int(counts.max())
    if others < ROWS_MIN:
        raise ReferenceRefused(
            f"no backtest: {others:,} rows lie outside the fullest day, which is held against"
            f" them: at least {ROWS_MIN:,} are needed"
        )
    bet_s = float(np.minimum(cuts.elapsed_s, TICK_S_MAX)[policy.warmup_ticks :].sum())
    if bet_s < BET_S_MIN:
        raise ReferenceRefused(
            f"no backtest: {len(rows):,} rows are {len(cuts):,} ticks of"
            f" {policy.tick_rows_min} rows or more, {policy.warmup_ticks} of them warm a detector"
            f" up, and {bet_s / DAY_S:.1g} days are left to bet: at least {BET_S_MIN / DAY_S:g} is"
            " needed"
        )
    return len(days)
