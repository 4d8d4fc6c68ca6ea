"""Couplers by what an operator takes the rows for: steps, positions, a moved axis, an index.

As in coupling.py, every one is FP32 x [N,4] to y.
"""

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto

from tests.models.build import OPSET, ints, node, on_rows


def _ones(*shape: int) -> npt.NDArray[np.float32]:
    return np.linspace(0.1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _recurrent(operator: str, gates: int) -> ModelProto:
    """A recurrent layer that takes the rows for the steps of one sequence."""
    return on_rows(
        [
            node("Unsqueeze", "x batch", "steps"),
            node(operator, "steps w r", "hidden", hidden_size=3),
            node("Squeeze", "hidden inner", "y"),
        ],
        batch=ints(1),
        inner=ints(1, 2),
        w=_ones(1, gates * 3, 4),
        r=_ones(1, gates * 3, 3),
    )


def lstm_over_rows() -> ModelProto:
    return _recurrent("LSTM", 4)


def gru_over_rows() -> ModelProto:
    return _recurrent("GRU", 3)


def rnn_over_rows() -> ModelProto:
    return _recurrent("RNN", 1)


def _along_rows(*nodes: NodeProto, **constants: npt.ArrayLike) -> ModelProto:
    """`nodes` from `image` to `seen`, [1,4,N]: the rows lie where a signal's samples would."""
    return on_rows(
        [
            node("Transpose", "x", "columns", perm=[1, 0]),
            node("Unsqueeze", "columns front", "image"),
            *nodes,
            node("Squeeze", "seen front", "back"),
            node("Transpose", "back", "y", perm=[1, 0]),
        ],
        OPSET,
        front=ints(0),
        **constants,
    )


def convolution_over_rows() -> ModelProto:
    return _along_rows(node("Conv", "image w", "seen", pads=[1, 1]), w=_ones(4, 4, 3))


def pooling_over_rows() -> ModelProto:
    return _along_rows(node("MaxPool", "image", "seen", kernel_shape=[3], pads=[1, 1]))


def instance_norm_over_rows() -> ModelProto:
    return _along_rows(
        node("InstanceNormalization", "image one zero", "seen"),
        one=np.ones(4, np.float32),
        zero=np.zeros(4, np.float32),
    )


def softmax_after_transpose() -> ModelProto:
    return on_rows(
        [
            node("Transpose", "x", "t", perm=[1, 0]),
            node("Softmax", "t", "soft", axis=-1),
            node("Transpose", "soft", "y", perm=[1, 0]),
        ]
    )


def softmax_after_flatten() -> ModelProto:
    return on_rows(
        [
            node("Flatten", "x", "flat", axis=0),
            node("Softmax", "flat", "soft"),
            node("Reshape", "soft shape", "y"),
        ],
        shape=ints(-1, 4),
    )


def layer_norm_over_all() -> ModelProto:
    return on_rows(
        [
            node("Flatten", "x", "flat", axis=0),
            node("MeanVarianceNormalization", "flat", "even", axes=[1]),
            node("Reshape", "even shape", "y"),
        ],
        shape=ints(-1, 4),
    )


def norm_over_rows() -> ModelProto:
    return on_rows([node("LpNormalization", "x", "y", axis=0, p=2)])


def hardmax_over_rows() -> ModelProto:
    return on_rows([node("Hardmax", "x", "y", axis=0)])


def attention_between_rows() -> ModelProto:
    return on_rows([node("Einsum", "x x x", "y", equation="ia,ja,jb->ib")])


def first_row() -> ModelProto:
    return on_rows(
        [node("Gather", "x zero", "first", axis=0), node("Sub", "x first", "y")],
        zero=np.array(0, np.int64),
    )


def next_row() -> ModelProto:
    """Each row and the one after it, by two slices of the rows joined."""
    return on_rows(
        [
            node("Slice", "x one end axis", "tail"),
            node("Slice", "x zero one axis", "head"),
            node("Concat", "tail head", "rolled", axis=0),
            node("Add", "x rolled", "y"),
        ],
        zero=ints(0),
        one=ints(1),
        end=ints(2**31),
        axis=ints(0),
    )


def padded_rows() -> ModelProto:
    """A row of zeros in front, and the last one off."""
    return on_rows(
        [node("Pad", "x pads", "wide"), node("Slice", "wide zero end axis", "y")],
        pads=ints(1, 0, 0, 0),
        zero=ints(0),
        end=ints(-1),
        axis=ints(0),
    )


def split_rows() -> ModelProto:
    return on_rows(
        [
            node("Split", "x", "head tail", axis=0, num_outputs=2),
            node("Concat", "tail head", "y", axis=0),
        ]
    )


def reversed_sequence() -> ModelProto:
    """Reverses the rows, each column a batch entry of its own."""
    return on_rows(
        [
            node("Shape", "x", "rows", end=1),
            node("Expand", "rows columns", "lengths"),
            node("ReverseSequence", "x lengths", "y", time_axis=0, batch_axis=1),
        ],
        columns=ints(4),
    )


def scattered_rows() -> ModelProto:
    """Overwrites row 0 with what is given."""
    return on_rows(
        [node("ScatterND", "x place given", "y")], place=ints(0).reshape(1, 1), given=_ones(1, 4)
    )


def triangle() -> ModelProto:
    """Keeps what lies below the diagonal, so that a row's place decides."""
    return on_rows([node("Trilu", "x", "y", upper=0)])


def unique_rows() -> ModelProto:
    return on_rows([node("Unique", "x", "y", axis=0)])


def random_rows() -> ModelProto:
    return on_rows([node("RandomNormal", "", "noise", shape=[1, 4]), node("Add", "x noise", "y")])


def training_dropout() -> ModelProto:
    return on_rows(
        [node("Dropout", "x ratio training", "y")],
        ratio=0.5,
        training=np.array(True),
    )


ACROSS_AN_AXIS = (
    lstm_over_rows,
    gru_over_rows,
    rnn_over_rows,
    convolution_over_rows,
    pooling_over_rows,
    instance_norm_over_rows,
    softmax_after_transpose,
    softmax_after_flatten,
    layer_norm_over_all,
    norm_over_rows,
    hardmax_over_rows,
    attention_between_rows,
    first_row,
    next_row,
    padded_rows,
    split_rows,
    reversed_sequence,
    scattered_rows,
    triangle,
    unique_rows,
    random_rows,
    training_dropout,
)
