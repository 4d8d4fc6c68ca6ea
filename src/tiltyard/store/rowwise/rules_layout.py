"""Rules for operators that move elements: reshapes, transposes, joins, cuts, lookups."""

from collections.abc import Sequence

from tiltyard.store.rowwise.dim import BATCH, ONE, Dim, product, text
from tiltyard.store.rowwise.step import Rule, Step, axis_of, opaque, replaced
from tiltyard.store.rowwise.value import Fixed, NotProved, Rows, Sizes, Value, demoted

# What exporters write for "to the end", from tf2onnx's 10**9 up; no batch has as many rows.
_WHOLE_AXIS_END = 10**9


def reshaped(data: Rows, target: Sequence[Dim]) -> Rows:
    """`data` in the shape `target`, if each row's elements stay together and in order.

    In memory a row is a block of its own behind each combination of the dimensions before the row
    axis. That survives when the new shape has the rows once, behind the same number of elements.
    """
    with_rows = [axis for axis, dim in enumerate(target) if dim.has_batch]
    if len(with_rows) != 1:
        raise NotProved(f"shape {text(data.dims)} to {text(target)} does not keep the rows")
    axis = with_rows[0]
    if target[axis].symbols.count(BATCH) != 1:
        raise NotProved(f"shape {text(data.dims)} to {text(target)} multiplies the rows")
    if product(target[:axis]) != product(data.dims[: data.axis]):
        raise NotProved(f"shape {text(data.dims)} to {text(target)} mixes the rows")
    return Rows(tuple(target), axis)


def reshape(step: Step) -> list[Value]:
    data = step.rows()
    if "shape" in step.attributes:
        elements = tuple(Dim(int(item)) for item in step.attributes["shape"])
    else:
        elements = step.elements(1)
    return [reshaped(data, _target(data, elements, bool(step.attribute("allowzero", 0))))]


def _target(data: Rows, elements: Sequence[Dim], allow_zero: bool) -> list[Dim]:
    target = []
    for position, element in enumerate(elements):
        if element != Dim(0):
            target.append(element)
        elif allow_zero or position >= len(data.dims):
            raise NotProved("a zero in its shape is not followed")
        else:
            target.append(data.dims[position])
    if Dim(-1) in target:
        at = target.index(Dim(-1))
        others = product(target[:at] + target[at + 1 :])
        target[at] = _rest(product(data.dims), others)
    return target


def _rest(total: Dim, others: Dim) -> Dim:
    rest = total.divided_by(others)
    if rest is not None:
        return rest
    if others.has_batch:
        return opaque()  # the rows cancel; what is left does not depend on them
    raise NotProved(f"{total} elements in parts of {others} need not keep the rows")


def flatten(step: Step) -> list[Value]:
    data = step.rows()
    rank = len(data.dims)
    axis = step.attribute("axis", 1)
    cut = axis if axis == rank else axis_of(axis, rank)
    return [reshaped(data, [product(data.dims[:cut]), product(data.dims[cut:])])]


def transpose(step: Step) -> list[Value]:
    data = step.rows()
    order = [int(axis) for axis in step.attribute("perm", range(len(data.dims))[::-1])]
    if sorted(order) != list(range(len(data.dims))):
        raise NotProved(f"perm {order} does not fit rank {len(data.dims)}")
    return [Rows(tuple(data.dims[axis] for axis in order), order.index(data.axis))]


def squeeze(step: Step) -> list[Value]:
    data = step.rows()
    axes = step.int_list("axes", 1)
    if axes is None:
        raise NotProved("without axes it drops the row axis of a single row")
    dropped = {axis_of(axis, len(data.dims)) for axis in axes}
    if data.axis in dropped:
        raise NotProved("it drops the row axis")
    kept = [axis for axis in range(len(data.dims)) if axis not in dropped]
    return [Rows(tuple(data.dims[axis] for axis in kept), kept.index(data.axis))]


def unsqueeze(step: Step) -> list[Value]:
    data = step.rows()
    axes = step.int_list("axes", 1) or []
    rank = len(data.dims) + len(axes)
    added = {axis_of(axis, rank) for axis in axes}
    old = iter(data.dims)
    dims = tuple(ONE if axis in added else next(old) for axis in range(rank))
    kept = [axis for axis in range(rank) if axis not in added]
    return [Rows(dims, kept[data.axis])]


