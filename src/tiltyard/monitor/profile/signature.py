"""What a model takes and gives, and which part of a tensor is one row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tiltyard.store.datatype import BY_NAME
from tiltyard.store.manifest import Description, TensorSpec


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs in the model's order. `class_labels`: of the columns of an output."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...] = ()
    class_labels: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, description: Description) -> "Signature":
        return cls(description.inputs, description.outputs, description.class_labels)

    @property
    def has_rows(self) -> bool:
        """Whether a request can have several rows; else all of a tensor is one row."""
        return all(map(can_be_rows, self.inputs))

    def by_row(self) -> "Signature":
        """The same with a first dimension of rows everywhere, as references have it.

        The rule is the data plane's, native/infer/record_layout: dimension 0 is the rows' where it
        can be, if it can be in every input.
        """
        inputs = tuple(map(self._by_row, self.inputs))
        return replace(self, inputs=inputs, outputs=tuple(map(self._by_row, self.outputs)))

    def _by_row(self, spec: TensorSpec) -> TensorSpec:
        is_cut = self.has_rows and can_be_rows(spec)
        return replace(spec, shape=(None, *(spec.shape[1:] if is_cut else spec.shape)))


def can_be_rows(spec: TensorSpec) -> bool:
    """Whether dimension 0 can count rows: it is free, or 1, or there is none."""
    return not spec.shape or not isinstance(spec.shape[0], int) or spec.shape[0] == 1


def row_shape(spec: TensorSpec) -> tuple[int | None, ...]:
    """The shape of one row of a spec of Signature.by_row(); None where a dimension is free."""
    return tuple(dim if isinstance(dim, int) else None for dim in spec.shape[1:])


def row_width(spec: TensorSpec) -> int | None:
    """How many elements a row has; None when that differs from request to request."""
    shape = row_shape(spec)
    fixed = [dim for dim in shape if dim is not None]
    return math.prod(fixed) if len(fixed) == len(shape) else None


def numpy_type(datatype: str) -> Any:
    """The numpy type of a v2 datatype; BYTES are objects of type bytes."""
    if datatype == "BYTES":
        return np.dtype(object)
    if datatype == "BF16":
        # Imported here: few models have it.
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(BY_NAME[datatype].npy)
