"""Rules for matrix products, convolutions, pools and recurrent cells."""

from collections.abc import Sequence

from tiltyard.store.rowwise.dim import ONE, Dim
from tiltyard.store.rowwise.step import Rule, Step, opaque, opaques
from tiltyard.store.rowwise.value import (
    Fixed,
    NotProved,
    Rows,
    Value,
    broadcast,
    demoted,
    require_one,
)


def matmul(step: Step) -> list[Value]:
    """numpy's matmul. The rows may be outer dimensions, never the ones summed over."""
    step.require_fixed(2)  # zero points of the integer products
    left, right = demoted(step.value(0)), demoted(step.value(1))
    if left.dims is None or right.dims is None:
        raise NotProved("the rank of one of its inputs is unknown")
    if isinstance(left, Rows) and isinstance(right, Rows):
        return [_batched(left, right)]
    if isinstance(left, Rows):
        return [_rows_times_constant(left, right.dims)]
    assert isinstance(right, Rows)
    return [_constant_times_rows(left.dims, right)]


def _batched(left: Rows, right: Rows) -> Rows:
    if left.from_right < 3 or right.from_right < 3:
        raise NotProved("it multiplies rows with rows")
    outer = broadcast([_outer(left), _outer(right)], opaques())
    return Rows((*outer.dims, left.dims[-2], right.dims[-1]), outer.axis)


def _outer(rows: Rows) -> Rows:
    return Rows(rows.dims[:-2], rows.axis)


def _rows_times_constant(left: Rows, right: tuple[Dim, ...]) -> Rows:
    if left.from_right == 1:
        raise NotProved("it sums over the rows")
    if len(right) == 1:
        return Rows(left.dims[:-1], left.axis)
    if left.from_right >= 3:
        require_one(right, left.from_right)
    return _product(left, len(left.dims), len(right), left.dims[-2], right[-1], left.from_right)


def _constant_times_rows(left: tuple[Dim, ...], right: Rows) -> Rows:
    if right.from_right == 2 or len(right.dims) == 1:
        raise NotProved("it sums over the rows")
    if len(left) == 1:
        dims = (*right.dims[:-2], right.dims[-1])
        return Rows(dims, right.axis - (right.from_right == 1))
    if right.from_right >= 3:
        require_one(left, right.from_right)
    return _product(right, len(left), len(right.dims), left[-2], right.dims[-1], right.from_right)


def _product(
    rows: Rows, left_rank: int, right_rank: int, height: Dim, width: Dim, from_right: int
) -> Rows:
    rank = max(left_rank, right_rank)
    outer = [opaque() for _ in range(rank - 2)]
    dims = [*outer, height, width]
    if rank == len(rows.dims) and min(left_rank, right_rank) == 2:
        dims[:-2] = rows.dims[:-2]
    axis = rank - from_right
    dims[axis] = rows.size
    return Rows(tuple(dims), axis)


def gemm(step: Step) -> list[Value]:
    a, b = demoted(step.value(0)), demoted(step.value(1))
    if isinstance(a, Rows) and isinstance(b, Rows):
        raise NotProved("it multiplies rows with rows")
    outer = (a, 1 if step.attribute("transA", 0) else 0, 0)
    if isinstance(b, Rows):
        outer = (b, 0 if step.attribute("transB", 0) else 1, 1)
    rows, free_axis, axis = outer
    if not isinstance(rows, Rows) or len(rows.dims) != 2 or rows.axis != free_axis:
        raise NotProved("it sums over the rows")
    height = rows.size if axis == 0 else _side(a, step.attribute("transA", 0), 0)
    width = rows.size if axis == 1 else _side(b, step.attribute("transB", 0), 1)
    result = Rows((height, width), axis)
    if step.has(2):
        result = broadcast([result, step.value(2)], opaques())
    return [result]


def _side(value: Rows | Fixed, transposed: int, axis: int) -> Dim:
    if value.dims is None or len(value.dims) != 2:
        return opaque()
    return value.dims[1 - axis if transposed else axis]