def concat(step: Step) -> list[Value]:
    parts = [step.rows(index) for index in range(len(step.inputs))]
    first = parts[0]
    axis = axis_of(step.attribute("axis", 1), len(first.dims))
    for part in parts:
        if len(part.dims) != len(first.dims) or part.axis != first.axis or part.size != first.size:
            raise NotProved("its inputs carry the rows on different axes")
    if axis == first.axis:
        raise NotProved("it joins along the rows")
    sizes = [part.dims[axis] for part in parts]
    whole = (
        Dim(sum(size.coefficient for size in sizes))
        if all(size.is_int for size in sizes)
        else opaque()
    )
    return [Rows(replaced(first.dims, axis, whole), first.axis)]


def split(step: Step) -> list[Value]:
    data = step.rows()
    step.require_fixed(1)
    axis = axis_of(step.attribute("axis", 0), len(data.dims))
    if axis == data.axis:
        raise NotProved("it cuts along the rows")
    outputs = len(step.node.output)
    given = step.int_list("split", 1)
    sizes = [Dim(size) for size in given] if given else [opaque() for _ in range(outputs)]
    return [Rows(replaced(data.dims, axis, size), data.axis) for size in sizes]


def slice_(step: Step) -> list[Value]:
    data = step.rows()
    step.require_fixed(3)
    starts = _bounds(step, "starts", 1)
    ends = _bounds(step, "ends", 2)
    if starts is not None:
        given = step.int_list("axes", 3)
        axes = list(range(len(starts))) if given is None else given
        steps = step.ints(4) if step.has(4) else [1] * len(axes)
    else:
        axes, steps = step.ints(3), []
    dims = data.dims
    for position, number in enumerate(axes):
        axis = axis_of(number, len(dims))
        if axis != data.axis:
            dims = replaced(dims, axis, opaque())
        elif (
            starts is None
            or ends is None
            or starts[position] != Dim(0)
            or not _reaches_end(ends[position], data)
            or steps[position] != 1
        ):
            raise NotProved("it takes some of the rows")
    return [Rows(dims, data.axis)]


def _reaches_end(end: Dim, data: Rows) -> bool:
    return end == data.size or (end.is_int and end.coefficient >= _WHOLE_AXIS_END)


def _bounds(step: Step, name: str, index: int) -> tuple[Dim, ...] | None:
    """Starts or ends; None where they are not known. They must not depend on the rows."""
    if name in step.attributes:
        return tuple(Dim(int(item)) for item in step.attributes[name])
    if isinstance(step.value(index), Rows):
        raise NotProved(f"its {name} depend on the rows")
    try:
        return step.elements(index)
    except NotProved:
        return None


def pad(step: Step) -> list[Value]:
    data = step.rows()
    step.require_fixed(2)
    rank = len(data.dims)
    pads = step.int_list("pads", 1)
    if pads is None:
        raise NotProved("its pads are unknown")
    axes = [axis_of(a, rank) for a in step.ints(3)] if step.has(3) else list(range(rank))
    dims = data.dims
    for position, axis in enumerate(axes):
        if (pads[position], pads[position + len(axes)]) == (0, 0):
            continue
        if axis == data.axis:
            raise NotProved("it pads the rows")
        dims = replaced(dims, axis, opaque())
    return [Rows(dims, data.axis)]


def gather(step: Step) -> list[Value]:
    """Looks up constants by rows (an embedding), or takes constant places of each row."""
    data, indices = demoted(step.value(0)), demoted(step.value(1))
    if data.dims is None or indices.dims is None:
        raise NotProved("the rank of one of its inputs is unknown")
    axis = axis_of(step.attribute("axis", 0), len(data.dims))
    dims = (*data.dims[:axis], *indices.dims, *data.dims[axis + 1 :])
    if isinstance(data, Rows) and isinstance(indices, Rows):
        raise NotProved("it looks up rows by values that depend on the rows")
    if isinstance(indices, Rows):
        return [Rows(dims, axis + indices.axis)]
    if not isinstance(data, Rows) or data.axis == axis:
        raise NotProved("it picks some of the rows")
    moved = len(indices.dims) - 1 if axis < data.axis else 0
    return [Rows(dims, data.axis + moved)]


def gather_elements(step: Step) -> list[Value]:
    data, indices = step.rows(0), step.rows(1)
    axis = axis_of(step.attribute("axis", 0), len(data.dims))
    if (data.axis, data.size, len(data.dims)) != (indices.axis, indices.size, len(indices.dims)):
        raise NotProved("data and indices carry the rows on different axes")
    if axis == data.axis:
        raise NotProved("it picks among the rows")
    return [indices]


