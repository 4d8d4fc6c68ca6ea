"""Rules for operators that mix elements along some axes: sound while the rows are none of them."""

from collections.abc import Iterable, Sequence

from tiltyard.store.rowwise.dim import ONE, Dim
from tiltyard.store.rowwise.step import Rule, Step, axis_of, opaque, replaced
from tiltyard.store.rowwise.value import NotProved, Rows, Value, require_one

_REDUCTIONS = """
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare
"""


def _forbid(rows: Rows, axes: Iterable[int]) -> list[int]:
    """`axes` counted from the left; NotProved if the rows are among them."""
    rank = len(rows.dims)
    left = [axis_of(axis, rank) for axis in axes]
    if rows.axis in left:
        raise NotProved(f"it works across the rows (axis {rows.axis})")
    return left


def softmax(step: Step) -> list[Value]:
    """From opset 13 along one axis; before, over all axes from `axis` on."""
    rows = step.rows()
    rank = len(rows.dims)
    if step.opset >= 13:
        _forbid(rows, [step.attribute("axis", -1)])
    else:
        first = axis_of(step.attribute("axis", 1), rank)
        _forbid(rows, range(first, rank))
    return [rows]


def reduce(step: Step) -> list[Value]:
    rows = step.rows()
    axes = step.int_list("axes", 1)
    if not axes:
        if step.attribute("noop_with_empty_axes", 0):
            return [rows]
        raise NotProved("it reduces over all axes, the rows among them")
    return [_without(rows, _forbid(rows, axes), bool(step.attribute("keepdims", 1)))]


def arg_extreme(step: Step) -> list[Value]:
    rows = step.rows()
    axes = _forbid(rows, [step.attribute("axis", 0)])
    return [_without(rows, axes, bool(step.attribute("keepdims", 1)))]


def _without(rows: Rows, axes: list[int], keep: bool) -> Rows:
    dims = [ONE if axis in axes else dim for axis, dim in enumerate(rows.dims)]
    if keep:
        return Rows(tuple(dims), rows.axis)
    kept = [axis for axis in range(len(dims)) if axis not in axes]
    return Rows(tuple(dims[axis] for axis in kept), kept.index(rows.axis))


def top_k(step: Step) -> list[Value]:
    rows = step.rows()
    step.require_fixed(1)
    (axis,) = _forbid(rows, [step.attribute("axis", -1)])
    result = Rows(replaced(rows.dims, axis, opaque()), rows.axis)
    return [result, result]


def cumulative(step: Step) -> list[Value]:
    rows = step.rows()
    _forbid(rows, step.ints(1))
    return [rows]


def along_axis(step: Step) -> list[Value]:
    """LpNormalization."""
    rows = step.rows()
    _forbid(rows, [step.attribute("axis", -1)])
    return [rows]


def layer_norm(step: Step) -> Sequence[Value]:
    """Normalises over all axes from `axis` on; scale and bias are constants."""
    rows = step.rows()
    step.require_fixed(1)
    rank = len(rows.dims)
    first = axis_of(step.attribute("axis", -1), rank)
    _forbid(rows, range(first, rank))
    for index in range(1, len(step.inputs)):
        if step.has(index):
            require_one(step.fixed_dims(index), rows.from_right)
    statistics = _without(rows, list(range(first, rank)), keep=True)
    return [rows] + [statistics] * (len(step.node.output) - 1)


def skip_layer_norm(step: Step) -> list[Value]:
    """com.microsoft: LayerNormalization of input + skip, over the last axis."""
    rows, skip = step.rows(0), step.rows(1)
    step.require_fixed(2)
    if (rows.axis, rows.dims[rows.axis]) != (skip.axis, skip.size) or rows.axis != 0:
        raise NotProved("input and skip do not carry the rows on axis 0")
    if len(rows.dims) != len(skip.dims) or len(rows.dims) < 2:
        raise NotProved("input and skip differ in rank")
    if len(step.node.output) > 1 and any(step.node.output[1:3]):
        raise NotProved("its mean output is not followed")
    return [rows] * len(step.node.output)


def channel_norm(step: Step) -> list[Value]:
    """InstanceNormalization, GroupNormalization, LRN: rows on axis 0, channels on axis 1."""
    rows = step.rows()
    step.require_fixed(1)
    if rows.axis != 0 or len(rows.dims) < 3:
        raise NotProved("the rows are not on axis 0 before channels and positions")
    return [rows]


def batch_norm(step: Step) -> list[Value]:
    rows = step.rows()
    step.require_fixed(1)
    in_training = step.attribute("training_mode", 0) or len(list(step.node.output)) > 1
    if in_training or (step.opset < 7 and not step.attribute("is_test", 0)):
        raise NotProved("it is in training mode and takes its statistics over the rows")
    if rows.axis == 1 or len(rows.dims) < 2:
        raise NotProved("the rows are on its channel axis")
    if step.opset < 9 and not step.attribute("spatial", 1):
        raise NotProved("spatial=0 is not followed")
    return [rows]


def mean_variance(step: Step) -> list[Value]:
    rows = step.rows()
    _forbid(rows, step.attribute("axes", [0, 2, 3]))
    return [rows]


def one_hot(step: Step) -> list[Value]:
    rows = step.rows()
    step.require_fixed(1)
    rank = len(rows.dims) + 1
    at = axis_of(step.attribute("axis", -1), rank)
    dims = (*rows.dims[:at], _depth(step), *rows.dims[at:])
    return [Rows(dims, rows.axis + (at <= rows.axis))]


def _depth(step: Step) -> Dim:
    try:
        return Dim(step.ints(1)[0])
    except NotProved:
        return opaque()


RULES: dict[str, Rule] = {
    **dict.fromkeys(_REDUCTIONS.split(), reduce),
    "Softmax": softmax,
    "LogSoftmax": softmax,
    "Hardmax": softmax,
    "ArgMax": arg_extreme,
    "ArgMin": arg_extreme,
    "TopK": top_k,
    "CumSum": cumulative,
    "LpNormalization": along_axis,
    "LayerNormalization": layer_norm,
    "RMSNormalization": layer_norm,
    "InstanceNormalization": channel_norm,
    "GroupNormalization": channel_norm,
    "LRN": channel_norm,
    "BatchNormalization": batch_norm,
    "MeanVarianceNormalization": mean_variance,
    "OneHot": one_hot,
}
CONTRIB_RULES: dict[str, Rule] = {"SkipLayerNormalization": skip_layer_norm}
