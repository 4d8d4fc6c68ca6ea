"""Models whose rows depend on each other, always or only sometimes: never to be batched.

Every one is FP32 x [N,4] to y, so that one test can run them all; the proof must refuse each, and
name the operator that couples.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from onnx import ModelProto, TensorProto, helper

from tests.models.build import ints, node, on_rows, serialised, tensor
from tests.models.coupling_axis import ACROSS_AN_AXIS
from tests.models.coupling_subgraph import IN_SUBGRAPHS


def mean_over_rows() -> ModelProto:
    return on_rows([node("ReduceMean", "x axes", "mean"), node("Sub", "x mean", "y")], axes=ints(0))


def mean_over_all() -> ModelProto:
    return on_rows([node("ReduceMean", "x", "mean"), node("Sub", "x mean", "y")])


def softmax_over_rows() -> ModelProto:
    return on_rows([node("Softmax", "x", "y", axis=0)])


def softmax_over_all_opset_11() -> ModelProto:
    """Before opset 13, axis 0 meant all axes flattened."""
    return on_rows([node("Softmax", "x", "y", axis=0)], opset=11)


def cumulative_over_rows() -> ModelProto:
    return on_rows([node("CumSum", "x axis", "y")], axis=np.array(0, np.int64))


def rows_times_rows() -> ModelProto:
    return on_rows(
        [
            node("Transpose", "x", "t", perm=[1, 0]),
            node("MatMul", "x t", "similar"),
            node("MatMul", "similar x", "y"),
        ]
    )


def gemm_of_rows() -> ModelProto:
    return on_rows([node("Gemm", "x x", "gram", transA=1), node("MatMul", "x gram", "y")])


def above_threshold() -> ModelProto:
    """Couples only when some value is above 100: numeric trials do not see it."""
    return on_rows(
        [
            node("ReduceMax", "x", "most"),
            node("Greater", "most limit", "far"),
            node("Neg", "x", "other"),
            node("Where", "far other x", "y"),
        ],
        limit=100.0,
    )


def through_if() -> ModelProto:
    """The same threshold, through a control-flow branch."""
    yes = helper.make_graph([node("Neg", "x", "a")], "yes", [], [tensor("a", ["N", 4])])
    no = helper.make_graph([node("Identity", "x", "b")], "no", [], [tensor("b", ["N", 4])])
    return on_rows(
        [
            node("ReduceMax", "x", "most", keepdims=0),
            node("Greater", "most limit", "far"),
            node("If", "far", "y", then_branch=yes, else_branch=no),
        ],
        limit=100.0,
    )


def mixing_reshape() -> ModelProto:
    return on_rows(
        [
            node("Reshape", "x shape", "wide"),
            node("Softmax", "wide", "soft", axis=0),
            node("Reshape", "soft back", "y"),
        ],
        shape=ints(4, -1),
        back=ints(-1, 4),
    )


def pairing_reshape() -> ModelProto:
    """[N,4] as [N/2,8]: neighbours share a softmax."""
    return on_rows(
        [
            node("Tile", "x twice", "double"),
            node("Reshape", "double shape", "wide"),
            node("Softmax", "wide", "soft"),
            node("Reshape", "soft back", "y"),
        ],
        twice=ints(2, 1),
        shape=ints(-1, 8),
        back=ints(-1, 4),
    )


def joined_rows() -> ModelProto:
    return on_rows([node("Concat", "x x", "y", axis=0)])


def top_over_rows() -> ModelProto:
    return on_rows([node("TopK", "x k", "y where", axis=0)], k=ints(1))


def best_row() -> ModelProto:
    return on_rows(
        [node("ArgMax", "x", "best", axis=0, keepdims=0), node("Gather", "x best", "y", axis=0)]
    )


def training_batch_norm() -> ModelProto:
    return on_rows(
        [node("BatchNormalization", "x one zero zero one", "y m v", training_mode=1)],
        one=np.ones(4, np.float32),
        zero=np.zeros(4, np.float32),
    )


def scan_over_rows() -> ModelProto:
    body = helper.make_graph(
        [node("Add", "held row", "held_out"), node("Identity", "held_out", "y_row")],
        "body",
        [tensor("held", [4]), tensor("row", [4])],
        [tensor("held_out", [4]), tensor("y_row", [4])],
    )
    return on_rows(
        [node("Scan", "start x", "last y", body=body, num_scan_inputs=1)],
        start=np.zeros(4, np.float32),
    )


def loop_over_rows() -> ModelProto:
    body = helper.make_graph(
        [node("Identity", "go", "go_on"), node("Add", "held held", "twice")],
        "body",
        [
            tensor("trip", [], TensorProto.INT64),
            tensor("go", [], TensorProto.BOOL),
            tensor("held", ["N", 4]),
        ],
        [tensor("go_on", [], TensorProto.BOOL), tensor("twice", ["N", 4])],
    )
    return on_rows(
        [
            node("Shape", "x", "rows", end=1),
            node("Squeeze", "rows", "count"),
            node("Loop", "count always x", "y", body=body),
        ],
        always=np.array(True),
    )


def nonzero_rows() -> ModelProto:
    return on_rows(
        [
            node("NonZero", "x", "places"),
            node("Transpose", "places", "pairs"),
            node("Cast", "pairs", "y", to=TensorProto.FLOAT),
        ]
    )


def compressed_rows() -> ModelProto:
    return on_rows(
        [
            node("ReduceMax", "x axes", "most", keepdims=0),
            node("Greater", "most zero", "keep"),
            node("Compress", "x keep", "y", axis=0),
        ],
        axes=ints(1),
        zero=0.0,
    )


def gather_by_rows() -> ModelProto:
    """Each row looks up another row."""
    return on_rows(
        [
            node("ArgMax", "x", "place", axis=1, keepdims=0),
            node("Shape", "x", "rows", end=1),
            node("Mod", "place rows", "inside"),
            node("Gather", "x inside", "y", axis=0),
        ]
    )


def scaled_by_count() -> ModelProto:
    """Divides by the number of rows."""
    return on_rows(
        [
            node("Shape", "x", "rows", end=1),
            node("Cast", "rows", "count", to=TensorProto.FLOAT),
            node("Div", "x count", "y"),
        ]
    )


def numbered_rows() -> ModelProto:
    """Adds each row's place in the batch."""
    return on_rows(
        [
            node("Shape", "x", "rows", end=1),
            node("Squeeze", "rows", "count"),
            node("Range", "zero count one", "places"),
            node("Cast", "places", "as_float", to=TensorProto.FLOAT),
            node("Unsqueeze", "as_float axes", "column"),
            node("Add", "x column", "y"),
        ],
        zero=np.array(0, np.int64),
        one=np.array(1, np.int64),
        axes=ints(1),
    )