def expand(step: Step) -> list[Value]:
    data = demoted(step.value(0))
    target = step.elements(1)
    if data.dims is None:
        raise NotProved("the rank of its input is unknown")
    rank = max(len(target), len(data.dims))
    old = (ONE,) * (rank - len(data.dims)) + data.dims
    new = (ONE,) * (rank - len(target)) + tuple(target)
    dims = tuple(b if a == ONE else a for a, b in zip(old, new, strict=True))
    with_rows = [axis for axis, dim in enumerate(dims) if dim.has_batch]
    if len(with_rows) != 1:
        raise NotProved(f"shape {text(data.dims)} to {text(target)} does not keep the rows once")
    axis = with_rows[0]
    if isinstance(data, Rows):
        in_place = axis == data.axis + rank - len(data.dims)
        if not in_place or new[axis] not in (ONE, data.size):
            raise NotProved(f"shape {text(data.dims)} to {text(target)} repeats the rows")
    elif dims[axis].symbols.count(BATCH) > 1:
        raise NotProved(f"shape {text(target)} multiplies the rows")
    # Where both sides are unknown either may be the larger one.
    settled = tuple(
        opaque() if not (a.is_int or a == b or b == ONE or at == axis) else dim
        for at, (a, b, dim) in enumerate(zip(old, new, dims, strict=True))
    )
    return [Rows(settled, axis)]


def tile(step: Step) -> list[Value]:
    data = step.rows()
    repeats = step.ints(1)
    if len(repeats) != len(data.dims) or repeats[data.axis] != 1:
        raise NotProved("it repeats the rows")
    dims = [dim.times(Dim(count)) for dim, count in zip(data.dims, repeats, strict=True)]
    return [Rows(tuple(dims), data.axis)]


def constant_of_shape(step: Step) -> list[Value]:
    """A constant with the rows in its shape: each row is the same."""
    elements = step.elements(0)
    with_rows = [axis for axis, dim in enumerate(elements) if dim.has_batch]
    if not with_rows:
        return [Fixed(tuple(elements))]
    if len(with_rows) > 1 or elements[with_rows[0]].symbols.count(BATCH) > 1:
        raise NotProved(f"shape {text(elements)} has the rows more than once")
    return [Rows(tuple(elements), with_rows[0])]


def shape(step: Step) -> list[Value]:
    dims = step.value(0).dims
    if dims is None:
        return [Fixed(None)]
    part = dims[step.attribute("start", 0) : step.attribute("end", len(dims))]
    return [Sizes((Dim(len(part)),), tuple(part))]


def size(step: Step) -> list[Value]:
    dims = step.value(0).dims
    return [Fixed(()) if dims is None else Sizes((), (product(dims),))]


def resize(step: Step) -> list[Value]:
    """Resize and Upsample by constant factors, 1 on the row axis."""
    data = step.rows()
    step.require_fixed(1, 1 if step.opset < 11 else 2)
    if "axes" in step.attributes:
        raise NotProved("axes are not followed")
    if step.has(3):
        sizes = step.elements(3)
        same = len(sizes) == len(data.dims) and sizes[data.axis] == data.size
    else:
        same = _scale_of_rows(step, data) == 1.0
    if not same or data.axis > 1:
        raise NotProved("it scales the row axis, or by unknown factors")
    dims = [dim if axis == data.axis else opaque() for axis, dim in enumerate(data.dims)]
    return [Rows(tuple(dims), data.axis)]


def _scale_of_rows(step: Step, data: Rows) -> float | None:
    if "scales" in step.attributes:
        scales = list(step.attributes["scales"])
    else:
        value = step.value(1 if step.opset < 11 else 2)
        if not isinstance(value, Fixed) or value.array is None:
            return None
        scales = value.array.reshape(-1).tolist()
    return float(scales[data.axis]) if len(scales) == len(data.dims) else None


def depth_space(step: Step) -> list[Value]:
    data = step.rows()
    if data.axis != 0 or len(data.dims) != 4:
        raise NotProved("the rows are not on axis 0 of an image")
    return [Rows((data.size, opaque(), opaque(), opaque()), 0)]


RULES: dict[str, Rule] = {
    "Reshape": reshape,
    "Flatten": flatten,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Concat": concat,
    "Split": split,
    "Slice": slice_,
    "Pad": pad,
    "Gather": gather,
    "GatherElements": gather_elements,
    "Expand": expand,
    "Tile": tile,
    "ConstantOfShape": constant_of_shape,
    "Shape": shape,
    "Size": size,
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_space,
    "SpaceToDepth": depth_space,
}
