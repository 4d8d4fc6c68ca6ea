"""The alarm that is latched: what it names so far, what came since its onset, who recovered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.alarm import Alarm, change_text
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.history import Block
from tiltyard.monitor.alarm.onset import Onset
from tiltyard.monitor.alarm.recovery import (
    RECOVERED_LOG,
    led_score,
    log_mean,
    recovery_gain,
)
from tiltyard.monitor.alarm.recovery import STAKES as RECOVERY_STAKES
from tiltyard.monitor.alarm.size import changed_cells, coarse_excess, shift
from tiltyard.monitor.profile.cells import Floats, Ints
from tiltyard.monitor.snapshot import AlarmStream

LN10: Final = float(np.log(10.0))


class Closed(NamedTuple):
    """How an alarm ended: recovered or superseded, when, by what ("accepted by ann")."""

    state: str
    at_s: float | None
    by: str


OPEN: Final = Closed("open", None, "")


@dataclass(eq=False, slots=True)
class NamedStream:
    """A stream that the alarm names, by the bet that won most on what changed in it.

    `log_evidence` is ln E when it was named, `share` its part of all. `shape` is what a shape bet
    played, standardised (see recovery.shape_score); `log_capital` float64[2]: ln G of recovery.
    """

    stream: int
    bet: int
    log_evidence: float
    share: float
    is_leading: bool
    is_confirmed: bool
    shape: Floats
    log_capital: Floats = field(default_factory=lambda: np.zeros(len(RECOVERY_STAKES)))


class OpenAlarm:
    """Not thread-safe. Times in seconds of the ticks' clock."""

    def __init__(
        self,
        crossed_s: float,
        onset: Onset,
        log_evidence: float,
        false_alarm_s: float,
        counts: Ints,
    ) -> None:
        """`log_evidence`: ln of the mean capital when it crossed. `counts` int64[cells]: so far."""
        self.crossed_s = crossed_s
        self.onset = onset
        self.log_evidence = log_evidence
        self.false_alarm_s = false_alarm_s
        self.named: list[NamedStream] = []
        self.acknowledged_by = ""
        self.acknowledged_s: float | None = None
        self._counts = counts.astype(np.int64)
        self._rows = 0
        self._rows_squared = 0

    def find(self, stream: int) -> NamedStream | None:
        """How it is named, or None."""
        return next((named for named in self.named if named.stream == stream), None)

    def count(self, block: Block) -> None:
        """Ticks since the onset."""
        self._counts += block.cells
        self._rows += block.rows
        self._rows_squared += block.rows_squared

    def add(self, block: Block, tables: BetTables) -> None:
        """A tick while the alarm is open, and the tables that it was bet with."""
        self.count(block)
        for named in self.named:
            begin, end = tables.span(named.stream)
            gain = recovery_gain(
                led_score(tables, named.bet, named.shape),
                block.cells[begin:end].astype(np.float64),
            )
            gain *= block.exponent_of(named.bet)
            named.log_capital = np.maximum(named.log_capital + gain, 0.0)

    def design(self, kappa: Floats, rows_independent: bool) -> Floats:
        """How many rows since the onset tell as much as an independent one, float64[streams]."""
        kish = 1.0 if rows_independent else self._rows_squared / max(self._rows, 1)
        return np.maximum(kappa, kish)

    def has_recovered(self, tables: BetTables, recent: Ints, design: Floats) -> bool:
        """Whether all that it names are back.

        Each stream's bet on that has won enough, and the PSI of `recent` (int64[cells], the last
        window) is not beyond its noise band by more than delta^2, the PSI that does not matter.
        """
        return all(
            log_mean(named.log_capital) >= RECOVERED_LOG
            and coarse_excess(tables, recent, named.stream, float(design[named.stream]))
            <= tables.delta**2
            for named in self.named
        )

    def acknowledge(self, actor: str, at_s: float) -> None:
        """Somebody has seen it. Silences; what is known stays."""
        self.acknowledged_by, self.acknowledged_s = actor, at_s

    def told(
        self, tables: BetTables, kappa: Floats, design: Floats, closed: Closed = OPEN
    ) -> Alarm:
        """The alarm as it stands."""
        is_joint = tables.is_joint
        order = sorted(
            self.named, key=lambda n: (not n.is_leading, bool(is_joint[n.stream]), -n.log_evidence)
        )
        names = {named.stream: tables.names[named.stream] for named in order}
        return Alarm(
            state=closed.state,
            crossed_s=self.crossed_s,
            onset=self.onset,
            evidence_log10=self.log_evidence / LN10,
            false_alarm_s=self.false_alarm_s,
            streams=tuple(self._stream(tables, named, design) for named in order),
            rows=self._rows,
            kappa={name: float(kappa[i]) for i, name in names.items()},
            tolerance={name: float(tables.tolerance[i]) for i, name in names.items()},
            acknowledged_by=self.acknowledged_by,
            acknowledged_s=self.acknowledged_s,
            closed_s=closed.at_s,
            closed_by=closed.by,
        )

    def _stream(self, tables: BetTables, named: NamedStream, design: Floats) -> AlarmStream:
        begin, end = tables.span(named.stream)
        dependent = float(design[named.stream])
        size = shift(tables, self._counts, named.bet)
        rows = int(self._counts[begin:end].sum())
        return AlarmStream(
            stream=tables.names[named.stream],
            change=change_text(tables, named.bet),
            evidence_log10=named.log_evidence / LN10,
            share=named.share,
            is_leading=named.is_leading,
            is_confirmed=named.is_confirmed,
            size_sigma=size,
            size_error=None if size is None else 2.0 * float(np.sqrt(dependent / rows)),
            psi_excess=coarse_excess(tables, self._counts, named.stream, dependent),
            cells=changed_cells(tables, self._counts, named.bet),
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that from_arrays() needs."""
        acknowledged_s = np.nan if self.acknowledged_s is None else self.acknowledged_s
        times = [self.crossed_s, *self.onset, self.log_evidence, self.false_alarm_s, acknowledged_s]
        named = self.named
        return {
            "alarm_times": np.array(times, np.float64),
            "alarm_acknowledged_by": np.array(self.acknowledged_by),
            "alarm_counts": self._counts.copy(),  # it goes on growing while the state is written
            "alarm_rows": np.array([self._rows, self._rows_squared], np.int64),
            "alarm_bets": np.array([(n.stream, n.bet) for n in named], np.int64).reshape(-1, 2),
            "alarm_evidence": np.array([(n.log_evidence, n.share) for n in named], np.float64),
            "alarm_marks": np.array([(n.is_leading, n.is_confirmed) for n in named], np.bool_),
            "alarm_shape_sizes": np.array([len(n.shape) for n in named], np.int64),
            "alarm_shapes": np.concatenate([np.zeros(0), *(n.shape for n in named)]),
            "alarm_recovery": np.array([n.log_capital for n in named], np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "OpenAlarm":
        """The same."""
        crossed, mode, begin, end, evidence, false_alarm, seen = map(float, arrays["alarm_times"])
        alarm = cls(crossed, Onset(mode, begin, end), evidence, false_alarm, arrays["alarm_counts"])
        alarm._rows, alarm._rows_squared = map(int, arrays["alarm_rows"])
        alarm.acknowledged_by = str(arrays["alarm_acknowledged_by"])
        alarm.acknowledged_s = None if np.isnan(seen) else seen
        shapes = np.split(arrays["alarm_shapes"], np.cumsum(arrays["alarm_shape_sizes"]))
        for i, (stream, bet) in enumerate(arrays["alarm_bets"]):
            log_evidence, share = map(float, arrays["alarm_evidence"][i])
            is_leading, is_confirmed = map(bool, arrays["alarm_marks"][i])
            alarm.named.append(
                NamedStream(
                    stream=int(stream),
                    bet=int(bet),
                    log_evidence=log_evidence,
                    share=share,
                    is_leading=is_leading,
                    is_confirmed=is_confirmed,
                    shape=shapes[i].astype(np.float64),
                    log_capital=arrays["alarm_recovery"][i].astype(np.float64),
                )
            )
        return alarm
