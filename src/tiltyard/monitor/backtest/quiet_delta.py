"""The smallest delta at which a file raises no alarm, of a few that people would choose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

GRID: Final = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class QuietDelta:
    """`delta` raised no alarm, and `louder`, the next smaller one that was tried, did.

    None: all raised some, or none did.
    """

    delta: float | None
    louder: float | None


def quiet_delta(is_quiet: Callable[[float], bool], known: Mapping[float, bool]) -> QuietDelta:
    """Bisect GRID and the deltas that are `known`, whose answers are not asked for again.

    It is taken that what is quiet at one delta is so at larger ones; `delta` and `louder` hold
    whether or not that is so, for both were tried.

    >>> quiet_delta(lambda delta: delta >= 0.12, {0.1: False})
    QuietDelta(delta=0.15, louder=0.1)
    """
    grid = sorted({*GRID, *known})
    low, high = -1, len(grid)  # loud up to low, quiet from high on
    for delta, quiet in known.items():
        if quiet:
            high = min(high, grid.index(delta))
        else:
            low = max(low, grid.index(delta))
    while high - low > 1:
        middle = (low + high) // 2
        if is_quiet(grid[middle]):
            high = middle
        else:
            low = middle
    return QuietDelta(
        grid[high] if high < len(grid) else None,
        grid[low] if low >= 0 else None,
    )
