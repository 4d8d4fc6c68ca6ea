"""One node under proof: its inputs as values, its attributes, and what rules ask of them."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import NodeProto, helper

from tiltyard.store.rowwise.dim import Dim
from tiltyard.store.rowwise.value import Fixed, NotProved, Rows, Sizes, Value, demoted

_opaque_numbers = itertools.count()
_RANK_MAX = 16


def opaque() -> Dim:
    """An unknown dimension that does not depend on the rows."""
    return Dim(1, (f"?{next(_opaque_numbers)}",))


@dataclass(slots=True)
class Step:
    """`inputs` has None where an optional input is absent. `opset` is that of the domain."""

    node: NodeProto
    inputs: list[Value | None]
    opset: int
    attributes: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.attributes = {
            item.name: helper.get_attribute_value(item) for item in self.node.attribute
        }

    def attribute(self, name: str, default: Any = None) -> Any:
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise NotProved(f"input {index} is missing")
        return value

    def present(self) -> list[Value]:
        return [value for value in self.inputs if value is not None]

    def rows(self, index: int = 0) -> Rows:
        """Input `index`, which must carry the rows."""
        value = self.value(index)
        if not isinstance(value, Rows):
            raise NotProved(f"input {index} does not carry the rows, but another input does")
        return value

    def require_fixed(self, first: int, last: int | None = None) -> None:
        """Inputs from `first` on (to `last`) must not depend on the rows."""
        for index, value in list(enumerate(self.inputs))[
            first : None if last is None else last + 1
        ]:
            if value is not None and isinstance(demoted(value), Rows):
                raise NotProved(f"input {index} depends on the rows")

    def fixed_dims(self, index: int) -> tuple[Dim, ...]:
        """The dims of an input that must be the same for all rows."""
        self.require_fixed(index, index)
        dims = demoted(self.value(index)).dims
        if dims is None:
            raise NotProved(f"the rank of input {index} is unknown")
        return dims

    def ints(self, index: int) -> list[int]:
        """The known integers of a constant input."""
        value = self.value(index)
        if isinstance(value, Fixed) and value.array is not None:
            return [int(item) for item in np.asarray(value.array).reshape(-1)]
        if isinstance(value, Sizes) and all(item.is_int for item in value.elements):
            return [item.coefficient for item in value.elements]
        raise NotProved(f"input {index} is not a known constant")

    def elements(self, index: int) -> tuple[Dim, ...]:
        """The integers of an input as products that may contain the rows."""
        value = self.value(index)
        if isinstance(value, Sizes):
            return value.elements
        return tuple(Dim(number) for number in self.ints(index))

    def int_list(self, name: str, index: int) -> list[int] | None:
        """Integers that older opsets have as an attribute and newer ones as an input."""
        if name in self.attributes:
            return [int(item) for item in self.attributes[name]]
        return self.ints(index) if self.has(index) else None


def axis_of(axis: int, rank: int) -> int:
    """`axis` counted from the left."""
    if not -rank <= axis < rank:
        raise NotProved(f"axis {axis} is outside rank {rank}")
    return axis % rank if rank else 0


def opaques() -> list[Dim]:
    return [opaque() for _ in range(_RANK_MAX)]


def replaced(dims: Sequence[Dim], axis: int, dim: Dim) -> tuple[Dim, ...]:
    """`dims` with another dimension at `axis`."""
    return (*dims[:axis], dim, *dims[axis + 1 :])


# A rule gives one value an output.
Rule = Callable[[Step], Sequence[Value]]
