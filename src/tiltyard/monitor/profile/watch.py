"""Choosing what is watched of a model: the streams of its inputs and outputs, before any cells.

Narrow tensors have a stream a column; images, tokens and other wide inputs have summaries, and wide
outputs their maximum and where it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.binning import Words
from tiltyard.monitor.profile.categories import Categories, categories_of
from tiltyard.monitor.profile.cells import Kind
from tiltyard.monitor.profile.declaration import COLUMNS, SUMMARIES, WIDTH_MAX, Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Reference, some
from tiltyard.monitor.profile.signature import Signature, row_shape, row_width
from tiltyard.monitor.profile.stream import Group, Slot
from tiltyard.monitor.profile.words import LENGTH_SUMMARIES, slot_words
from tiltyard.monitor.profile.words import SUMMARIES as NUMBER_SUMMARIES
from tiltyard.store.manifest import TensorSpec

Array = npt.NDArray[Any]

DISCRETE_VALUES_MAX = 50
TEXT_VALUES_MIN = 1_000  # more different strings than this, and hardly two alike, are text
OUTPUT_COLUMNS_MAX = 16

_NO_CATEGORIES = Categories({}, ())


@dataclass(frozen=True)
class Watch:
    """One stream to be: its name, its words uint32[rows] of the reference, and its categories.

    `distinct` is how many different numbers the reference has before they become float32; 0 where
    they are no others then.
    """

    name: str
    group: Group
    slot: Slot
    kind: Kind
    words: Words
    categories: Categories = _NO_CATEGORIES
    distinct: int = 0


@dataclass
class Choice:
    """What was chosen, in the order of the slots, and sentences that say so where it is news."""

    watches: list[Watch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def choose(reference: Reference, signature: Signature, declaration: Declaration) -> Choice:
    """Streams of all inputs, then of those outputs that the reference has.

    Raises ReferenceRefused where the declaration names what is not there or does not fit.
    """
    choice = Choice()
    signature = signature.by_row()
    for spec in signature.inputs:
        array = reference.inputs[spec.name]
        names = reference.names.get(spec.name)
        if _is_wide(spec, array, names, declaration):
            _summarise(choice, Group.feature, "input", spec, array, _why_wide(spec))
        else:
            choice.watches += _columns(spec, array, names, declaration)
    for spec in signature.outputs:
        if spec.name in reference.outputs:
            _choose_output(choice, spec, reference, signature, declaration)
        else:
            choice.notes.append(
                f"output {spec.name!r} is not watched: the reference has none of it"
            )
    _check_declared(declaration, reference, choice)
    return choice


def _is_wide(
    spec: TensorSpec, array: Array, names: Sequence[str] | None, declaration: Declaration
) -> bool:
    asked = declaration.tensors.get(spec.name)
    if asked is not None:
        return asked == SUMMARIES
    width = row_width(spec)
    if width is None and names is not None:  # a table of named columns has said how wide it is
        width = array[0].size
    return width is None or width > WIDTH_MAX or len(row_shape(spec)) > 1


def _why_wide(spec: TensorSpec) -> str:
    width = row_width(spec)
    if len(row_shape(spec)) > 1:
        return f"it has rank {len(spec.shape)}"
    return "its width is free" if width is None else f"it is {width:,} wide"


def _summarise(
    choice: Choice, group: Group, side: str, spec: TensorSpec, array: Array, why: str
) -> None:
    is_free = None in row_shape(spec)
    length = 0 if is_free else array[0].size
    if not array[0].size:
        raise ReferenceRefused(f"{side} {spec.name!r}: expected rows with elements, got empty ones")
    reads: tuple[str, ...] = LENGTH_SUMMARIES if array.dtype.kind == "O" else NUMBER_SUMMARIES
    if is_free and array.dtype.kind != "O":
        reads = (*reads, "width")
    for read in reads:
        slot = Slot(side, spec.name, 0, length, read)
        choice.watches.append(_ordered(f"{spec.name}.{read}", group, slot, array))
    choice.notes.append(
        f"{side} {spec.name!r} is watched by its {', '.join(reads)} of each row, for {why}"
    )


def _columns(
    spec: TensorSpec, array: Array, names: Sequence[str] | None, declaration: Declaration
) -> Iterator[Watch]:
    flat = array.reshape(len(array), -1)
    called = names if names is not None else [f"{spec.name}[{i}]" for i in range(flat.shape[1])]
    group_of = {column: name for name, block in declaration.groups.items() for column in block}
    column = 0
    while column < len(called):
        block = group_of.get(called[column])
        if block is not None:
            yield _block(spec, array, called, column, block, declaration.groups[block])
            column += len(declaration.groups[block])
            continue
        names_meant = {called[column], spec.name} if len(called) == 1 else {called[column]}
        slot = Slot("input", spec.name, column, 1, "number")
        yield _one(called[column], Group.feature, slot, flat[:, column], declaration, names_meant)
        column += 1


def _block(
    spec: TensorSpec,
    array: Array,
    called: Sequence[str],
    column: int,
    name: str,
    block: Sequence[str],
) -> Watch:
    found = called[column : column + len(block)]
    if sorted(found) != sorted(block):
        raise ReferenceRefused(
            f"group {name!r}: expected columns that lie side by side in one input, got"
            f" {some(block)}, and from {called[column]!r} on input {spec.name!r} has {some(found)}"
        )
    if array.dtype.kind == "O":
        raise ReferenceRefused(f"group {name!r}: expected columns of numbers, got BYTES")
    slot = Slot("input", spec.name, column, len(block), "one_hot")
    words = slot_words(slot, array)
    labels = Categories(dict(enumerate(found)), ())
    return Watch(name, Group.feature, slot, Kind.categorical, words, labels)


def _one(
    name: str,
    group: Group,
    slot: Slot,
    values: Array,
    declaration: Declaration,
    names_meant: set[str],
) -> Watch:
    """A column by itself; `names_meant` are the names that a declaration can call it by."""
    asked = next((declaration.kinds[one] for one in names_meant if one in declaration.kinds), None)
    if asked is None and names_meant & declaration.categorical:
        asked = Kind.categorical
    is_text = values.dtype.kind == "O"
    if is_text and asked in (Kind.numeric, Kind.discrete):
        raise ReferenceRefused(f"{name!r} has strings: expected categorical or text, got {asked}")
    if not is_text and asked is Kind.text:
        raise ReferenceRefused(f"{name!r} has numbers: expected another kind than text")
    if asked is None and is_text:
        distinct = len(set(values.tolist()))
        is_free_text = distinct > TEXT_VALUES_MIN and distinct > len(values) / 2
        asked = Kind.text if is_free_text else Kind.categorical
    if asked is Kind.categorical:
        slot = slot._replace(reads="category")
        words = slot_words(slot._replace(column=0), values)
        return Watch(name, group, slot, asked, words, categories_of(values))
    slot = slot._replace(reads="length" if is_text else "number")
    return _ordered(name, group, slot, values, asked)


def _ordered(name: str, group: Group, slot: Slot, array: Array, asked: Kind | None = None) -> Watch:
    """A stream of numbers; discrete when it has few different ones."""
    at = slot if array.ndim > 1 else slot._replace(column=0)
    words = slot_words(at, array)
    if asked is None:
        values = words.view(np.float32)
        distinct = len(np.unique(values[np.isfinite(values)]))
        # A handful of rows has few different values of anything.
        is_discrete = 0 < distinct <= DISCRETE_VALUES_MAX and 2 * distinct <= len(values)
        asked = Kind.discrete if is_discrete else Kind.numeric
    return Watch(name, group, slot, asked, words, distinct=_distinct(slot, array))


def _distinct(slot: Slot, array: Array) -> int:
    """Of a column whose type has numbers that float32 has not."""
    if slot.reads != "number" or np.can_cast(array.dtype, np.float32):
        return 0
    values = array.reshape(len(array), -1)[:, slot.column if array.ndim > 1 else 0]
    return len(np.unique(values[np.isfinite(values)]))


def _choose_output(
    choice: Choice,
    spec: TensorSpec,
    reference: Reference,
    signature: Signature,
    declaration: Declaration,
) -> None:
    array = reference.outputs[spec.name]
    labels = signature.class_labels.get(spec.name, ())
    slot = Slot("output", spec.name, 0, 1, "number")
    if array.ndim == 1 or array.shape[1:] == (1,):
        values = array.reshape(-1)
        if _is_label(values, reference.outputs, signature.class_labels):
            declaration = Declaration(categorical=frozenset({spec.name}), kinds=declaration.kinds)
        choice.watches.append(_one(spec.name, Group.output, slot, values, declaration, {spec.name}))
    elif array.ndim == 2 and array.shape[1] <= OUTPUT_COLUMNS_MAX:
        for column in range(array.shape[1]):
            key = labels[column] if len(labels) == array.shape[1] else column
            name = f"{spec.name}[{key}]"
            one = slot._replace(column=column)
            choice.watches.append(
                _one(name, Group.output, one, array[:, column], declaration, {name, spec.name})
            )
    elif array.ndim == 2 and array.dtype.kind != "O":
        length = 0 if None in row_shape(spec) else array.shape[1]
        for read in ("max", "argmax"):
            one = Slot("output", spec.name, 0, length, read)
            choice.watches.append(_ordered(f"{spec.name}.{read}", Group.output, one, array))
        choice.notes.append(
            f"output {spec.name!r} is watched by its max and argmax of each row, for it is"
            f" {array.shape[1]:,} wide"
        )
    else:
        _summarise(choice, Group.output, "output", spec, array, f"it has rank {array.ndim}")


def _is_label(
    values: Array, outputs: Mapping[str, Array], class_labels: Mapping[str, Sequence[int | str]]
) -> bool:
    """Whether whole numbers are the classes of a classifier, which have no order.

    They are when the model's class labels have them all, or when they index the columns of another
    output, as those of exporters do that keep the labels to themselves.
    """
    if values.dtype.kind not in "iu":
        return False
    found = set(np.unique(values).tolist())
    if any(found <= set(labels) for labels in class_labels.values()):
        return True
    widths = [
        array.shape[1] for array in outputs.values() if array.ndim == 2 and array.dtype.kind == "f"
    ]
    return any(width > 1 and found <= set(range(width)) for width in widths)


def _check_declared(declaration: Declaration, reference: Reference, choice: Choice) -> None:
    """Whatever a declaration names must be there, else a typing error would go unseen."""
    known = {watch.name for watch in choice.watches} | {w.slot.tensor for w in choice.watches}
    inside = {name for block in declaration.groups.values() for name in block}
    for what, names in (
        ("categorical", declaration.categorical),
        ("groups", declaration.groups),
        ("kinds", declaration.kinds),
        ("scales", declaration.scales),
    ):
        unknown = [name for name in names if name not in known]
        if unknown:
            hint = " (it is in a group)" if unknown[0] in inside else ""
            raise ReferenceRefused(
                f"{what}: there is no {unknown[0]!r}{hint}; there are"
                f" {some(watch.name for watch in choice.watches)}"
            )
    unknown = [name for name in declaration.tensors if name not in reference.inputs]
    if unknown:
        raise ReferenceRefused(
            f"tensors: there is no input {unknown[0]!r}; there are {some(reference.inputs)}"
        )
    if any(asked == COLUMNS for asked in declaration.tensors.values()):
        choice.notes.append("an input is watched column by column, as declared")
