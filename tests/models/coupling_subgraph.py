"""Couplers that hide it in what is not a plain node: branches, loops, functions, sequences.

As in coupling.py, every one is FP32 x [N,4] to y.
"""

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from tests.models.build import ints, model, node, on_rows, tensor


def _branch(name: str, nodes: list[NodeProto], output: str) -> GraphProto:
    return helper.make_graph(nodes, name, [], [tensor(output, ["N", 4])])


def _centred(output: str) -> list[NodeProto]:
    """The outer x without its mean over the rows."""
    return [
        node("ReduceMean", "x rows", f"mean_{output}"),
        node("Sub", f"x mean_{output}", output),
    ]


def mean_in_branch() -> ModelProto:
    """The condition is a constant; what couples is inside the branch that is taken."""
    return on_rows(
        [
            node(
                "If",
                "always",
                "y",
                then_branch=_branch("yes", _centred("a"), "a"),
                else_branch=_branch("no", [node("Identity", "x", "b")], "b"),
            )
        ],
        always=np.array(True),
        rows=ints(0),
    )


def threshold_in_nested_branch() -> ModelProto:
    """Couples only when some value is above 100, two branches deep."""
    inner = node(
        "If",
        "far",
        "deep",
        then_branch=_branch("inner_yes", _centred("c"), "c"),
        else_branch=_branch("inner_no", [node("Identity", "x", "d")], "d"),
    )
    return on_rows(
        [
            node("ReduceMax", "x", "most", keepdims=0),
            node("Greater", "most limit", "far"),
            node(
                "If",
                "always",
                "y",
                then_branch=_branch("outer_yes", [inner], "deep"),
                else_branch=_branch("outer_no", [node("Identity", "x", "e")], "e"),
            ),
        ],
        limit=100.0,
        always=np.array(True),
        rows=ints(0),
    )


def mean_in_loop() -> ModelProto:
    """A loop of two trips, whose body takes the mean over the rows."""
    body = helper.make_graph(
        [
            node("Identity", "go", "go_on"),
            node("ReduceMean", "held rows", "mean"),
            node("Sub", "held mean", "moved"),
        ],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N", 4]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("moved", ["N", 4])],
    )
    return on_rows(
        [node("Loop", "two always x", "y", body=body)],
        two=np.array(2, np.int64),
        always=np.array(True),
        rows=ints(0),
    )


def loop_until_all_are_small() -> ModelProto:
    """Halves every row until the largest value of all is below 1."""
    body = helper.make_graph(
        [
            node("Mul", "held half", "less"),
            node("ReduceMax", "less", "most", keepdims=0),
            node("Greater", "most one", "go_on"),
        ],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N", 4]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("less", ["N", 4])],
    )
    return on_rows(
        [node("Loop", "many always x", "y", body=body)],
        many=np.array(200, np.int64),
        always=np.array(True),
        half=0.5,
        one=1.0,
    )


def scan_over_columns() -> ModelProto:
    """Scans the columns; each step takes the mean over the rows."""
    body = helper.make_graph(
        [
            node("ReduceMean", "column", "mean", keepdims=1),
            node("Sub", "column mean", "moved"),
            node("Identity", "held", "held_out"),
        ],
        "body",
        [tensor("held", [1]), tensor("column", ["N"])],
        [tensor("held_out", [1]), tensor("moved", ["N"])],
    )
    return on_rows(
        [
            node(
                "Scan",
                "start x",
                "last y",
                body=body,
                num_scan_inputs=1,
                scan_input_axes=[1],
                scan_output_axes=[1],
            )
        ],
        start=np.zeros(1, np.float32),
    )


def mean_in_function() -> ModelProto:
    """What couples is inside a function of the model's own."""
    made = model(
        [node("Centre", "x", "y", domain="own")],
        [tensor("x", ["N", 4])],
        [tensor("y", None)],
        domains={"own": 1},
    )
    made.functions.append(
        helper.make_function(
            "own",
            "Centre",
            ["a"],
            ["b"],
            [
                helper.make_node("Constant", [], ["rows"], value_ints=[0]),
                helper.make_node("ReduceMean", ["a", "rows"], ["mean"]),
                helper.make_node("Sub", ["a", "mean"], ["b"]),
            ],
            [helper.make_opsetid("", 18)],
        )
    )
    return made


def joined_sequence() -> ModelProto:
    """The rows as a sequence of tensors, and back in reverse."""
    return on_rows(
        [
            node("SplitToSequence", "x one", "parts", axis=0),
            node("SequenceAt", "parts last", "newest"),
            node("Add", "x newest", "y"),
        ],
        one=np.array(1, np.int64),
        last=np.array(-1, np.int64),
    )


IN_SUBGRAPHS = (
    mean_in_branch,
    threshold_in_nested_branch,
    mean_in_loop,
    loop_until_all_are_small,
    scan_over_columns,
    mean_in_function,
    joined_sequence,
)
