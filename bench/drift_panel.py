"""Many simulated planes at once: the detector's arithmetic over one long vector of streams.

A tick of forty planes costs a few times what one costs, so that long runs of unchanged traffic are
cheap. A test holds it to the detector, plane by plane.
"""

from collections.abc import Sequence

import numpy as np

from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.design_effect import DesignEffect
from tiltyard.monitor.alarm.evidence import Evidence
from tiltyard.monitor.alarm.exponent import CELL, row_exponents
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.tick import TickCounts
from tiltyard.monitor.profile.cells import Floats


class Panel:
    """Planes with as many streams each, all of whose ticks last a second. States are not kept:
    whoever reads `log_mean` compares it with the threshold."""

    def __init__(self, planes: Sequence[Sequence[ReferenceStream]], policy: AlarmPolicy) -> None:
        """Raises ValueError where planes have different numbers of streams."""
        numbers = {len(streams) for streams in planes}
        if len(numbers) != 1:
            raise ValueError(f"planes of a panel have {sorted(numbers)} streams; one number each")
        self.streams = numbers.pop()
        self.tables = BetTables.build(
            [stream for streams in planes for stream in streams],
            policy,
            bound_streams=self.streams,
        )
        self.log_mean = np.full(len(planes), -np.inf)
        self._policy = policy
        self._evidence = Evidence(self.tables, policy.half_lives)
        self._effect = DesignEffect(self.tables, policy.warmup_ticks)
        self._ticks = 0

    @property
    def kappa(self) -> Floats:
        """float64[planes, streams], as a detector tells them."""
        kappa: Floats = self._effect.get()[CELL]
        return kappa.reshape(-1, self.streams)

    def tick(self, one: TickCounts) -> Floats:
        """Bet a tick of all planes, and return ln of each one's mean capital in seconds.

        `one.cells` int64[cells of all planes]; its rows and requests are those of each plane.
        Evidence begins anew when the warm-up is over.
        """
        counts = one.cells.astype(np.float64)
        rows = self.tables.rows_of(counts)
        exponent = row_exponents(one, self._effect.get(), rows, self._policy)
        self._evidence.update(counts, exponent, 1.0, self._effect.is_serial())
        self._ticks += 1
        logs = self._evidence.of_streams().reshape(-1, self.streams)
        highest = logs.max(axis=1)
        self.log_mean = highest + np.log(np.exp(logs - highest[:, None]).mean(axis=1))
        self._effect.update(self.tables, counts, float(self._ticks))
        if self._ticks == self._policy.warmup_ticks:
            self._evidence.reset()
            self.log_mean = np.full(len(self.log_mean), -np.inf)
        return self.log_mean