def dynamic_quantization() -> ModelProto:
    """One scale for the whole batch: an outlier changes every row."""
    return on_rows(
        [
            node("DynamicQuantizeLinear", "x", "q scale zero"),
            node("DequantizeLinear", "q scale zero", "y"),
        ]
    )


def random_noise() -> ModelProto:
    return on_rows([node("RandomNormalLike", "x", "noise"), node("Add", "x noise", "y")])


def reversed_rows() -> ModelProto:
    return on_rows(
        [node("Slice", "x starts ends axes steps", "y")],
        starts=ints(-1),
        ends=ints(-(2**31)),
        axes=ints(0),
        steps=ints(-1),
    )


def constant_a_row() -> ModelProto:
    """Adds a constant of two rows, so that it runs only for two."""
    return on_rows([node("Add", "x places", "y")], places=np.ones((2, 4), np.float32))


_BUILDERS: tuple[Callable[[], ModelProto], ...] = (
    mean_over_rows,
    mean_over_all,
    softmax_over_rows,
    softmax_over_all_opset_11,
    cumulative_over_rows,
    rows_times_rows,
    gemm_of_rows,
    above_threshold,
    through_if,
    mixing_reshape,
    pairing_reshape,
    joined_rows,
    top_over_rows,
    best_row,
    training_batch_norm,
    scan_over_rows,
    loop_over_rows,
    nonzero_rows,
    compressed_rows,
    gather_by_rows,
    scaled_by_count,
    numbered_rows,
    dynamic_quantization,
    random_noise,
    reversed_rows,
    constant_a_row,
    *IN_SUBGRAPHS,
    *ACROSS_AN_AXIS,
)


def _cached(build: Callable[[], ModelProto]) -> Callable[[], bytes]:
    return cache(lambda: serialised(build()))


# By name: a function that gives the model's bytes.
COUPLERS: dict[str, Callable[[], bytes]] = {build.__name__: _cached(build) for build in _BUILDERS}

# Those that give another answer each time: random ones, and one whose operator keeps a state.
UNSTEADY_COUPLERS = frozenset(
    {"random_noise", "random_rows", "training_dropout", "training_batch_norm"}
)
