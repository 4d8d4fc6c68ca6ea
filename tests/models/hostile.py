"""Models that must be refused: they crash, hang, eat memory, or give what is no tensor."""

from functools import cache

import numpy as np
from onnx import NodeProto, TensorProto, helper

from tests.models.build import model, node, serialised, tensor

HUGE = 2**40


@cache
def crash_at_load() -> bytes:
    """INT64's minimum by -1 in constants, folded at load: the process dies of SIGFPE."""
    return serialised(
        model(
            [node("Div", "least minus_one", "bad"), node("Add", "x bad", "y")],
            [tensor("x", ["N"], TensorProto.INT64)],
            [tensor("y", ["N"], TensorProto.INT64)],
            {"least": np.array([-(2**63)]), "minus_one": np.array([-1])},
        )
    )


@cache
def crash_at_run() -> bytes:
    """(0 x + INT64's minimum) / -1, for any x: the process dies of SIGFPE."""
    return serialised(
        model(
            [
                node("Mul", "x zero", "nothing"),
                node("Add", "nothing least", "low"),
                node("Div", "low minus_one", "y"),
            ],
            [tensor("x", ["N"], TensorProto.INT64)],
            [tensor("y", ["N"], TensorProto.INT64)],
            {"zero": np.array([0]), "least": np.array([-(2**63)]), "minus_one": np.array([-1])},
        )
    )


@cache
def hang_at_run() -> bytes:
    """A Loop of 2**62 trips."""
    body = helper.make_graph(
        [node("Identity", "go", "go_on"), node("Add", "held step", "next")],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N"]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("next", ["N"])],
    )
    return serialised(
        model(
            [node("Loop", "trips always x", "y", body=body)],
            [tensor("x", ["N"])],
            [tensor("y", ["N"])],
            {"trips": np.array(2**62), "always": np.array(True), "step": 1.0},
        )
    )


@cache
def hang_at_extremes() -> bytes:
    """x [N,4] goes through a Loop of as many trips as its largest value says, 10**18 at most."""
    body = helper.make_graph(
        [node("Identity", "go", "go_on"), node("Neg", "held", "next")],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N", 4]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("next", ["N", 4])],
    )
    return serialised(
        model(
            [
                node("ReduceMax", "x", "most", keepdims=0),
                node("Min", "most limit", "bounded"),
                node("Cast", "bounded", "trips", to=TensorProto.INT64),
                node("Loop", "trips always x", "y", body=body),
            ],
            [tensor("x", ["N", 4])],
            [tensor("y", ["N", 4])],
            {"limit": 1e18, "always": np.array(True)},
        )
    )


@cache
def memory_at_run() -> bytes:
    """Expands the input to 2**40 floats."""
    return serialised(
        model(
            [
                node("ReduceMax", "x", "most", keepdims=0),
                node("Expand", "most huge", "large"),
                node("ReduceSum", "large", "y", keepdims=0),
            ],
            [tensor("x", ["N", 4])],
            [tensor("y", [])],
            {"huge": np.array([HUGE], np.int64)},
        )
    )


@cache
def memory_at_load() -> bytes:
    """Four sparse constants of 1 GiB with one float each that is not zero; dense after load."""
    names = [f"large{index}" for index in range(4)]
    return serialised(
        model(
            [
                *(_sparse_constant(name) for name in names),
                node("Sum", " ".join(names), "sum"),
                node("ReduceSum", "sum", "total", keepdims=0),
                node("Add", "x total", "y"),
            ],
            [tensor("x", ["N", 4])],
            [tensor("y", ["N", 4])],
        )
    )


def _sparse_constant(name: str) -> NodeProto:
    values = helper.make_tensor("values", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("indices", TensorProto.INT64, [1], [5])
    sparse = helper.make_sparse_tensor(values, indices, [2**28])
    return helper.make_node("Constant", [], [name], name=name, sparse_value=sparse)


@cache
def custom_operator() -> bytes:
    return serialised(
        model(
            [node("Score", "x", "y", domain="com.example")],
            [tensor("x", ["N", 4])],
            [tensor("y", ["N", 4])],
            domains={"com.example": 1},
        )
    )


@cache
def sequence_output() -> bytes:
    """Its output is a sequence of tensors, which no tensor can stand for."""
    output = helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)
    return serialised(
        model([node("SplitToSequence", "x", "parts", axis=0)], [tensor("x", ["N", 4])], [output])
    )


@cache
def map_output() -> bytes:
    """A ZipMap whose dictionaries another operator uses: it cannot be taken out."""
    kind = helper.make_map_type_proto(
        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    )
    output = helper.make_value_info("again", helper.make_sequence_type_proto(kind))
    return serialised(
        model(
            [
                node("ZipMap", "x", "maps", domain="ai.onnx.ml", classlabels_int64s=[0, 1]),
                node("Identity", "maps", "again"),
            ],
            [tensor("x", ["N", 2])],
            [output],
            domains={"ai.onnx.ml": 1},
        )
    )
