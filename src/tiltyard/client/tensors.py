"""numpy arrays to the protocol's raw tensors and back.

BYTES are object arrays of `bytes`. BF16, which numpy lacks, comes back widened to float32 (exact),
and is sent from float arrays when the datatype is asked for (rounded to nearest, ties to even) or
from arrays whose dtype is ml_dtypes' bfloat16.
"""

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tiltyard.errors import ClientError

Array = npt.NDArray[Any]

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "BOOL": np.dtype("?"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
_NAMES: Final = {(dtype.kind, dtype.itemsize): name for name, dtype in DTYPES.items()}
_LENGTH: Final = struct.Struct("<I")


def datatype_of(array: Array) -> str:
    """The v2 datatype that carries `array` without loss. Raises ClientError."""
    if array.dtype.name == "bfloat16":
        return "BF16"
    if array.dtype.kind in "OSU":
        return "BYTES"
    try:
        return _NAMES[array.dtype.kind, array.dtype.itemsize]
    except KeyError:
        raise ClientError(
            f"numpy dtype {array.dtype} has no datatype in the protocol; expected one of"
            f" {', '.join(sorted({str(dtype) for dtype in DTYPES.values()}))}, bytes or str"
        ) from None


def to_raw(array: Array, datatype: str) -> bytes:
    """The bytes of `array`, of any shape, as `datatype`: little-endian, row-major.

    Raises ClientError when the values do not fit the datatype.
    """
    if datatype == "BYTES":
        return b"".join(map(_frame, array.ravel(order="C")))
    if datatype == "BF16":
        return _to_bf16(array).tobytes()
    if datatype not in DTYPES:
        known = ", ".join([*DTYPES, "BF16", "BYTES"])
        raise ClientError(f"datatype {datatype!r} is unknown; expected one of {known}")
    try:
        converted = array.astype(DTYPES[datatype], order="C", casting="same_kind")
    except TypeError as error:
        raise ClientError(f"values of dtype {array.dtype} are not {datatype}: {error}") from error
    return converted.tobytes()


def from_raw(raw: bytes, datatype: str, shape: tuple[int, ...]) -> Array:
    """The array in `raw`, read-only where it shares its memory. Raises ClientError."""
    try:
        if datatype == "BYTES":
            return _unframe(raw, shape)
        if datatype == "BF16":
            bits = np.frombuffer(raw, "<u2").astype(np.uint32) << 16
            return bits.view(np.float32).reshape(shape)
        return np.frombuffer(raw, DTYPES[datatype]).reshape(shape)
    except (KeyError, ValueError, struct.error) as error:
        raise ClientError(
            f"the server sent {len(raw)} bytes that are no {datatype} tensor of shape"
            f" {list(shape)}: {error}"
        ) from error


def _frame(element: Any) -> bytes:
    if isinstance(element, str):
        element = element.encode()
    if not isinstance(element, bytes):
        raise ClientError(
            f"a BYTES tensor holds bytes or str, got {element!r} of type {type(element).__name__}"
        )
    return _LENGTH.pack(len(element)) + element


def _unframe(raw: bytes, shape: tuple[int, ...]) -> Array:
    elements, at = [], 0
    while at < len(raw):
        (length,) = _LENGTH.unpack_from(raw, at)
        at += _LENGTH.size
        if at + length > len(raw):
            raise ValueError(f"an element of {length} bytes begins {len(raw) - at} before the end")
        elements.append(raw[at : at + length])
        at += length
    found = np.empty(len(elements), dtype=object)
    found[:] = elements
    return found.reshape(shape)


def _to_bf16(array: Array) -> npt.NDArray[np.uint16]:
    if array.dtype.name == "bfloat16":
        return np.ascontiguousarray(array).view(np.uint16)
    if array.dtype.kind != "f":
        raise ClientError(f"values of dtype {array.dtype} are not BF16; expected floats")
    values = np.ascontiguousarray(array, dtype="<f4")
    bits = values.view("<u4")
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    nans = (bits >> 16) | 0x40  # rounding could turn a NaN into an infinity
    return np.where(np.isnan(values), nans, rounded).astype("<u2")
