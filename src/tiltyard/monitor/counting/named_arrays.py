"""A few numpy arrays by name as one compressed blob, without pickle."""

import io
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.errors import CountingError

NamedArrays = Mapping[str, npt.NDArray[Any]]

# Blobs are written every few seconds; higher levels take longer and save little.
LEVEL = 1


def arrays_to_blob(arrays: NamedArrays) -> bytes:
    """A line of JSON with the names, then each array as numpy's .npy has it.

    Raises ValueError for arrays of objects.
    """
    out = io.BytesIO()
    out.write(json.dumps(list(arrays)).encode() + b"\n")
    for array in arrays.values():
        np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
    return zlib.compress(out.getbuffer(), LEVEL)


def arrays_from_blob(blob: bytes) -> dict[str, npt.NDArray[Any]]:
    """What was made a blob. Raises CountingError when it is none."""
    try:
        data = io.BytesIO(zlib.decompress(blob))
        names = json.loads(data.readline())
        found = {name: np.lib.format.read_array(data, allow_pickle=False) for name in names}
    except (zlib.error, ValueError, TypeError, EOFError, SyntaxError) as error:
        raise CountingError(f"saved arrays cannot be read: {error}") from error
    if data.read(1):
        raise CountingError(f"saved arrays: expected nothing behind {', '.join(found)}")
    return found
