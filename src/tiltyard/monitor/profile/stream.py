"""A stream: one thing that is watched of a model, and what the reference had of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tiltyard.monitor.profile.cells import Cells, Ints


class Group(StrEnum):
    """Where a stream's values come from."""

    feature = "feature"
    output = "output"
    joint = "joint"  # computed from all features of a row: surprise, mahalanobis


class Slot(NamedTuple):
    """How a stream's 4-byte slot of a record is made; see Engine.record() for `reads`."""

    side: str  # "input" or "output"
    tensor: str
    column: int  # the first element within a row, flattened
    length: int  # how many
    reads: str


@dataclass(frozen=True)
class Stream:
    """One feature, output or joint stream of a profile.

    `counts` int64[cells.size] are the reference's rows by cell. `mean` and `sigma` are those of the
    reference's finite values as float32 (population; 0 and 1 of categories, and sigma 1 where the
    values are constant); the display value is value * scale, in `unit`. `slot` is None of joint
    streams. `other_rare` is how many categories of those in OTHER the reference has once, and how
    many twice; None of ordered streams, and where an older file does not say it.
    """

    name: str
    group: Group
    slot: Slot | None
    cells: Cells
    counts: Ints
    mean: float = 0.0
    sigma: float = 1.0
    scale: float = 1.0
    unit: str = ""
    other_rare: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """How many rows of the reference the counts are of."""
        return int(self.counts.sum())
