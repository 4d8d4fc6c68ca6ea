"""What one stream is held against: its folded cells and the reference's counts of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.cells import ORDERED, CellRole, Floats, Ints
from tiltyard.monitor.profile.stream import Group, Stream

# Bet upward by themselves: something is there that the reference hardly had.
RESERVED: Final = frozenset(
    {
        CellRole.below,
        CellRole.above,
        CellRole.missing,
        CellRole.invalid,
        CellRole.unseen,
        CellRole.other,
    }
)
# A reserved cell with at least this share of the reference is bet like a category, both ways.
RESERVED_SHARE_MIN: Final = 0.01


@dataclass(frozen=True, eq=False)
class ReferenceStream:
    """Folded cells: `roles` and `labels` one a cell, `counts` int64[cells] of the reference.

    `is_joint`: computed from all features of a row, and so moved by whichever of them changes.
    `estimated` are the reserved cells whose counts no rows were counted for: never bet downward.
    Raises ValueError where they do not fit each other or the reference has no rows.
    """

    name: str
    roles: tuple[CellRole, ...]
    labels: tuple[str, ...]
    counts: Ints
    is_joint: bool = False
    estimated: frozenset[CellRole] = frozenset()

    def __post_init__(self) -> None:
        sizes = (len(self.roles), len(self.labels), len(self.counts))
        if len(set(sizes)) != 1:
            raise ValueError(
                f"stream '{self.name}' has {sizes[0]} roles, {sizes[1]} labels and {sizes[2]} "
                "counts; one of each a folded cell is expected"
            )
        if np.any(self.counts < 0) or self.rows == 0:
            raise ValueError(
                f"the reference of stream '{self.name}' has {self.rows} rows and the fewest in a "
                f"cell are {min(self.counts, default=0)}; at least one row, none negative, are "
                "expected"
            )
        infinities = {CellRole.minus_infinity, CellRole.plus_infinity} & set(self.roles)
        if infinities:
            raise ValueError(
                f"stream '{self.name}' has a cell {', '.join(sorted(infinities))}; folded cells "
                "are expected, which have none"
            )

    @classmethod
    def of(cls, stream: Stream, counts: Ints | None = None) -> "ReferenceStream":
        """A profile's stream with its own counts, or a baseline's (int64[cells.size], unfolded)."""
        cells = stream.cells
        folded = cells.fold(stream.counts if counts is None else counts)
        is_joint = stream.group is Group.joint
        return cls(stream.name, cells.folded_roles, cells.names, folded, is_joint)

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def shares(self) -> Floats:
        """float64[cells]: raw, unsmoothed."""
        shares: Floats = self.counts / self.counts.sum()
        return shares

    @cached_property
    def ordered(self) -> npt.NDArray[np.bool_]:
        """bool[cells]: BELOW, the finite cells and ABOVE, in their order."""
        return np.array([role in ORDERED for role in self.roles], np.bool_)

    @cached_property
    def reserved(self) -> npt.NDArray[np.bool_]:
        """bool[cells]: the cells that say what a value is not."""
        return np.array([role in RESERVED for role in self.roles], np.bool_)

    @cached_property
    def two_sided(self) -> npt.NDArray[np.bool_]:
        """bool[cells]: bet like categories. A category that the reference never had is UNSEEN's
        like, and bet upward only."""
        categories = np.array([role is CellRole.category for role in self.roles], np.bool_)
        often = self.reserved & (self.shares >= RESERVED_SHARE_MIN)
        return (categories & (self.counts > 0)) | often

    @cached_property
    def downward(self) -> npt.NDArray[np.bool_]:
        """bool[cells]: the two-sided cells in which fewer rows are news."""
        counted = np.array([role not in self.estimated for role in self.roles], np.bool_)
        return self.two_sided & counted

    @cached_property
    def upward(self) -> npt.NDArray[np.bool_]:
        """bool[cells]: bet upward only, with the tolerance of rates."""
        categories = np.array([role is CellRole.category for role in self.roles], np.bool_)
        return (self.reserved | categories) & ~self.two_sided
