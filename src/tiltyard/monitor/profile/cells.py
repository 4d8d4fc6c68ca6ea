"""The cells of a stream: where each value is counted, fixed once from the reference.

Ordered kinds (numeric, discrete, text) have, in this order: -inf, BELOW the reference minimum, the
finite cells, ABOVE its maximum, +inf, MISSING (NaN), and discrete ones UNSEEN (a value between
those of the reference). Categorical streams have one cell a value, then OTHER (seen in the
reference, but too rare for a cell of its own), UNSEEN, MISSING and INVALID.

A finite cell of a numeric stream is (edge before, edge], the first one [minimum, edge]. Statistics
and alarms use folded counts: -inf in BELOW, +inf in ABOVE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CODE_MISSING = 0xFFFFFFFF
CODE_INVALID = 0xFFFFFFFE


class Kind(StrEnum):
    """What a stream's values are."""

    numeric = "numeric"
    discrete = "discrete"  # ordered, and few different values: one cell each
    categorical = "categorical"
    text = "text"  # strings that hardly repeat: their length in bytes is what is watched

    @property
    def is_ordered(self) -> bool:
        return self is not Kind.categorical


class CellRole(StrEnum):
    """What a cell is for, also in the folded counts, which have no infinities."""

    minus_infinity = "-inf"
    below = "below"
    finite = "finite"
    above = "above"
    plus_infinity = "+inf"
    category = "category"
    other = "other"
    unseen = "unseen"
    missing = "missing"
    invalid = "invalid"


ORDERED = frozenset({CellRole.below, CellRole.finite, CellRole.above})
EDGE_DIGITS_MIN = 6
EDGE_DIGITS_MAX = 9


@dataclass(frozen=True)
class Cells:
    """The cells of one stream.

    Ordered kinds: `edges` float32 ascending without duplicates, the upper edge of each finite cell
    (the last is the reference maximum; of discrete streams the values themselves), and `minimum`.
    Categorical: `codes` uint32 ascending, every code that the reference has or that is known of,
    `code_cells` int64 the index of each one's cell among the categories, or the number of
    categories for OTHER; and `labels`, the text of each category, by cell.
    """

    kind: Kind
    edges: npt.NDArray[np.float32]
    minimum: float
    codes: npt.NDArray[np.uint32]
    code_cells: Ints
    labels: tuple[str, ...]

    @cached_property
    def roles(self) -> tuple[CellRole, ...]:
        """One a cell, in the order of the counts."""
        if self.kind is Kind.categorical:
            rest = (CellRole.other, CellRole.unseen, CellRole.missing, CellRole.invalid)
            return (CellRole.category,) * len(self.labels) + rest
        tail: tuple[CellRole, ...] = (CellRole.above, CellRole.plus_infinity, CellRole.missing)
        if self.kind is Kind.discrete:
            tail = (*tail, CellRole.unseen)
        finite = (CellRole.finite,) * len(self.edges)
        return (CellRole.minus_infinity, CellRole.below, *finite, *tail)

    @property
    def size(self) -> int:
        return len(self.roles)

    @cached_property
    def folded_roles(self) -> tuple[CellRole, ...]:
        """The roles of fold()'s cells: those of the counts, without the infinities."""
        infinities = (CellRole.minus_infinity, CellRole.plus_infinity)
        return tuple(role for role in self.roles if role not in infinities)

    def fold(self, counts: npt.ArrayLike) -> Ints:
        """Counts int64[..., size] with -inf added to BELOW and +inf to ABOVE, in folded order.

        >>> cells = ordered_cells(Kind.numeric, np.float32([1, 2]), 0.0)
        >>> cells.fold([1, 0, 5, 6, 2, 3, 4]).tolist()
        [1, 5, 6, 5, 4]
        """
        counts = np.asarray(counts, np.int64)
        if not self.kind.is_ordered:
            return counts
        plus = self.roles.index(CellRole.plus_infinity)
        folded = np.concatenate([counts[..., 1:plus], counts[..., plus + 1 :]], axis=-1)
        folded[..., 0] += counts[..., 0]
        folded[..., plus - 2] += counts[..., plus]
        return folded

    @cached_property
    def ordered(self) -> slice:
        """Where BELOW, the finite cells and ABOVE lie in the folded counts; empty of categories."""
        if not self.kind.is_ordered:
            return slice(0, 0)
        return slice(0, len(self.edges) + 2)

    @cached_property
    def edge_names(self) -> tuple[str, ...]:
        """What a reader calls the minimum and each edge: with six digits, or as tell them apart.

        Six are too few where values are far from 0 and close together; nine tell all float32 apart.
        """
        edges = [self.minimum, *self.edges.tolist()]
        for digits in range(EDGE_DIGITS_MIN, EDGE_DIGITS_MAX):
            names = tuple(f"{edge:.{digits}g}" for edge in edges)
            if len(set(names)) == len(set(edges)):
                return names
        return tuple(f"{edge:.{EDGE_DIGITS_MAX}g}" for edge in edges)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What a reader calls each folded cell; no two are called the same."""
        if not self.kind.is_ordered:
            return _apart(self.labels, ("OTHER", "UNSEEN", "MISSING", "INVALID"))
        first, *edges = self.edge_names
        if self.kind is Kind.discrete:
            finite = edges
        else:
            lows = [f"[{first}", *(f"({edge}" for edge in edges)]
            finite = [f"{low}, {edge}]" for low, edge in zip(lows, edges, strict=False)]
        tail = ("MISSING", "UNSEEN") if self.kind is Kind.discrete else ("MISSING",)
        last = edges[-1] if edges else first
        return (f"< {first}", *finite, f"> {last}", *tail)


def _apart(labels: Sequence[str], reserved: Sequence[str]) -> tuple[str, ...]:
    """The labels and the reserved names; in quotes a label that is called as one before it."""
    names: dict[str, None] = dict.fromkeys(reserved)
    for label in labels:
        name = label
        while name in names:
            name = f"'{name}'"
        names[name] = None
    return (*list(names)[len(reserved) :], *reserved)


def ordered_cells(kind: Kind, edges: npt.NDArray[np.float32], minimum: float) -> Cells:
    """Cells of an ordered kind; see Cells."""
    no_codes = np.zeros(0, np.uint32)
    return Cells(kind, edges, minimum, no_codes, np.zeros(0, np.int64), ())


def category_cells(
    codes: npt.NDArray[np.uint32], code_cells: Ints, labels: tuple[str, ...]
) -> Cells:
    """Cells of categories; see Cells."""
    return Cells(Kind.categorical, np.zeros(0, np.float32), 0.0, codes, code_cells, labels)
