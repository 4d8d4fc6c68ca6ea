"""A reference: rows of a model's inputs, and of its outputs where they are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.column import Column, as_datatype, as_unix_seconds
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.signature import Signature, row_shape, row_width
from tiltyard.store.manifest import TensorSpec

Array = npt.NDArray[Any]
NAMES_SHOWN = 6


@dataclass(frozen=True)
class Table:
    """What a file holds: columns by name, or one array [rows, ..] without names."""

    columns: Mapping[str, Column]
    unnamed: Array | None = None


@dataclass(frozen=True)
class Reference:
    """Rows in the dtypes of the signature.

    `inputs` has an array a name, the rows first and then the shape of a row; `names` those of the
    columns of an input, where a file has them; `outputs` as inputs, those that are known; `times`
    float64[rows] in unix seconds, when the file has a time column.
    """

    inputs: Mapping[str, Array]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, Array] = field(default_factory=dict)
    times: npt.NDArray[np.float64] | None = None

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    def with_outputs(self, outputs: Mapping[str, Array]) -> "Reference":
        """With what the model gave for these rows beside what the file had."""
        return replace(self, outputs={**self.outputs, **outputs})


def match(table: Table, signature: Signature, declaration: Declaration) -> Reference:
    """Give every column of a file to an input or an output of the model.

    An input takes the column or array of its name, or columns NAME[0], NAME[1], ..; the one input
    that is wider than a column and has none takes the columns that are left, in their order.
    Outputs take theirs by name. Raises ReferenceRefused for columns that nobody takes, and for
    inputs without any.
    """
    signature = signature.by_row()
    left = dict(_named(table, signature, declaration))
    for name in sorted(declaration.ignored):
        if name not in left:
            raise ReferenceRefused(f"cannot ignore column {name!r}: the columns are {some(left)}")
        del left[name]
    times = None
    if declaration.time_column is not None:
        if declaration.time_column not in left:
            raise ReferenceRefused(
                f"no time column {declaration.time_column!r}: the columns are {some(left)}"
            )
        found = left.pop(declaration.time_column)
        times = as_unix_seconds(f"column {declaration.time_column!r}", found)
    inputs: dict[str, Array] = {}
    names: dict[str, tuple[str, ...]] = {}
    for spec in signature.inputs:
        _take_by_name(spec, left, inputs, names)
    outputs: dict[str, Array] = {}
    for spec in signature.outputs:
        _take_by_name(spec, left, outputs, {}, signature.class_labels.get(spec.name, ()))
    _take_the_rest([s for s in signature.inputs if s.name not in inputs], left, inputs, names)
    if left:
        raise ReferenceRefused(
            f"no input or output takes {some(left)}: leave such columns out with --ignore NAME, or"
            " say which one is the time with --time-column NAME"
        )
    _name_columns(signature, declaration, inputs, names)
    found_reference = Reference(inputs, names, outputs, times)
    _check_rows(found_reference)
    return found_reference


def some(names: Iterable[str]) -> str:
    """`'a', 'b' and 40 more, the last 'z'`."""
    listed = [repr(name) for name in names]
    shown = ", ".join(listed[:NAMES_SHOWN]) or "none"
    more = len(listed) - NAMES_SHOWN
    return f"{shown} and {more} more, the last {listed[-1]}" if more > 0 else shown


def _named(table: Table, signature: Signature, declaration: Declaration) -> Mapping[str, Column]:
    array = table.unnamed
    if array is None:
        return table.columns
    if array.ndim == 0:
        raise ReferenceRefused("expected an array [rows, columns], got a single value")
    wide = array[:, None] if array.ndim == 1 else array
    if declaration.names and wide.ndim == 2:
        _check_count("names", declaration.names, wide.shape[1])
        return {name: wide[:, index] for index, name in enumerate(declaration.names)}
    if len(signature.inputs) == 1:
        return {signature.inputs[0].name: array}
    if wide.ndim == 2 and wide.shape[1] == len(signature.inputs):
        return {spec.name: wide[:, index] for index, spec in enumerate(signature.inputs)}
    raise ReferenceRefused(
        f"an array {list(array.shape)} without names fits no model of {len(signature.inputs)}"
        " inputs: expected one column an input, or a .npz file with an array for each"
    )


def _take_by_name(
    spec: TensorSpec,
    left: dict[str, Column],
    taken: dict[str, Array],
    names: dict[str, tuple[str, ...]],
    labels: Sequence[int | str] = (),
) -> None:
    if spec.name in left:
        what = f"column {spec.name!r}"
        array = as_datatype(what, left.pop(spec.name), spec.datatype)
        taken[spec.name] = _shaped(what, spec, array)
        if row_width(spec) == 1:
            names[spec.name] = (spec.name,)
        return
    width = row_width(spec) or len(labels)
    for keys in ([*range(width)], labels):
        columns = [f"{spec.name}[{key}]" for key in keys]
        if columns and all(column in left for column in columns):
            taken[spec.name] = _stacked(spec, columns, left)
            return


def _take_the_rest(
    specs: Sequence[TensorSpec],
    left: dict[str, Column],
    inputs: dict[str, Array],
    names: dict[str, tuple[str, ...]],
) -> None:
    if not specs:
        return
    wide = [spec for spec in specs if row_width(spec) != 1]
    spec = specs[0]
    if len(specs) > 1 and len(wide) != len(specs):
        spec = next(one for one in specs if one not in wide)
    if len(specs) > 1:
        raise ReferenceRefused(
            f"input {spec.name!r} ({spec.datatype} {list(spec.dims)}) has no column of its name:"
            f" the columns left are {some(left)}"
        )
    width = row_width(spec)
    if not left or (width is not None and len(left) != width):
        raise ReferenceRefused(
            f"input {spec.name!r} ({spec.datatype} {list(spec.dims)}) takes"
            f" {'columns' if width is None else f'{width} columns'}, and {len(left)} are left:"
            f" {some(left)}; leave out what it does not take with --ignore NAME, or say which one"
            " is the time with --time-column NAME"
        )
    columns = list(left)
    names[spec.name] = tuple(columns)
    inputs[spec.name] = _stacked(spec, columns, left)


def _stacked(spec: TensorSpec, columns: Sequence[str], left: dict[str, Column]) -> Array:
    arrays = [
        as_datatype(f"column {column!r}", left.pop(column), spec.datatype) for column in columns
    ]
    for column, array in zip(columns, arrays, strict=True):
        if array.ndim != 1 or len(array) != len(arrays[0]):
            raise ReferenceRefused(
                f"column {column!r}: expected one value in each of {len(arrays[0])} rows, got"
                f" shape {list(array.shape)}"
            )
    shape = row_shape(spec)
    stacked = np.stack(arrays, axis=1)
    if None in shape or len(shape) == 1:
        return stacked
    return stacked.reshape(len(stacked), *(dim for dim in shape if dim is not None))


def _shaped(what: str, spec: TensorSpec, array: Array) -> Array:
    shape = row_shape(spec)
    if array.ndim == 1 and shape == (1,):
        return array[:, None]
    if array.ndim == 2 and array.shape[1] == 1 and shape == ():
        return array[:, 0]
    fits = array.ndim == len(shape) + 1 and all(
        dim is None or dim == size for dim, size in zip(shape, array.shape[1:], strict=True)
    )
    if not fits:
        expected = ", ".join("any" if dim is None else str(dim) for dim in shape)
        raise ReferenceRefused(
            f"{what}: expected shape [rows{', ' if shape else ''}{expected}],"
            f" got {list(array.shape)}"
        )
    return array


def _name_columns(
    signature: Signature,
    declaration: Declaration,
    inputs: Mapping[str, Array],
    names: dict[str, tuple[str, ...]],
) -> None:
    """Names that were declared, for the one array that has none."""
    if not declaration.names or any(set(declaration.names) == set(one) for one in names.values()):
        return
    bare = [spec.name for spec in signature.inputs if spec.name not in names]
    if len(bare) != 1 or inputs[bare[0]].ndim != 2:
        raise ReferenceRefused(
            f"names: expected one array of columns without names, found {some(bare)}"
        )
    _check_count("names", declaration.names, inputs[bare[0]].shape[1])
    names[bare[0]] = declaration.names


def _check_count(what: str, names: Sequence[str], columns: int) -> None:
    if len(names) != columns:
        raise ReferenceRefused(f"{what}: expected one for each of {columns}, got {len(names)}")
    if len(set(names)) != len(names):
        raise ReferenceRefused(f"{what}: expected different ones, got {some(names)}")


def _check_rows(reference: Reference) -> None:
    arrays = {f"input {name!r}": array for name, array in reference.inputs.items()}
    arrays |= {f"output {name!r}": array for name, array in reference.outputs.items()}
    if reference.times is not None:
        arrays["the time column"] = reference.times
    for what, array in arrays.items():
        if len(array) != reference.rows:
            raise ReferenceRefused(
                f"{what} has {len(array)} rows, and others have {reference.rows}: expected as many"
                " in each"
            )
    if reference.rows < 2:
        raise ReferenceRefused(f"expected at least 2 rows, got {reference.rows}")
