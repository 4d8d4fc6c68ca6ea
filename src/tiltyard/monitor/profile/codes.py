"""Category codes: the 4 bytes that stand for a value of a category in a record.

The low 32 bits of XXH3-64 over the value: of integers and booleans as int64 in little-endian,
of floats as float64, of BYTES the bytes themselves. CODE_MISSING and CODE_INVALID are kept free:
a hash that is one of them is lowered by 2. The data plane computes the same in
native/infer/category_code.h.
"""

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from tiltyard.monitor.profile.cells import CODE_INVALID, CODE_MISSING

Codes = npt.NDArray[np.uint32]
Array = npt.NDArray[Any]

_INT64 = struct.Struct("<q")
_UINT64 = struct.Struct("<Q")
_FLOAT64 = struct.Struct("<d")


def category_code(value: bytes | float) -> int:
    """The code of one value. NaN and the empty string are missing, an infinity is invalid.

    >>> category_code(b""), category_code(float("inf"))
    (4294967295, 4294967294)
    >>> category_code(0.0) == category_code(-0.0), category_code(1) == category_code(1.0)
    (True, False)
    """
    if isinstance(value, bytes):
        return _hash(value) if value else CODE_MISSING
    if isinstance(value, int):
        return _hash((_UINT64 if value >= 1 << 63 else _INT64).pack(value))
    if value != value:  # NaN is the only one
        return CODE_MISSING
    if value in (float("inf"), float("-inf")):
        return CODE_INVALID
    return _hash(_FLOAT64.pack(value + 0.0))  # which makes -0.0 0.0


def category_codes(values: Array) -> Codes:
    """The codes of an array [n] of numbers, booleans or (dtype object) bytes: uint32[n]."""
    if values.dtype.kind == "O":
        known: dict[bytes, int] = {}
        for value in values:
            if value not in known:
                known[value] = category_code(value)
        return np.fromiter((known[value] for value in values), np.uint32, len(values))
    unique, inverse = np.unique(_widened(values), return_inverse=True)
    codes = np.fromiter(map(category_code, unique.tolist()), np.uint32, len(unique))
    return codes[inverse.reshape(-1)]


def _widened(values: Array) -> Array:
    """As the 8 bytes that are hashed."""
    if values.dtype.kind in "bi":
        return values.astype(np.int64)
    if values.dtype.kind == "u":
        return values.astype(np.uint64)
    return values.astype(np.float64)


def _hash(data: bytes) -> int:
    code = xxhash.xxh3_64_intdigest(data) & 0xFFFFFFFF
    return code - 2 if code >= CODE_INVALID else code
