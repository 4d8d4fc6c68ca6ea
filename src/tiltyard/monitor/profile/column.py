"""A column of a reference, as a file or a program has it, made into the dtype of an input.

A column is a numpy array with the rows first, or an array of pyarrow. Missing: NaN, None, null, and
in a csv file an empty field. Every conversion is one that a client would make before it sends; what
would change a value is refused.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.signature import numpy_type

Array = npt.NDArray[Any]
Column = Any  # numpy.ndarray or pyarrow.Array or pyarrow.ChunkedArray

UNIX_SECONDS_MAX = 1e11  # the year 5138; beyond it milliseconds are meant


def as_datatype(what: str, column: Column, datatype: str) -> Array:
    """The column in the numpy type of a v2 datatype, the rows first; BYTES as objects of bytes.

    `what` names it in errors: "column 'age'". Raises ReferenceRefused.
    """
    if not isinstance(column, np.ndarray):
        # Imported here: a reference of numpy arrays needs no pyarrow.
        from tiltyard.monitor.profile.arrow_column import arrow_array

        column = arrow_array(what, column, datatype)
    if datatype == "BYTES":
        return _as_bytes(what, column)
    if column.dtype.kind == "O":
        column = _from_objects(what, column, datatype)
    if column.dtype.kind not in "biuf" and column.dtype.name != "bfloat16":
        raise ReferenceRefused(f"{what}: expected {datatype} values, got {column.dtype}")
    wanted = numpy_type(datatype)
    if datatype == "BOOL" or datatype.startswith(("INT", "UINT")):
        return _as_whole(what, column, datatype, wanted)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(column.astype(wanted))


def as_unix_seconds(what: str, column: Column) -> npt.NDArray[np.float64]:
    """Times: unix seconds, ISO 8601 (UTC where no zone is said), or timestamps of the file's own.

    Raises ReferenceRefused, also for a missing time.
    """
    if not isinstance(column, np.ndarray):
        from tiltyard.monitor.profile.arrow_column import arrow_times

        column = arrow_times(column)
    if column.dtype.kind == "M":
        times = column.astype("datetime64[ns]").astype(np.int64) / 1e9
        times[np.isnat(column)] = np.nan
    elif column.dtype.kind in "iuf":
        times = column.astype(np.float64)
    else:
        times = np.array([_seconds(what, row, text) for row, text in enumerate(column.tolist())])
    if times.ndim != 1:
        raise ReferenceRefused(f"{what}: expected one time a row, got shape {list(times.shape)}")
    wrong = np.flatnonzero(~np.isfinite(times) | (np.abs(times) > UNIX_SECONDS_MAX))
    if len(wrong):
        raise ReferenceRefused(
            f"{what}, data row {wrong[0] + 1}: expected unix seconds, ISO 8601 or a timestamp,"
            f" got {column[wrong[0]]}"
        )
    return np.asarray(times, np.float64)


def _seconds(what: str, row: int, text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        pass
    try:
        then = datetime.fromisoformat(text.decode() if isinstance(text, bytes) else text)
    except (TypeError, ValueError):
        raise ReferenceRefused(
            f"{what}, data row {row + 1}: expected unix seconds, ISO 8601 or a timestamp,"
            f" got {text!r}"
        ) from None
    return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()


def _as_bytes(what: str, column: Array) -> Array:
    if column.dtype.kind not in "USO":
        raise ReferenceRefused(f"{what}: expected strings, got {column.dtype}")
    found = np.empty(column.size, object)
    for row, value in enumerate(column.reshape(-1).tolist()):
        if isinstance(value, str):
            found[row] = value.encode("utf-8", "surrogatepass")
        elif isinstance(value, bytes):
            found[row] = value
        elif value is None or value != value:  # a missing one is what clients send for it
            found[row] = b""
        else:
            raise ReferenceRefused(f"{what}: expected strings, got {value!r} in row {row + 1}")
    return found.reshape(column.shape)


def _from_objects(what: str, column: Array, datatype: str) -> Array:
    """Numbers and None, as other libraries hand over columns with missing values."""
    values = [np.nan if value is None else value for value in column.reshape(-1).tolist()]
    if all(isinstance(value, int) for value in values):
        try:
            return np.array(values, np.int64).reshape(column.shape)
        except OverflowError:
            return np.array(values, np.uint64).reshape(column.shape)
    for row, value in enumerate(values):
        if not isinstance(value, int | float):
            raise ReferenceRefused(
                f"{what}, data row {row + 1}: expected {datatype} values, got {value!r}"
            )
    return np.array(values, np.float64).reshape(column.shape)


def _as_whole(what: str, column: Array, datatype: str, wanted: Any) -> Array:
    kind = column.dtype.kind
    low, high = (0, 1) if datatype == "BOOL" else (np.iinfo(wanted).min, np.iinfo(wanted).max)
    if kind == "b" or not column.size:
        return column.astype(wanted)
    if kind not in "iu":
        is_whole = np.isfinite(column) & (np.trunc(column) == column)
        wrong = np.flatnonzero(~is_whole.reshape(-1))
        if len(wrong):
            raise ReferenceRefused(
                f"{what}, data row {_row(column, wrong[0])}: expected {datatype} values, which are"
                f" whole and never missing, got {column.reshape(-1)[wrong[0]]}"
            )
    # Python's own numbers, for neither int64 nor float64 holds all of the others' limits.
    least, greatest = int(column.min()), int(column.max())
    if least < low or greatest > high:
        came = least if least < low else greatest
        raise ReferenceRefused(f"{what}: expected {datatype} values, {low} to {high}, got {came}")
    return column.astype(wanted)


def _row(column: Array, place: Any) -> int:
    """The data row, from 1, of a place in the flattened column."""
    return int(place) // max(1, column.size // len(column)) + 1
