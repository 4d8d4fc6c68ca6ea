"""What happened on a plane since the tick before: counts, and over how many seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tiltyard.monitor.profile.cells import Ints


@dataclass(frozen=True, eq=False)
class TickCounts:
    """Integers, so that the ticks of replicas add up exactly, in any order, before they are bet.

    `cells` int64[cells]: the streams' folded cells, one stream after another. `rows_squared` is the
    sum over requests of the squared number of their rows. `elapsed_s` seconds have passed since the
    tick before, and it ended at `ended_s` of whatever clock the caller wants to see onsets in.
    """

    cells: Ints
    rows: int
    requests: int
    rows_squared: int
    elapsed_s: float
    ended_s: float


def merged(ticks: Sequence[TickCounts]) -> TickCounts:
    """The same stretch of time as several gateways counted it, as one. Raises ValueError if empty.

    Capital after this tick is bit for bit what one gateway would have that saw all of the rows.
    """
    if not ticks:
        raise ValueError("there are no ticks to be merged; at least one is expected")
    return TickCounts(
        cells=np.sum([tick.cells for tick in ticks], axis=0, dtype=np.int64),
        rows=sum(tick.rows for tick in ticks),
        requests=sum(tick.requests for tick in ticks),
        rows_squared=sum(tick.rows_squared for tick in ticks),
        elapsed_s=max(tick.elapsed_s for tick in ticks),
        ended_s=max(tick.ended_s for tick in ticks),
    )
