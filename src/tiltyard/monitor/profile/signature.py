"""What a model takes and gives, and which part of a tensor is one row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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


def has_rows(spec: TensorSpec) -> bool:
    """Whether dimension 0 counts rows: it is free, or 1. Else a request is one row."""
    return bool(spec.shape) and (not isinstance(spec.shape[0], int) or spec.shape[0] == 1)


def row_shape(spec: TensorSpec) -> tuple[int | None, ...]:
    """The shape of one row; None where a dimension is free."""
    shape = spec.shape[1:] if has_rows(spec) else spec.shape
    return tuple(dim if isinstance(dim, int) else None for dim in shape)


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
