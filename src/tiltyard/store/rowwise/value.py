"""What the proof knows of each tensor, and how tensors broadcast against each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tiltyard.store.rowwise.dim import Dim, text

Array = npt.NDArray[Any]


class NotProved(Exception):  # noqa: N818 - a verdict, not a failure
    """Why the proof ends; the prover adds the node."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A tensor whose blocks along `axis` each depend on one input row, in order.

    dims[axis] is rows*k: row i owns the k entries from i*k on. No other dimension has the rows.
    """

    dims: tuple[Dim, ...]
    axis: int

    @property
    def size(self) -> Dim:
        return self.dims[self.axis]

    @property
    def from_right(self) -> int:
        """Where broadcasting looks for the axis: 1 is the last."""
        return len(self.dims) - self.axis


@dataclass(frozen=True, slots=True)
class Fixed:
    """A tensor that is the same whatever the rows are and however many.

    It may depend on the other dimensions of the inputs, which are alike within a batch. `dims` is
    None where even the rank is unknown; `array` holds small known contents.
    """

    dims: tuple[Dim, ...] | None
    array: Array | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """A scalar or list of integers computed from shapes; `elements` may contain the rows."""

    dims: tuple[Dim, ...]
    elements: tuple[Dim, ...]

    @property
    def has_batch(self) -> bool:
        return any(element.has_batch for element in self.elements)


Value = Rows | Fixed | Sizes


def demoted(value: Value) -> Rows | Fixed:
    """The value for a rule that knows no sizes. NotProved if it would read the number of rows."""
    if not isinstance(value, Sizes):
        return value
    if value.has_batch:
        raise NotProved("it computes with the number of rows")
    return Fixed(value.dims)


def broadcast(values: Sequence[Value], opaque: Sequence[Dim]) -> Rows:
    """The result of an elementwise operator: rows must meet rows, or something of size 1.

    `opaque` are unknown dimensions to use where sizes cannot be told, one a possible position.
    """
    plain = [demoted(value) for value in values]
    rows = [value for value in plain if isinstance(value, Rows)]
    first = rows[0]
    for other in rows[1:]:
        if (other.from_right, other.size) != (first.from_right, first.size):
            raise NotProved(
                f"rows meet on different axes: {text(first.dims)} and {text(other.dims)}"
            )
    shapes = []
    for value in plain:
        if value.dims is None:
            raise NotProved("the rank of one of its inputs is unknown")
        shapes.append(value.dims)
        if isinstance(value, Fixed):
            require_one(value.dims, first.from_right)
    rank = max(map(len, shapes))
    dims = []
    for position in range(rank, 0, -1):
        present = [shape[-position] for shape in shapes if len(shape) >= position]
        dims.append(_meet(present, opaque[position - 1]))
    axis = rank - first.from_right
    dims[axis] = first.size
    return Rows(tuple(dims), axis)


def require_one(dims: Sequence[Dim], from_right: int) -> None:
    """A constant of these dims must not differ from row to row. Raises NotProved."""
    if len(dims) >= from_right and dims[-from_right] != Dim(1):
        raise NotProved(
            f"a constant of shape {text(dims)} lies along the rows: each row would get another part"
        )


def _meet(dims: Sequence[Dim], opaque: Dim) -> Dim:
    wide = [dim for dim in dims if dim != Dim(1)]
    if not wide:
        return Dim(1)
    known = [dim for dim in wide if dim.is_int]
    if known:
        return known[0]
    return wide[0] if all(dim == wide[0] for dim in wide) else opaque
