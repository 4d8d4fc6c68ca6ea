"""One node, or a few, put to the proof: for the tests of the rules."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto

from tests.models.build import Dims, model, tensor
from tiltyard.store.rowwise import prove

PROVED = "proved"


def ints(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def floats(*shape: int) -> npt.NDArray[np.float32]:
    return np.ones(shape, np.float32)


def verdict(
    nodes: Sequence[NodeProto],
    *inputs: Dims,
    opset: int = 18,
    kind: int = TensorProto.FLOAT,
    **constants: npt.ArrayLike,
) -> str:
    """ "proved", or why not. Inputs are called x, x1, x2, ..; the output is y."""
    specs = [tensor(f"x{index or ''}", dims, kind) for index, dims in enumerate(inputs)]
    domains = {"ai.onnx.ml": 3, "com.microsoft": 1}
    proto = model(nodes, specs, [tensor("y", None)], constants, opset, domains)
    found = prove(proto, {})
    return PROVED if found.proved else found.reason
