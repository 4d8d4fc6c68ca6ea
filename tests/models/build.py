"""Shorthand over onnx.helper that all generators of this package use."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 10

Dims = Sequence[int | str | None]


def tensor(name: str, dims: Dims | None, kind: int = TensorProto.FLOAT) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, dims)


def node(operator: str, inputs: str, outputs: str, **attributes: object) -> NodeProto:
    """A node named after its first output; names are separated by blanks, `_` is an absent one."""
    names = [name.replace("_", "") if name == "_" else name for name in inputs.split()]
    domain = str(attributes.pop("domain", ""))
    made = outputs.split()
    return helper.make_node(operator, names, made, name=made[0], domain=domain, **attributes)


def model(
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    constants: Mapping[str, npt.ArrayLike] | None = None,
    opset: int = OPSET,
    domains: Mapping[str, int] | None = None,
) -> ModelProto:
    """A model; Python floats and ints among the constants become FP32 and INT64."""
    initializers = [
        numpy_helper.from_array(_array(value), name) for name, value in (constants or {}).items()
    ]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, initializers)
    imports = [helper.make_opsetid("", opset)]
    imports += [helper.make_opsetid(name, number) for name, number in (domains or {}).items()]
    return helper.make_model(
        graph, opset_imports=imports, ir_version=IR_VERSION, producer_name="tiltyard-tests"
    )


def on_rows(
    nodes: Sequence[NodeProto], opset: int = OPSET, **constants: npt.ArrayLike
) -> ModelProto:
    """A model of FP32 x [N,4] to y, whose shape is left to be inferred."""
    return model(nodes, [tensor("x", ["N", 4])], [tensor("y", None)], constants, opset)


def ints(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def serialised(proto: onnx.ModelProto) -> bytes:
    return bytes(proto.SerializeToString())


def _array(value: npt.ArrayLike) -> npt.NDArray[np.generic]:
    array = np.asarray(value)
    if array.dtype == np.float64 and not isinstance(value, np.ndarray):
        return array.astype(np.float32)
    return array
