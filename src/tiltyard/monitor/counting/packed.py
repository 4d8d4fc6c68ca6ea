"""A pane's vector as few bytes: what a pane is in memory, and, compressed, on disk.

A little-endian head, then the sums as int32 or int64, then the cells: all of them in the narrowest
unsigned type, or only those that are not 0 with their indices, whichever is shorter. A second of
100 rows of 30 features takes about a tenth of its int64 vector.
"""

import struct
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.profile.cells import Ints

# Bytes of a sum, of a cell and of an index (0: all cells); sums, cells, stored cells; first and
# last time.
_HEAD: Final = struct.Struct("<BBBxIIIqq")
_Types = Mapping[int, np.dtype[Any]]
_SUM_TYPES: Final[_Types] = {4: np.dtype("<i4"), 8: np.dtype("<i8")}
_CELL_TYPES: Final[_Types] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<i8"),
}
_INDEX_TYPES: Final[_Types] = {0: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}


class _Parts(NamedTuple):
    sums: Ints
    cells: npt.NDArray[Any]
    indices: npt.NDArray[Any] | None
    first_ns: int
    last_ns: int


def pack(counts: Ints, layout: CountLayout, first_ns: int = 0, last_ns: int = 0) -> bytes:
    """The vector int64[layout.size], and when its first and last records were made.

    >>> layout = CountLayout.of([4])
    >>> packed = pack(np.array([3, 2, 5, -9, 70000, 0, 3, 0, 0]), layout, 7, 9)
    >>> unpack(packed, layout).tolist(), times_ns(packed)
    ([3, 2, 5, -9, 70000, 0, 3, 0, 0], (7, 9))
    """
    sums, cells = counts[: layout.cells_at], counts[layout.cells_at :]
    sum_bytes = 4 if sums.min() >= -(2**31) and sums.max() < 2**31 else 8
    top = int(cells.max(initial=0))
    cell_bytes = next(size for size in _CELL_TYPES if top < 1 << (8 * size))
    index_bytes = 2 if len(cells) <= 1 << 16 else 4
    stored = np.flatnonzero(cells)
    body = [sums.astype(_SUM_TYPES[sum_bytes]).tobytes()]
    if len(stored) * (index_bytes + cell_bytes) < len(cells) * cell_bytes:
        body.append(stored.astype(_INDEX_TYPES[index_bytes]).tobytes())
        cells = cells[stored]
    else:
        index_bytes = 0
    body.append(cells.astype(_CELL_TYPES[cell_bytes]).tobytes())
    head = _HEAD.pack(
        sum_bytes,
        cell_bytes,
        index_bytes,
        len(sums),
        layout.size - len(sums),
        len(cells),
        first_ns,
        last_ns,
    )
    return b"".join((head, *body))


def add_packed(packed: bytes, layout: CountLayout, counts: Ints) -> None:
    """Add what was packed of this layout to counts int64[layout.size]."""
    parts = _parts(packed)
    counts[: layout.cells_at] += parts.sums
    cells = counts[layout.cells_at :]
    if parts.indices is None:
        cells += parts.cells
    else:
        cells[parts.indices] += parts.cells  # no index comes twice


def unpack(packed: bytes, layout: CountLayout) -> Ints:
    """The vector int64[layout.size]."""
    counts = layout.zeros()
    add_packed(packed, layout, counts)
    return counts


def times_ns(packed: bytes) -> tuple[int, int]:
    """When the first and the last record were made."""
    *_, first_ns, last_ns = _HEAD.unpack_from(packed)
    return first_ns, last_ns


def check_packed(packed: bytes, layout: CountLayout) -> None:
    """Raises CountingError when these are no bytes of a vector of this layout."""
    try:
        sum_bytes, cell_bytes, index_bytes, sums, cells, stored, *_ = _HEAD.unpack_from(packed)
        body = sums * _SUM_TYPES[sum_bytes].itemsize
        body += stored * (index_bytes + _CELL_TYPES[cell_bytes].itemsize)
        indices = _INDEX_TYPES[index_bytes]
    except (struct.error, KeyError) as error:
        raise CountingError(f"a pane of {len(packed)} bytes has no head: {error}") from error
    came = (sums, cells, len(packed))
    expected = (layout.cells_at, layout.size - layout.cells_at, _HEAD.size + body)
    if came != expected or (index_bytes == 0 and stored != cells):
        raise CountingError(f"a pane: expected {expected} sums, cells and bytes; got {came}")
    found = _parts(packed).indices if indices.itemsize > 1 else None
    if found is None or not len(found):
        return
    if found[-1] >= cells or (found[1:] <= found[:-1]).any():
        raise CountingError(f"a pane: expected ascending indices below {cells}; got {found}")


def _parts(packed: bytes) -> _Parts:
    sum_bytes, cell_bytes, index_bytes, sums, _, stored, first_ns, last_ns = _HEAD.unpack_from(
        packed
    )
    at = _HEAD.size
    found_sums = np.frombuffer(packed, _SUM_TYPES[sum_bytes], sums, at)
    at += found_sums.nbytes
    indices = None
    if index_bytes:
        indices = np.frombuffer(packed, _INDEX_TYPES[index_bytes], stored, at)
        at += indices.nbytes
    cells = np.frombuffer(packed, _CELL_TYPES[cell_bytes], stored, at)
    return _Parts(found_sums, cells, indices, first_ns, last_ns)
