"""Rules for arithmetic on shapes, where none of the inputs carries rows but some their number."""

from collections.abc import Callable
from math import prod

import numpy as np
from onnx import TensorProto

from tiltyard.store.rowwise.dim import Dim
from tiltyard.store.rowwise.rules_layout import constant_of_shape, expand
from tiltyard.store.rowwise.step import Rule, Step, opaque
from tiltyard.store.rowwise.value import Fixed, NotProved, Sizes, Value

_INTEGERS = (TensorProto.INT64, TensorProto.INT32)


def same(step: Step) -> list[Value]:
    return [step.value(0)]


def cast(step: Step) -> list[Value]:
    value = step.value(0)
    if step.attribute("to") in _INTEGERS:
        return [value]
    raise NotProved("it turns the number of rows into data")


def to_list(step: Step) -> list[Value]:
    """Unsqueeze and Reshape to one dimension, Squeeze to a scalar."""
    elements = step.elements(0)
    rank = 0 if step.node.op_type == "Squeeze" else 1
    if step.node.op_type == "Reshape" and step.ints(1) not in ([-1], [len(elements)]):
        raise NotProved("a list of sizes takes an unusual shape")
    if rank == 0 and len(elements) != 1:
        raise NotProved("more than one size becomes a scalar")
    if step.node.op_type == "Unsqueeze" and step.value(0).dims != ():
        raise NotProved("a list of sizes takes an unusual shape")
    return [Sizes((Dim(len(elements)),) if rank else (), elements)]


def concat(step: Step) -> list[Value]:
    elements: list[Dim] = []
    for index, value in enumerate(step.inputs):
        elements += _elements_or_opaque(step, index, value)
    return [Sizes((Dim(len(elements)),), tuple(elements))]


def _elements_or_opaque(step: Step, index: int, value: Value | None) -> list[Dim]:
    """Elements of a list; unknown ones of a known number count as opaque."""
    if isinstance(value, Fixed) and value.array is None:
        if value.dims is None or not all(dim.is_int for dim in value.dims):
            raise NotProved("a list of sizes has an unknown length")
        return [opaque() for _ in range(prod(dim.coefficient for dim in value.dims))]
    return list(step.elements(index))


def gather(step: Step) -> list[Value]:
    elements = step.elements(0)
    indices = step.value(1)
    if indices.dims is None or len(indices.dims) > 1:
        raise NotProved("sizes are looked up in an unusual way")
    return [Sizes(indices.dims, tuple(_at(elements, index) for index in step.ints(1)))]


def _at(elements: tuple[Dim, ...], index: int) -> Dim:
    if not -len(elements) <= index < len(elements):
        raise NotProved(f"index {index} is outside a list of {len(elements)} sizes")
    return elements[index]


def slice_(step: Step) -> list[Value]:
    elements = step.elements(0)
    starts, ends = step.int_list("starts", 1), step.int_list("ends", 2)
    by = step.ints(4) if step.has(4) else [1]
    if starts is None or ends is None or len(starts) != 1 or len(step.value(0).dims or ()) != 1:
        raise NotProved("sizes are sliced in an unusual way")
    part = elements[starts[0] : ends[0] : by[0]]
    return [Sizes((Dim(len(part)),), part)]


def times(step: Step) -> list[Value]:
    return [_pairwise(step, lambda a, b: a.times(b))]


def divided(step: Step) -> list[Value]:
    return [_pairwise(step, _quotient)]


def _quotient(a: Dim, b: Dim) -> Dim:
    whole = a.divided_by(b)
    if whole is not None:
        return whole
    if a.has_batch or b.has_batch:
        raise NotProved(f"{a} / {b} depends on the number of rows")
    return opaque()


def added(step: Step) -> list[Value]:
    sign = -1 if step.node.op_type == "Sub" else 1

    def add(a: Dim, b: Dim) -> Dim:
        if a.is_int and b.is_int:
            return Dim(a.coefficient + sign * b.coefficient)
        if b == Dim(0):
            return a
        if a.has_batch or b.has_batch:
            raise NotProved("it adds to the number of rows")
        return opaque()

    return [_pairwise(step, add)]


def _pairwise(step: Step, combine: Callable[[Dim, Dim], Dim]) -> Sizes:
    a, b = step.elements(0), step.elements(1)
    dims = max(step.value(0).dims or (), step.value(1).dims or (), key=len)
    length = max(len(a), len(b))
    if len(a) not in (1, length) or len(b) not in (1, length):
        raise NotProved("lists of sizes differ in length")
    a, b = (a * length)[:length], (b * length)[:length]
    return Sizes(
        (Dim(length),) if dims else (), tuple(combine(x, y) for x, y in zip(a, b, strict=True))
    )


def equal(step: Step) -> list[Value]:
    """Compares sizes with -1 or 0, as exporters of Expand do; a size is never negative."""
    a, b = step.elements(0), step.elements(1)
    length = max(len(a), len(b))
    if len(a) not in (1, length) or len(b) not in (1, length):
        raise NotProved("lists of sizes differ in length")
    answers = []
    for x, y in zip((a * length)[:length], (b * length)[:length], strict=True):
        negative = any(dim.is_int and dim.coefficient < 0 for dim in (x, y))
        if x != y and not (x.is_int and y.is_int) and not negative:
            raise NotProved("it compares sizes that are unknown")
        answers.append(x == y)
    return [Fixed((Dim(length),), np.array(answers))]


def where(step: Step) -> list[Value]:
    choice = [bool(item) for item in step.ints(0)]
    a, b = step.elements(1), step.elements(2)
    length = max(len(choice), len(a), len(b))
    if any(len(part) not in (1, length) for part in (choice, a, b)):
        raise NotProved("lists of sizes differ in length")
    picked = tuple(
        x if first else y
        for first, x, y in zip(
            (choice * length)[:length], (a * length)[:length], (b * length)[:length], strict=True
        )
    )
    return [Sizes((Dim(length),), picked)]


# Tried where an input is Sizes; what a rule cannot follow is a constant, unless it has the rows.
RULES: dict[str, Rule] = {
    "Identity": same,
    "Cast": cast,
    "Unsqueeze": to_list,
    "Squeeze": to_list,
    "Reshape": to_list,
    "Concat": concat,
    "Gather": gather,
    "Slice": slice_,
    "Mul": times,
    "Div": divided,
    "Add": added,
    "Sub": added,
    "Equal": equal,
    "Where": where,
    "ConstantOfShape": constant_of_shape,
    "Expand": expand,
}
