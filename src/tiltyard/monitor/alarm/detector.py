"""The detector of one plane: ticks in, states and alarms out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.alarm import Alarm
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.design_effect import DesignEffect
from tiltyard.monitor.alarm.evidence import Evidence
from tiltyard.monitor.alarm.exponent import CELL, row_exponents
from tiltyard.monitor.alarm.history import Block, BlockTables, History
from tiltyard.monitor.alarm.naming import leading, leading_bet, shares
from tiltyard.monitor.alarm.onset import find_onset
from tiltyard.monitor.alarm.open_alarm import OPEN, Closed, NamedStream, OpenAlarm
from tiltyard.monitor.alarm.policy import TICK_S_MAX, AlarmPolicy
from tiltyard.monitor.alarm.recovery import shape_score
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import Floats

# Evidence from this part of the threshold on is shown as suspicious.
SUSPICIOUS_PART: Final = 0.1


class State(StrEnum):
    """Where a detector stands. Warming: how much rows depend on each other is not known yet."""

    warming = "warming"
    ok = "ok"
    suspicious = "suspicious"
    drifting = "drifting"


@dataclass(frozen=True, slots=True, eq=False)
class TickResult:
    """After a tick. `log_evidence` is ln of the mean capital in seconds, `log_streams`
    float64[streams] of each stream's; -inf before any bet. `event` is "" or opened, named (more
    streams) or recovered, and `alarm` what it is about."""

    state: State
    before: State
    log_evidence: float
    log_streams: Floats
    event: str = ""
    alarm: Alarm | None = None


class Detector:
    """Not thread-safe. Tables may be shared; the rest is some 1 MB for 30 features."""

    def __init__(self, tables: BetTables, policy: AlarmPolicy) -> None:
        self.tables = tables
        self.policy = policy
        self.state = State.warming if policy.warmup_ticks else State.ok
        self.since_s: float | None = None  # when the state began; None before the first tick
        self.ticks = 0
        self.log_evidence = -np.inf
        self._evidence = Evidence(tables, policy.half_lives)
        self._effect = DesignEffect(tables, policy.warmup_ticks)
        self._history = History()
        self._remembered: BlockTables = tables  # as blocks hold them
        self._open: OpenAlarm | None = None

    @property
    def kappa(self) -> Floats:
        """The design effect of each stream, float64[streams]; at least 1. Of bets on scores it may
        be less, never more."""
        kappa: Floats = self._effect.get()[CELL]
        return kappa

    @property
    def is_serial(self) -> npt.NDArray[np.bool_]:
        """bool[streams]: whether ticks tell of those after them, so that no shape is bet on."""
        return self._effect.is_serial()

    @property
    def log_streams(self) -> Floats:
        """ln of each stream's capital in seconds, float64[streams]; -inf before any bet."""
        return self._evidence.of_streams()

    @property
    def log_threshold(self) -> float:
        """ln of the mean capital, in seconds, that is an alarm."""
        return float(np.log(self.policy.false_alarm_s))

    @property
    def nbytes(self) -> int:
        """Bytes held, without the tables."""
        own = self._evidence.log_capital.nbytes + self._evidence.learned.nbytes
        return own + self._effect.nbytes + self._history.nbytes

    @property
    def crossed_s(self) -> float | None:
        """When the alarm that is open crossed; None without one."""
        return None if self._open is None else self._open.crossed_s

    @property
    def alarm(self) -> Alarm | None:
        """The alarm that is open, with sizes as of the last tick."""
        return None if self._open is None else self._told(self._open)

    def use(self, tables: BetTables, remembered: BlockTables | None = None) -> None:
        """Hold the next ticks against another slot's tables; capital is carried over.

        What is remembered of ticks holds `remembered` in place of the tables. Raises ValueError
        when they are of another layout.
        """
        if tables is not self.tables:
            self._evidence.use(tables)
            self._effect.forget_previous()
            self.tables, self._remembered = tables, remembered or tables

    def know(self, other: "Detector") -> None:
        """How rows depend on each other as another detector of this reference has seen it; it is
        not used afterwards. Only what it bets by may differ."""
        self._effect = other._effect  # noqa: SLF001 - one of its own kind
        self.ticks = other.ticks
        if other.state is not State.warming:
            self._arm()

    def set_false_alarm_s(self, false_alarm_s: float) -> None:
        """Another part of the budget, as when models come and go; an open alarm stays open."""
        self.policy = replace(self.policy, false_alarm_s=false_alarm_s)

    def tick(self, counts: TickCounts) -> TickResult:
        """Bet a tick. One without rows changes nothing.

        Raises ValueError when the counts have not one number a cell or it lasted no time.
        """
        if counts.cells.shape != (self.tables.size,):
            raise ValueError(
                f"a tick has cells of shape {counts.cells.shape}; ({self.tables.size},) is expected"
            )
        if not counts.elapsed_s > 0.0:
            raise ValueError(
                f"a tick lasted {counts.elapsed_s!r} seconds; more than 0 are expected"
            )
        if counts.rows == 0:
            return TickResult(self.state, self.state, self.log_evidence, self.log_streams)
        before, block = self.state, self._bet(counts)
        self.ticks += 1
        log_streams = self.log_streams
        self.log_evidence = self._mean(log_streams)
        event, alarm = self._judge(block, log_streams)
        if self.state in (State.warming, State.ok):
            self._effect.update(self.tables, counts.cells.astype(np.float64), counts.ended_s)
        else:
            self._effect.forget_previous()
        if before is State.warming and self.ticks >= self.policy.warmup_ticks:
            self._arm()
        if self.since_s is None or self.state is not before:
            self.since_s = counts.ended_s
        return TickResult(self.state, before, self.log_evidence, log_streams, event, alarm)

    def acknowledge(self, actor: str, at_s: float) -> Alarm:
        """Somebody has seen the open alarm: it is silenced, and nothing is reset.

        Raises ValueError when none is open.
        """
        if self._open is None:
            raise ValueError(f"no alarm is open; the detector is {self.state}")
        self._open.acknowledge(actor, at_s)
        return self._told(self._open)

    def close(self, by: str, at_s: float) -> Alarm | None:
        """End the open alarm as superseded, by a swap or an accepted baseline, and start anew.

        Returns it as it ended, or None when none was open.
        """
        closed = None
        if self._open is not None:
            closed = self._told(self._open, Closed("superseded", at_s, by))
        self.reset(at_s)
        return closed

    def reset(self, at_s: float) -> None:
        """Forget all evidence and the open alarm; how rows depend on each other stays known."""
        self._open = None
        self._effect.forget_previous()
        if self.state is not State.warming:
            self._arm()
        self.since_s = at_s

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of its state but tables and policy, for numpy.savez: numbers and short texts."""
        since_s = np.nan if self.since_s is None else self.since_s
        arrays = {
            "state": np.array(self.state.value),
            "numbers": np.array([since_s, self.ticks, self.log_evidence], np.float64),
            **self._evidence.to_arrays(),
            **self._effect.to_arrays(),
            **self._history.to_arrays(),
        }
        return arrays if self._open is None else {**arrays, **self._open.to_arrays()}

    @classmethod
    def from_arrays(
        cls,
        tables: BetTables,
        policy: AlarmPolicy,
        arrays: Mapping[str, npt.NDArray[Any]],
        tables_of: Callable[[int], BlockTables] | None = None,
    ) -> "Detector":
        """The same to the bit: it goes on as if it had never been saved.

        `tables_of` gives the tables of a slot, where there is more than one. Raises ValueError
        where the arrays are of other tables.
        """
        detector = cls(tables, policy)
        since_s, ticks, log_evidence = map(float, arrays["numbers"])
        detector.state = State(str(arrays["state"]))
        detector.since_s = None if np.isnan(since_s) else since_s
        detector.ticks, detector.log_evidence = int(ticks), log_evidence
        detector._evidence = Evidence.from_arrays(tables, policy.half_lives, arrays)
        detector._effect = DesignEffect.from_arrays(tables, policy.warmup_ticks, arrays)
        detector._history = History.from_arrays(tables_of or (lambda _: tables), arrays)
        detector._remembered = tables if tables_of is None else tables_of(tables.slot)
        if "alarm_times" in arrays:
            detector._open = OpenAlarm.from_arrays(arrays)
        return detector

    def _bet(self, counts: TickCounts) -> Block:
        cells = counts.cells.astype(np.float64)
        elapsed_s = min(counts.elapsed_s, TICK_S_MAX)
        rows = self.tables.rows_of(cells)
        exponent = row_exponents(counts, self._effect.get(), rows, self.policy)
        added = self._evidence.update(cells, exponent, elapsed_s, self.is_serial)
        block = Block(
            started_s=counts.ended_s - elapsed_s,
            ended_s=counts.ended_s,
            ticks=1,
            elapsed_s=elapsed_s,
            rows=counts.rows,
            rows_squared=counts.rows_squared,
            cells=counts.cells.astype(np.uint32),
            exponent=exponent,
            shape=added[self.tables.layout.shapes],
            tables=self._remembered,
        )
        self._history.append(block)
        return block

    def _mean(self, log_streams: Floats) -> float:
        """ln of the mean over all streams; one whose design effect is not known adds nothing."""
        is_known = self._effect.pairs() >= self.policy.warmup_ticks // 2
        is_known |= ~self._effect.can_tell
        if self.state is State.warming:
            is_known[:] = True
        logs = np.where(is_known, log_streams, -np.inf)
        highest = logs.max()
        if not np.isfinite(highest):
            return -np.inf
        return float(highest + np.log(np.exp(logs - highest).mean()))

    def _judge(self, block: Block, log_streams: Floats) -> tuple[str, Alarm | None]:
        """The state after a tick, and what happened to the alarm."""
        if self.state is State.warming:
            return "", None
        if self._open is not None:
            return self._go_on(self._open, block, log_streams)
        if self.log_evidence >= self.log_threshold:
            self.state = State.drifting
            self._open = self._opened(block.ended_s, log_streams)
            return "opened", self._told(self._open)
        suspicious = self.log_evidence >= self.log_threshold + np.log(SUSPICIOUS_PART)
        self.state = State.suspicious if suspicious else State.ok
        return "", None

    def _opened(self, at_s: float, log_streams: Floats) -> OpenAlarm:
        leaders = leading(log_streams, self.tables.is_joint, self.log_threshold)
        blocks = list(self._history)
        onset = find_onset(blocks, self._leading_bet(leaders[0]))
        none = np.zeros(self.tables.size, np.int64)
        opened = OpenAlarm(at_s, onset, self.log_evidence, self.policy.false_alarm_s, none)
        for block in blocks:
            if block.started_s >= onset.mode_s:
                opened.count(block)
        for stream in leaders:
            self._name(opened, stream, log_streams, is_leading=True)
        self._confirm(opened, log_streams)
        return opened

    def _name(
        self, alarm: OpenAlarm, stream: int, log_streams: Floats, *, is_leading: bool
    ) -> NamedStream:
        bet = self._leading_bet(stream)
        named = NamedStream(
            stream=stream,
            bet=bet,
            log_evidence=float(log_streams[stream]),
            share=float(shares(log_streams)[stream]),
            is_leading=is_leading,
            is_confirmed=False,
            shape=shape_score(self.tables, bet, self._evidence.learned),
        )
        alarm.named.append(named)
        return named

    def _leading_bet(self, stream: int) -> int:
        return leading_bet(self.tables, self._evidence.of_bets(), stream, self.log_threshold)

    def _confirm(self, alarm: OpenAlarm, log_streams: Floats) -> bool:
        """Mark the streams that have evidence for all; whether one of them is new to the alarm."""
        enough = self.log_threshold + np.log(len(log_streams))
        is_new = False
        for stream in np.flatnonzero(log_streams >= enough):
            named = alarm.find(int(stream))
            if named is None:
                named = self._name(alarm, int(stream), log_streams, is_leading=False)
                is_new = True
            is_new |= not named.is_confirmed
            named.is_confirmed = True
        return is_new

    def _go_on(
        self, alarm: OpenAlarm, block: Block, log_streams: Floats
    ) -> tuple[str, Alarm | None]:
        alarm.add(block, self.tables)
        is_new = self._confirm(alarm, log_streams)
        recent = self._history.recent()
        design = alarm.design(self.kappa, self.policy.rows_independent)
        if recent is not None and alarm.has_recovered(self.tables, recent, design):
            told = self._told(alarm, Closed("recovered", block.ended_s, "recovered"))
            self._open = None
            self._arm()
            return "recovered", told
        return ("named", self._told(alarm)) if is_new else ("", None)

    def _arm(self) -> None:
        """Bet from nothing: evidence from before the design effect was known, or of what is over,
        counts for nothing."""
        self._evidence.reset()
        self._history.clear()
        self.log_evidence = -np.inf
        self.state = State.ok

    def _told(self, alarm: OpenAlarm, closed: Closed = OPEN) -> Alarm:
        kappa = self.kappa
        return alarm.told(
            self.tables, kappa, alarm.design(kappa, self.policy.rows_independent), closed
        )
