"""Trials: a feature is changed from some tick on, and a fork of the detector goes on from there.

A fork begins with all that the detector knew at that tick, and is bet the file's own ticks beside
it, with the change made in their rows. Joint streams are scored anew; outputs stay as they are, for
the model is not run again, so that delays are a little too long where outputs would tell first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from tiltyard.monitor.alarm.detector import Detector, State
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.backtest.change import Change
from tiltyard.monitor.backtest.timed_rows import TimedRows
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.profile.stream import Group

TRIALS: Final = 40
# A trial is over after as many ticks; its delay is then only known to be longer.
TICKS_MAX: Final = 500
SEED: Final = 7

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Delay:
    """What a change that is made `trials` times, each in one feature, takes until it is an alarm.

    `seconds`, `ticks` and `rows` are sorted, of those that were found within `ticks_max` ticks;
    `named` counts the alarms that name the feature among the leading ones. `reason` says why there
    is no trial.
    """

    change: Change
    trials: int
    ticks_max: int
    seconds: tuple[float, ...] = ()
    ticks: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()
    named: int = 0
    reason: str = ""

    @property
    def median_s(self) -> float | None:
        """Within which half of all trials was found; None where fewer were."""
        return self._quantile(self.seconds, 0.5)

    @property
    def late_s(self) -> float | None:
        """The same for nine of ten."""
        return self._quantile(self.seconds, 0.9)

    @property
    def median_rows(self) -> int | None:
        return self._quantile(self.rows, 0.5)

    def _quantile(self, values: tuple[Number, ...], share: float) -> Number | None:
        at = math.ceil(share * self.trials) - 1
        return values[at] if 0 <= at < len(values) else None


@dataclass(eq=False)
class _Trial:
    """`sign` is the direction of a shift."""

    change: Change
    stream: int
    sign: int
    rng: np.random.Generator
    start: int  # the first tick that is changed
    detector: Detector | None = None  # None before the start, and after the end
    began_s: float = 0.0
    ticks: int = 0
    rows: int = 0
    seconds: float | None = None
    is_named: bool = False
    is_skipped: bool = False


class Trials:
    """Not thread-safe. TRIALS of each change at random ticks, the features in turn; seeded."""

    def __init__(
        self, rows: TimedRows, changes: Sequence[Change], first: int, ticks: int, delta: float
    ) -> None:
        """`first` is the first of `ticks` ticks that are bet. A shift within `delta` is not tried:
        no alarm is meant to come of it."""
        self._rows = rows
        self._profile = rows.profile
        self.ticks_max = min(TICKS_MAX, max(1, (ticks - first) // 2))
        self._joint = rows.profile.of_group(Group.joint)
        self._reasons: dict[Change, str] = {}
        self._trials: dict[int, list[_Trial]] = {}
        self._all: list[_Trial] = []
        self._active: list[_Trial] = []
        rng = np.random.default_rng(SEED)
        streams = rng.permutation(len(rows.profile.streams)).tolist()
        last = max(first + 1, ticks - self.ticks_max)
        for number, change in enumerate(changes):
            if change.shift_sigma and change.shift_sigma <= delta:
                self._reasons[change] = "none by intent: within delta"
                continue
            able = [i for i in streams if change.can_be_made(rows.profile.streams[i])]
            if not able:
                self._reasons[change] = "no feature can be changed so"
                continue
            starts = np.sort(rng.integers(first, last, TRIALS))
            for index, start in enumerate(starts.tolist()):
                one = _Trial(
                    change=change,
                    stream=able[index % len(able)],
                    sign=-1 if index % 2 else 1,
                    rng=np.random.default_rng([SEED, number, index]),
                    start=start,
                )
                self._all.append(one)
                self._trials.setdefault(start, []).append(one)

    def tick(self, number: int, main: Detector, counts: TickCounts, begin: int, end: int) -> None:
        """Bet tick `number`, of the rows [begin, end), in all forks; before `main` bets it."""
        for one in self._trials.get(number, ()):
            if main.state not in (State.ok, State.suspicious):
                one.is_skipped = True  # nothing new is an alarm while one is open
                continue
            # The ticks before are remembered with the tables of now: only onsets would differ.
            one.detector = Detector.from_arrays(main.tables, main.policy, main.to_arrays())
            one.began_s = counts.ended_s - counts.elapsed_s
            self._active.append(one)
        for one in self._active:
            self._bet(one, main, counts, begin, end)
        self._active = [one for one in self._active if one.detector is not None]

    def delays(self, changes: Sequence[Change]) -> tuple[Delay, ...]:
        """What came of it, one a change. A trial that began in an open alarm does not count."""
        return tuple(self._delay(change) for change in changes)

    def _bet(self, one: _Trial, main: Detector, counts: TickCounts, begin: int, end: int) -> None:
        detector = one.detector
        assert detector is not None
        detector.use(main.tables)
        changed = self._changed(one, counts.cells, begin, end)
        result = detector.tick(replace(counts, cells=changed))
        one.ticks += 1
        one.rows += counts.rows
        if result.alarm is not None:
            one.seconds = counts.ended_s - one.began_s
            one.is_named = self._profile.streams[one.stream].name in result.alarm.leading
        if result.alarm is not None or one.ticks >= self.ticks_max:
            one.detector = None

    def _changed(self, one: _Trial, counts: Ints, begin: int, end: int) -> Ints:
        """The counts of a tick after the change, int64[size]."""
        rows, stream = self._rows, self._profile.streams[one.stream]
        words = rows.words[begin:end].copy()
        words[:, one.stream] = one.change.made(words[:, one.stream], stream, one.sign, one.rng)
        touched = [one.stream, *self._joint]
        before = rows.cells[begin:end]
        after = before.copy()
        rows.bin(words, slice(begin, end), touched, after)
        width = rows.size + 1
        gone = np.bincount(before[:, touched].reshape(-1), minlength=width)
        come = np.bincount(after[:, touched].reshape(-1), minlength=width)
        return np.asarray(counts + (come - gone)[:-1], np.int64)

    def _delay(self, change: Change) -> Delay:
        mine = [one for one in self._all if one.change == change and not one.is_skipped]
        found = [one for one in mine if one.seconds is not None]
        reason = self._reasons.get(change, "")
        if not mine and not reason:
            reason = "an alarm was open at every tick that was tried"
        return Delay(
            change=change,
            trials=len(mine),
            ticks_max=self.ticks_max,
            seconds=tuple(sorted(one.seconds for one in found if one.seconds is not None)),
            ticks=tuple(sorted(one.ticks for one in found)),
            rows=tuple(sorted(one.rows for one in found)),
            named=sum(one.is_named for one in found),
            reason=reason,
        )
