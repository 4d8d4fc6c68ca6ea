"""The ticks that a detector remembers: the last ones each, older ones in ever larger blocks.

What an onset and a size are computed from. Bounded: 32 single ticks, then 8 blocks each of 2, 4, ..
256 ticks, 4,112 ticks in 96 blocks; a block holds 4 bytes a cell and 32 a stream, about 0.5 MB
in all of 32 streams with 37 cells each.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.alarm.bet_layout import BetLayout
from tiltyard.monitor.alarm.exponent import CELL, SCORE
from tiltyard.monitor.profile.cells import Floats, Ints

SINGLE_TICKS: Final = 32
BLOCKS_A_LEVEL: Final = 8
LEVELS: Final = 9
_COUNT_MAX: Final = 2**32 - 1


class BlockTables(Protocol):
    """What is needed of the tables that a block was bet with: BetTables, or what builds them."""

    @property
    def slot(self) -> int: ...
    @property
    def layout(self) -> BetLayout: ...
    def span(self, stream: int) -> tuple[int, int]: ...
    def table(self, bet: int) -> Floats: ...


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """One tick, or several that followed each other and were bet with the same tables.

    Times in seconds; `elapsed_s` is what its ticks put in. `cells` uint32[cells]; `exponent`
    float64[2, streams] is the mean over its rows; `shape` float64[half_lives, streams] is what the
    shape bets gained.
    """

    started_s: float
    ended_s: float
    ticks: int
    elapsed_s: float
    rows: int
    rows_squared: int
    cells: npt.NDArray[np.uint32]
    exponent: Floats
    shape: Floats
    tables: BlockTables

    def gains(self, bet: int) -> float:
        """What it added to ln R of a bet; of a block of several ticks with their mean exponent."""
        layout = self.tables.layout
        stream = int(layout.stream[bet])
        at = np.flatnonzero(layout.shapes[:, stream] == bet)
        if len(at):
            return float(self.shape[at[0], stream])
        begin, end = self.tables.span(stream)
        gained = self.tables.table(bet) @ self.cells[begin:end]
        return float(gained * self.exponent_of(bet))

    def exponent_of(self, bet: int) -> float:
        """What a row counts for in a bet."""
        layout = self.tables.layout
        sort = SCORE if layout.is_on_score[bet] else CELL
        return float(self.exponent[sort, layout.stream[bet]])

    def then(self, later: "Block") -> "Block":
        """This block and the one after it as one."""
        rows = self.rows + later.rows
        part = self.rows / rows
        return Block(
            started_s=self.started_s,
            ended_s=later.ended_s,
            ticks=self.ticks + later.ticks,
            elapsed_s=self.elapsed_s + later.elapsed_s,
            rows=rows,
            rows_squared=self.rows_squared + later.rows_squared,
            cells=self.cells + later.cells,
            exponent=part * self.exponent + (1.0 - part) * later.exponent,
            shape=self.shape + later.shape,
            tables=later.tables,
        )


class History:
    """Not thread-safe. Blocks from the oldest to the newest."""

    def __init__(self) -> None:
        self._levels: list[deque[Block]] = [deque() for _ in range(LEVELS)]

    def __iter__(self) -> Iterator[Block]:
        for level in reversed(self._levels):
            yield from level

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    def append(self, block: Block) -> None:
        """Remember a tick; the oldest are merged by twos, or forgotten."""
        self._levels[0].append(block)
        for number, level in enumerate(self._levels):
            if len(level) <= (BLOCKS_A_LEVEL if number else SINGLE_TICKS):
                break
            older = level.popleft()
            if number + 1 == LEVELS:
                continue
            above = self._levels[number + 1]
            can_merge = older.tables is level[0].tables and older.rows + level[0].rows <= _COUNT_MAX
            above.append(older.then(level.popleft()) if can_merge else older)

    def clear(self) -> None:
        for level in self._levels:
            level.clear()

    def recent(self) -> Ints | None:
        """Counts int64[cells] of the single ticks; None without one."""
        singles = self._levels[0]
        if not singles:
            return None
        counts: Ints = np.sum([block.cells for block in singles], axis=0, dtype=np.int64)
        return counts

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(b.cells.nbytes + b.exponent.nbytes + b.shape.nbytes for b in self)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that from_arrays() needs beside the tables; empty arrays without a block."""
        blocks = list(self)
        numbers = [
            (b.started_s, b.ended_s, b.ticks, b.elapsed_s, b.rows, b.rows_squared, b.tables.slot)
            for b in blocks
        ]
        return {
            "history_levels": np.array([len(level) for level in self._levels], np.int64),
            "history_numbers": np.array(numbers, np.float64).reshape(-1, 7),
            "history_cells": np.array([b.cells for b in blocks], np.uint32),
            "history_exponent": np.array([b.exponent for b in blocks], np.float64),
            "history_shape": np.array([b.shape for b in blocks], np.float64),
        }

    @classmethod
    def from_arrays(
        cls, tables_of: Callable[[int], BlockTables], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> "History":
        """The same; `tables_of` gives the tables of a slot."""
        history = cls()
        columns = ("history_numbers", "history_cells", "history_exponent", "history_shape")
        blocks = iter(zip(*(arrays[name] for name in columns), strict=True))
        levels = list(enumerate(arrays["history_levels"]))
        for number, length in reversed(levels):
            for numbers, cells, exponent, shape in (next(blocks) for _ in range(int(length))):
                started, ended, ticks, elapsed, rows, squared, slot = map(float, numbers)
                history._levels[number].append(
                    Block(
                        started_s=started,
                        ended_s=ended,
                        ticks=int(ticks),
                        elapsed_s=elapsed,
                        rows=int(rows),
                        rows_squared=int(squared),
                        cells=cells.astype(np.uint32),
                        exponent=exponent.astype(np.float64),
                        shape=shape.astype(np.float64),
                        tables=tables_of(int(slot)),
                    )
                )
        return history
