"""Capital of all bets of a plane, and what its streams hold together.

R of a bet is a Shiryaev-Roberts sum in seconds: each tick puts in as many as it lasted, and all
that is in wins or loses by the tick's rows. R - elapsed time is a supermartingale while the stream
stays within its tolerance, so a mean over bets and streams takes at least T seconds, on average, to
reach T.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.shape_bets import faded
from tiltyard.monitor.profile.cells import Floats


class Evidence:
    """Not thread-safe. Any number of streams; no mean over them is taken here.

    `log_capital` float64[bets] is ln R, R in seconds (-inf: nothing was bet yet); `learned`
    float64[half_lives, coarse] are the faded counts of earlier ticks.
    """

    def __init__(self, tables: BetTables, half_lives: tuple[float, ...]) -> None:
        self.tables = tables
        self._half_lives = half_lives
        self.reset()

    def reset(self) -> None:
        """Nothing was bet, and nothing was learned."""
        self.log_capital = np.full(self.tables.layout.size, -np.inf)
        self.learned = np.zeros((len(self._half_lives), len(self.tables.shape.stream)))

    def use(self, tables: BetTables) -> None:
        """Bet the next ticks against other tables of the same layout; capital is kept."""
        if tables.layout is not self.tables.layout:
            raise ValueError(
                f"the tables of slot {tables.slot} have another layout than those of slot "
                f"{self.tables.slot}; capital can be carried to tables of one layout only"
            )
        self.learned = tables.shape.carried(self.learned, self.tables.shape)
        self.tables = tables

    def update(
        self,
        cells: Floats,
        exponent: Floats,
        elapsed_s: float,
        is_serial: npt.NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Bet one tick: ln R <- logaddexp(ln R, ln elapsed) + exponent * sum of c l.

        `cells` float64[cells] counts, `exponent` float64[2, streams] at most 1: of bets on scores,
        and of the others (see row_exponents()). A stream without rows is left as it is. Where ticks
        tell of those after them (`is_serial` bool[streams]) the shapes that were learned win by
        that alone, so they are not bet on, and begin anew afterwards. Returns what was added,
        float64[bets], with the exponent in it.
        """
        tables = self.tables
        stream = tables.layout.stream
        added = tables.increments(cells, tables.shape.logs(self.learned))
        on_score, on_cell = exponent[:, stream]
        added *= np.where(tables.layout.is_on_score, on_score, on_cell)
        after = _log_add(self.log_capital, np.log(elapsed_s)) + added
        has_rows = tables.rows_of(cells) > 0.0
        if not has_rows.all():
            after = np.where(has_rows[stream], after, self.log_capital)
        if is_serial is not None and is_serial.any():
            rests = tables.layout.shapes[:, is_serial]
            after[rests], added[rests] = -np.inf, 0.0
        self.log_capital = after
        self.learned = faded(self.learned, tables.coarse_counts(cells), self._half_lives)
        return added

    def of_bets(self) -> Floats:
        """ln of the weighted capital of each bet, float64[bets]."""
        return self.log_capital + self.tables.layout.log_weight

    def of_streams(self) -> Floats:
        """ln E of each stream, float64[streams]; E = sum of weight * R, in seconds."""
        return log_sum_by(self.of_bets(), self.tables.layout.starts, self.tables.layout.stream)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that from_arrays() needs beside the tables."""
        return {"log_capital": self.log_capital, "learned": self.learned}

    @classmethod
    def from_arrays(
        cls,
        tables: BetTables,
        half_lives: tuple[float, ...],
        arrays: Mapping[str, npt.NDArray[Any]],
    ) -> "Evidence":
        """The same to the bit. Raises ValueError where the arrays are of other tables."""
        evidence = cls(tables, half_lives)
        for name in ("log_capital", "learned"):
            expected, came = getattr(evidence, name).shape, arrays[name].shape
            if came != expected:
                raise ValueError(f"saved {name} has shape {came}; {expected} is expected")
        evidence.log_capital = arrays["log_capital"].astype(np.float64)
        evidence.learned = arrays["learned"].astype(np.float64)
        return evidence


def log_sum_by(logs: Floats, starts: npt.NDArray[np.int64], owner: npt.NDArray[np.int64]) -> Floats:
    """ln of the sum of e^logs over each stretch that begins at `starts`; -inf of nothing."""
    highest = np.maximum.reduceat(logs, starts)
    shift = np.where(np.isfinite(highest), highest, 0.0)
    sums = np.add.reduceat(np.exp(logs - shift[owner]), starts)
    with np.errstate(divide="ignore"):  # the logarithm of no capital is -inf
        logs_of_sums: Floats = np.log(sums) + shift
    return logs_of_sums


def _log_add(logs: Floats, log: float) -> Floats:
    """ln(e^logs + e^log); numpy's logaddexp takes three times as long."""
    total = np.exp(-np.abs(logs - log))
    total += 1.0
    np.log(total, out=total)
    total += np.maximum(logs, log)
    return total
