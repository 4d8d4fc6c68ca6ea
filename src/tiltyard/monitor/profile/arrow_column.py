"""Columns of pyarrow, from csv and parquet files, as numpy arrays."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tiltyard.monitor.profile.errors import ReferenceRefused

Array = npt.NDArray[Any]


def arrow_array(what: str, column: Any, datatype: str) -> Array:
    """The column as numpy has it, the rows first: numbers (missing as NaN) or objects.

    Text is parsed where numbers are wanted. Lists of one length become columns. Raises
    ReferenceRefused.
    """
    flat = _plain(column)
    kind = flat.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _from_lists(what, flat, datatype)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if datatype == "BYTES":
        if is_text or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return np.array(flat.to_pylist(), object)
        if pa.types.is_null(kind):
            return np.full(len(flat), None, object)
        raise ReferenceRefused(f"{what}: expected strings, got {kind}")
    if is_text:
        return _parsed(what, flat, datatype)
    if pa.types.is_null(kind):
        return np.full(len(flat), np.nan)
    if pa.types.is_decimal(kind):
        flat = flat.cast(pa.float64())
    if not (pa.types.is_integer(kind) or pa.types.is_floating(flat.type)):
        if not pa.types.is_boolean(kind):
            raise ReferenceRefused(f"{what}: expected {datatype} values, got {kind}")
        flat = flat.cast(pa.uint8())
    return np.asarray(flat.to_numpy(zero_copy_only=False))


def arrow_times(column: Any) -> Array:
    """A column of times: datetime64[ns], numbers, or texts as objects."""
    flat = _plain(column)
    if pa.types.is_timestamp(flat.type) or pa.types.is_date(flat.type):
        # A zone says how it is written; the instant is UTC either way.
        stamps = flat.cast(pa.timestamp("ns", getattr(flat.type, "tz", None)))
        numbers = stamps.cast(pa.int64()).fill_null(np.iinfo(np.int64).min)
        return np.asarray(numbers.to_numpy(zero_copy_only=False)).view("datetime64[ns]")
    if pa.types.is_integer(flat.type) or pa.types.is_floating(flat.type):
        return np.asarray(flat.to_numpy(zero_copy_only=False))
    return np.array(flat.to_pylist(), object)


def _plain(column: Any) -> Any:
    """One array, its dictionary looked up."""
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(flat, pa.ChunkedArray):  # what is too long for one array of strings
        flat = pa.concat_arrays([_widened(chunk) for chunk in flat.chunks])
    return flat.dictionary_decode() if pa.types.is_dictionary(flat.type) else flat


def _widened(chunk: Any) -> Any:
    return chunk.cast(pa.large_string()) if pa.types.is_string(chunk.type) else chunk


def _parsed(what: str, text: Any, datatype: str) -> Array:
    trimmed = pc.utf8_trim_whitespace(text)
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)
    kinds = [pa.float64()]
    if datatype == "BOOL":
        kinds = [pa.bool_()]
    elif datatype.startswith(("INT", "UINT")):
        # float64 for those that are written as 3.0; whether they are whole is looked at later.
        kinds = [pa.uint64() if datatype == "UINT64" else pa.int64(), pa.float64()]
    for kind in kinds:
        try:
            found = pc.cast(trimmed, kind)
        except pa.ArrowInvalid as error:
            problem = str(error)
            continue
        if kind == pa.bool_():
            found = found.cast(pa.uint8())
        return np.asarray(found.to_numpy(zero_copy_only=False))
    raise ReferenceRefused(f"{what}{_place(trimmed, problem, datatype)}")


def _place(trimmed: Any, problem: str, datatype: str) -> str:
    """Which row has the text that arrow complains of."""
    expected = "true or false" if datatype == "BOOL" else "a number"
    quoted = re.search(r"string: '(.*)' as a scalar|value: (.*)$", problem, re.DOTALL)
    if quoted is None:
        return f": expected {expected}: {problem}"
    text = quoted[1] or quoted[2]
    row = pc.index(trimmed, pa.scalar(text, trimmed.type)).as_py()
    return f", data row {row + 1}: expected {expected} or an empty field, got {text!r}"


def _from_lists(what: str, column: Any, datatype: str) -> Array:
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if len(lengths) != 1 or lengths[0] is None:
        some = ", ".join("null" if one is None else str(one) for one in lengths[:5])
        raise ReferenceRefused(f"{what}: expected lists of one length, got lengths {some}")
    flat = arrow_array(what, column.flatten(), datatype)
    return flat.reshape(len(column), lengths[0], *flat.shape[1:])