def convolution(step: Step) -> list[Value]:
    """Convolutions and pools over images of the rows on axis 0."""
    data = step.rows()
    step.require_fixed(1)
    if data.axis != 0 or len(data.dims) < 3:
        raise NotProved("the rows are not on axis 0 before channels and positions")
    if len([name for name in step.node.output if name]) > 1:
        raise NotProved("its second output counts positions across the rows")
    return [Rows((data.size, *(opaque() for _ in data.dims[1:])), 0)]


def pool(step: Step) -> list[Value]:
    data = step.rows()
    (result,) = convolution(step)
    assert isinstance(result, Rows)
    return [Rows((data.size, data.dims[1], *result.dims[2:]), 0)]


def global_pool(step: Step) -> list[Value]:
    data = step.rows()
    convolution(step)
    return [Rows((data.size, data.dims[1], *(ONE for _ in data.dims[2:])), 0)]


def recurrent(step: Step) -> Sequence[Value]:
    """LSTM, GRU and RNN: the batch is axis 1, or axis 0 with layout=1."""
    data = step.rows()
    layout = step.attribute("layout", 0)
    batch_axis = 0 if layout else 1
    if len(data.dims) != 3 or data.axis != batch_axis:
        raise NotProved("the rows are not its batch axis")
    step.require_fixed(1, 3)
    step.require_fixed(7)
    if step.has(4):
        lengths = step.rows(4)
        if len(lengths.dims) != 1 or lengths.size != data.size:
            raise NotProved("its sequence_lens are not one a row")
    for index in (5, 6):
        if step.has(index):
            state = step.rows(index)
            if len(state.dims) != 3 or state.axis != batch_axis or state.size != data.size:
                raise NotProved("its initial state does not carry the rows on the batch axis")
    sequence = data.dims[1 if layout else 0]
    directions = Dim(2 if step.attribute("direction", "forward") == "bidirectional" else 1)
    hidden = opaque()
    if layout:
        whole = Rows((data.size, sequence, directions, hidden), 0)
        last = Rows((data.size, directions, hidden), 0)
    else:
        whole = Rows((sequence, directions, data.size, hidden), 2)
        last = Rows((directions, data.size, hidden), 1)
    return [whole, last, last][: len(step.node.output)]


def einsum(step: Step) -> list[Value]:
    """The letter of the rows must be in the result, and in no constant."""
    equation = str(step.attribute("equation", "")).replace(" ", "")
    terms, arrow, result = equation.partition("->")
    if not arrow or "." in equation:
        raise NotProved(f"equation {equation!r} is not followed")
    letters = set()
    sizes = set()
    for term, value in zip(terms.split(","), map(demoted, step.present()), strict=True):
        if isinstance(value, Rows):
            if len(term) != len(value.dims):
                raise NotProved(f"equation {equation!r} does not fit its inputs")
            letters.add(term[value.axis])
            sizes.add(value.size)
    (letter, *others) = sorted(letters)
    if others or len(sizes) > 1:
        raise NotProved("it pairs the rows of one input with another axis of the other")
    for term, value in zip(terms.split(","), map(demoted, step.present()), strict=True):
        wanted = 1 if isinstance(value, Rows) else 0
        if term.count(letter) != wanted:
            raise NotProved("it pairs the rows with an axis that is not the rows")
    if result.count(letter) != 1:
        raise NotProved("it sums over the rows")
    axis = result.index(letter)
    dims = [opaque() for _ in result]
    dims[axis] = sizes.pop()
    return [Rows(tuple(dims), axis)]


RULES: dict[str, Rule] = {
    "MatMul": matmul,
    "MatMulInteger": matmul,
    "Gemm": gemm,
    "Conv": convolution,
    "ConvTranspose": convolution,
    "ConvInteger": convolution,
    "QLinearConv": convolution,
    "MaxPool": pool,
    "AveragePool": pool,
    "LpPool": pool,
    "GlobalAveragePool": global_pool,
    "GlobalMaxPool": global_pool,
    "GlobalLpPool": global_pool,
    "LSTM": recurrent,
    "GRU": recurrent,
    "RNN": recurrent,
    "Einsum": einsum,
}
CONTRIB_RULES: dict[str, Rule] = {"FusedConv": convolution}
