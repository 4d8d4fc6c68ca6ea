"""Random graphs for the property test: allow-listed operators on any axis, the rows' among them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from onnx import ModelProto, NodeProto

from tests.models.build import model, node, tensor

PROBE = np.linspace(-2, 3, 24, dtype=np.float32).reshape(6, 4)


@dataclass(frozen=True)
class Operation:
    """Numbers that `grow` reads as: which operator, on which tensors, with which attributes."""

    kind: int
    first: int
    second: int
    choice: int


@dataclass
class _Graph:
    """A graph that runs; `shapes` are what its tensors are for the 6 probe rows."""

    nodes: list[NodeProto]
    constants: dict[str, np.ndarray]
    shapes: dict[str, tuple[int, ...]]

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))


def grow(operations: list[Operation]) -> ModelProto:
    """A model x [N,4] to y of those operations that run on the tensors they fall on."""
    graph = _Graph([], {}, {"x": PROBE.shape})
    for number, operation in enumerate(operations):
        _try(graph, operation, f"t{number}")
    last = next(reversed(graph.shapes))
    output = node("Identity", last, "y")
    return model(
        [*graph.nodes, output], [tensor("x", ["N", 4])], [tensor("y", None)], graph.constants
    )


def _try(graph: _Graph, operation: Operation, name: str) -> None:
    names = list(graph.shapes)
    a, b = (names[number % len(names)] for number in (operation.first, operation.second))
    constants = dict(graph.constants)
    made = _MAKERS[operation.kind % len(_MAKERS)](graph, a, b, operation.choice, name)
    shape = _shape([*graph.nodes, made], graph.constants, name)
    if shape is None or np.prod(shape) > 2000:
        graph.constants = constants
        return
    graph.nodes.append(made)
    graph.shapes[name] = shape


def _shape(
    nodes: list[NodeProto], constants: dict[str, np.ndarray], name: str
) -> tuple[int, ...] | None:
    proto = model(nodes, [tensor("x", ["N", 4])], [tensor(name, None)], constants)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = ort.InferenceSession(proto.SerializeToString(), options)
        return tuple(session.run(None, {"x": PROBE})[0].shape)
    except Exception:  # noqa: BLE001 - the operation does not fit the tensors it fell on
        return None


def _axis(graph: _Graph, name: str, choice: int) -> int:
    return choice % max(1, len(graph.shapes[name]))


def _unary(_graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    return node(["Relu", "Sigmoid", "Neg", "Abs", "Tanh"][choice % 5], a, out)


def _binary(_graph: _Graph, a: str, b: str, choice: int, out: str) -> NodeProto:
    return node(["Add", "Mul", "Max", "Sub"][choice % 4], f"{a} {b}", out)


def _with_constant(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    shape = list(graph.shapes[a])
    for axis in range(len(shape)):
        if choice >> axis & 1:
            shape[axis] = 1
    values = np.random.default_rng(choice).standard_normal(shape[choice % 3 :])
    return node("Add", f"{a} {graph.constant(values.astype(np.float32))}", out)


def _softmax(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    return node("Softmax", a, out, axis=_axis(graph, a, choice))


def _reduce(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    axes = graph.ints(_axis(graph, a, choice // 4))
    operator = ["ReduceMean", "ReduceMax"][choice % 2]
    return node(operator, f"{a} {axes}", out, keepdims=choice // 2 % 2)


def _transpose(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    order = np.random.default_rng(choice).permutation(len(graph.shapes[a]))
    return node("Transpose", a, out, perm=order.tolist())


def _reshape(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    targets = [(0, -1), (-1, 4), (-1, 2), (2, -1), (-1, 1, 4), (0, 2, -1), (-1,), (4, -1), (0, 0)]
    return node("Reshape", f"{a} {graph.ints(*targets[choice % len(targets)])}", out)


def _reshape_like(graph: _Graph, a: str, b: str, _choice: int, out: str) -> NodeProto:
    """Reshape by the shape of another tensor."""
    graph.nodes.append(node("Shape", b, f"{out}_shape"))
    return node("Reshape", f"{a} {out}_shape", out)


def _flatten(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    return node("Flatten", a, out, axis=choice % (len(graph.shapes[a]) + 1))


def _unsqueeze(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    return node("Unsqueeze", f"{a} {graph.ints(choice % (len(graph.shapes[a]) + 1))}", out)


def _squeeze(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    return node("Squeeze", f"{a} {graph.ints(_axis(graph, a, choice))}", out)


def _concat(graph: _Graph, a: str, b: str, choice: int, out: str) -> NodeProto:
    return node("Concat", f"{a} {b}", out, axis=_axis(graph, a, choice))


def _slice(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    start, end = [(0, 2), (1, 2**31), (0, 2**31), (-1, 2**31)][choice % 4]
    places = [graph.ints(start), graph.ints(end), graph.ints(_axis(graph, a, choice // 4))]
    return node("Slice", " ".join([a, *places]), out)


def _gather(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    places = [np.array(0), np.array([0, 0]), np.array([[-1, 0]])][choice % 3]
    where = graph.constant(places.astype(np.int64))
    return node("Gather", f"{a} {where}", out, axis=_axis(graph, a, choice // 3))


def _cumsum(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    axis = graph.constant(np.array(_axis(graph, a, choice), np.int64))
    return node("CumSum", f"{a} {axis}", out)


def _times_constant(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    width = (graph.shapes[a] or (1,))[-1]
    values = np.random.default_rng(choice).standard_normal((width, 3)).astype(np.float32)
    return node("MatMul", f"{a} {graph.constant(values)}", out)


def _constant_times(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    height = graph.shapes[a][-2] if len(graph.shapes[a]) > 1 else 1
    values = np.random.default_rng(choice).standard_normal((3, height)).astype(np.float32)
    return node("MatMul", f"{graph.constant(values)} {a}", out)


def _times_each_other(_graph: _Graph, a: str, b: str, _choice: int, out: str) -> NodeProto:
    return node("MatMul", f"{a} {b}", out)


def _pad(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    rank = len(graph.shapes[a])
    pads = [0] * (2 * rank)
    if pads:
        pads[choice % len(pads)] = 1
    return node("Pad", f"{a} {graph.ints(*pads)}", out)


def _layer_norm(graph: _Graph, a: str, _b: str, choice: int, out: str) -> NodeProto:
    axis = _axis(graph, a, choice)
    scale = graph.constant(np.ones(graph.shapes[a][axis:], np.float32))
    return node("LayerNormalization", f"{a} {scale}", out, axis=axis)


_MAKERS: list[Callable[[_Graph, str, str, int, str], NodeProto]] = [
    _unary,
    _binary,
    _with_constant,
    _softmax,
    _reduce,
    _transpose,
    _reshape,
    _reshape_like,
    _flatten,
    _unsqueeze,
    _squeeze,
    _concat,
    _slice,
    _gather,
    _cumsum,
    _times_constant,
    _constant_times,
    _times_each_other,
    _pad,
    _layer_norm,
]
