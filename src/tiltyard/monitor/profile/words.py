"""The 4-byte words of slots, made from arrays in numpy as the data plane makes them from requests.

See Slot and native/infer/record_reads.cpp for `reads`. Sums run over the columns in their order,
in float64.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.binning import Words
from tiltyard.monitor.profile.cells import CODE_INVALID, CODE_MISSING
from tiltyard.monitor.profile.codes import category_codes
from tiltyard.monitor.profile.stream import Slot

Array = npt.NDArray[Any]
Floats32 = npt.NDArray[np.float32]
Floats64 = npt.NDArray[np.float64]

SUMMARIES = ("mean", "spread", "min", "max", "norm")
LENGTH_SUMMARIES = ("count_length", "mean", "min", "max")
_ELEMENTS = 1 << 22  # of a block of rows that is worked on at a time


def slot_words(slot: Slot, tensor: Array) -> Words:
    """The slot's word of every row: uint32[n].

    `tensor` has the rows first, then any shape, in the dtype of the input or output (dtype object,
    of bytes, for BYTES).
    """
    rows = tensor.reshape(len(tensor), -1)
    length = slot.length or rows.shape[1]
    part = rows[:, slot.column : slot.column + length]
    if slot.reads == "width":  # of all of the row, whatever the window
        part = rows
    if slot.reads == "category":
        return category_codes(part[:, 0])
    if slot.reads == "one_hot":
        return _one_hot(part)
    return _in_blocks(_READS[slot.reads], part).view(np.uint32)


def as_float32(values: Array) -> Floats32:
    """As a C++ conversion makes them: to nearest, and beyond float32's range infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return np.ascontiguousarray(values.astype(np.float32))


def _in_blocks(read: Callable[[Array], Array], part: Array) -> Floats32:
    step = max(1, _ELEMENTS // max(1, part.shape[1]))
    blocks = [as_float32(read(part[at : at + step])) for at in range(0, len(part), step)]
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _one_hot(part: Array) -> Words:
    is_set = part != 0  # NaN is
    count = is_set.sum(axis=1)
    words = np.asarray(is_set.argmax(axis=1), np.uint32)
    words[count == 0] = CODE_MISSING
    words[(count > 1) | (part != part).any(axis=1)] = CODE_INVALID
    return words


def _elements(part: Array) -> Floats64:
    """[columns, rows]: so that a sum over the columns adds them one after another."""
    numbers = _lengths(part) if part.dtype.kind == "O" else part.astype(np.float64)
    return np.ascontiguousarray(numbers.T)


def _lengths(part: Array) -> Floats64:
    flat = np.fromiter(map(len, part.reshape(-1)), np.float64, part.size)
    return np.asarray(flat.reshape(part.shape))


def _number(part: Array) -> Array:
    return np.asarray(part[:, 0])


def _length(part: Array) -> Array:
    return np.asarray(_lengths(part)[:, 0])


def _argmax(part: Array) -> Array:
    wide = part.astype(np.float64) if part.dtype.kind not in "iub" else part
    found = np.asarray(wide.argmax(axis=1), np.float64)
    if wide.dtype.kind == "f":
        found[np.isnan(wide).any(axis=1)] = np.nan
    return found


def _mean(part: Array) -> Array:
    elements = _elements(part)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(elements.sum(axis=0) / len(elements))


def _spread(part: Array) -> Array:
    elements = _elements(part)
    with np.errstate(invalid="ignore", over="ignore"):
        deviations = elements - elements.sum(axis=0) / len(elements)
        return np.asarray(np.sqrt((deviations * deviations).sum(axis=0) / len(elements)))


def _norm(part: Array) -> Array:
    elements = _elements(part)
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt((elements * elements).sum(axis=0)))


def _least(part: Array) -> Array:
    """Of what is no NaN, as C's fmin."""
    return np.asarray(np.fmin.reduce(_elements(part), axis=0))


def _greatest(part: Array) -> Array:
    return np.asarray(np.fmax.reduce(_elements(part), axis=0))


def _width(part: Array) -> Array:
    return np.full(len(part), part.shape[1], np.float64)


_READS: dict[str, Callable[[Array], Array]] = {
    "number": _number,
    "length": _length,
    "argmax": _argmax,
    "mean": _mean,
    "spread": _spread,
    "min": _least,
    "max": _greatest,
    "norm": _norm,
    "count_length": _width,
    "width": _width,
}
