"""The kernels: records in, integers added to a plane's vector, two scores a row out.

Importing this module imports numba, so only compilation.py does. Nothing here knows of Python
objects; what the arrays hold is told by CountingPlan (plan.py) and by layout.py.

Rows are worked on in tiles: the slots of a tile are transposed, so that every loop runs over the
rows of one slot and LLVM makes vector code of it. A row's scores are still summed over its features
in order, one float64 addition after another, so they equal a plain loop bit for bit.

The cache on disk knows changes of this file alone, so what layout.py defines comes in as an
argument.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

from tiltyard.monitor.counting.counter import Rows, Scores, Scratch
from tiltyard.monitor.counting.plan import BLOCK, Z_COLUMNS, Z_ROWS, Floats, PlanArrays
from tiltyard.monitor.counting.record import HEAD_WORDS, REQUEST_ROWS_WORD, ROW_WORD, Words
from tiltyard.monitor.profile.cells import Ints

# Loops over a tile's rows go over whole steps, so that none is left for scalar code; what fills the
# last one up is not counted.
STEP = 32

_MISSING_CODE = np.uint32(0xFFFFFFFF)
_INVALID_CODE = np.uint32(0xFFFFFFFE)
_NAN_BITS = np.uint32(0x7FC00000)

Function = TypeVar("Function", bound=Callable[..., Any])


def _inlined(function: Function) -> Function:
    """Inlined, because a call hands over every array as seven words and counts its references."""
    compiled: Function = njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return compiled


@_inlined
def _whole(count: int) -> int:
    return (count + STEP - 1) // STEP * STEP


@_inlined
def _load(words: Words, rows: Rows, begin: int, end: int, tile: Words) -> None:
    """Slots of rows[begin:end] to tile[slot, row - begin]; NaN to the end of the last step."""
    slots = len(tile) - 2
    for at in range(begin, end):
        row = rows[at]
        for slot in range(slots):
            tile[slot, at - begin] = words[row, HEAD_WORDS + slot]
    count = end - begin
    for slot in range(slots):
        for at in range(count, _whole(count)):
            tile[slot, at] = _NAN_BITS


@_inlined
def _heads(words: Words, rows: Rows) -> tuple[np.int64, np.int64]:
    """Requests (first rows of one), and the sum of request_rows."""
    requests = np.int64(0)
    squared = np.int64(0)
    for at in range(len(rows)):
        row = rows[at]
        requests += np.int64(words[row, ROW_WORD] == 0)
        squared += np.int64(words[row, REQUEST_ROWS_WORD])
    return requests, squared


@_inlined
def _count_edges(
    values: Scores, count: int, edges: Scores, first: int, known: int, cells: Rows
) -> None:
    """cells = how many of the edges lie below each value; fillers are +inf, which never do."""
    for at in range(count):
        cells[at] = 0
    for block in range(first, first + known, BLOCK):
        e = edges[block : block + BLOCK]
        e0, e1, e2, e3, e4, e5, e6, e7 = e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]
        for at in range(count):
            x = values[at]
            low = np.int32(e0 < x) + np.int32(e1 < x) + np.int32(e2 < x) + np.int32(e3 < x)
            high = np.int32(e4 < x) + np.int32(e5 < x) + np.int32(e6 < x) + np.int32(e7 < x)
            cells[at] += low + high


@_inlined
def _ordered_cells(
    values: Scores, count: int, finite: int, minimum: np.float32, cells: Rows
) -> None:
    """From the number of edges below each value to its cell: see Cells for their order."""
    for at in range(count):
        x = values[at]
        cell = cells[at] + np.int32(2)
        cell = np.int32(1) if x < minimum else cell
        cell = np.int32(0) if x == -np.inf else cell
        cell = np.int32(finite + 3) if x == np.inf else cell
        cells[at] = np.int32(finite + 4) if x != x else cell


@_inlined
def _values_between(
    values: Scores, count: int, edges: Scores, first: int, finite: int, cells: Rows
) -> None:
    """Finite cells of a discrete stream hold their own value only; others go to UNSEEN."""
    for at in range(count):
        cell = cells[at]
        if cell >= 2 and cell < finite + 2 and edges[first + cell - 2] != values[at]:
            cells[at] = finite + 5


@_inlined
def _compare_codes(
    words: Words,
    count: int,
    codes: Words,
    code_cells: Rows,
    first: int,
    known: int,
    categories: int,
    cells: Rows,
) -> None:
    """The cells of codes by comparing with each that is known."""
    for at in range(count):
        word = words[at]
        cell = np.int32(categories + 1)
        cell = np.int32(categories + 2) if word == _MISSING_CODE else cell
        cells[at] = np.int32(categories + 3) if word == _INVALID_CODE else cell
    for k in range(first, first + known):
        code = codes[k]
        code_cell = code_cells[k]
        for at in range(count):
            cells[at] = code_cell if words[at] == code else cells[at]


@_inlined
def _search_codes(
    words: Words,
    count: int,
    codes: Words,
    code_cells: Rows,
    first: int,
    known: int,
    categories: int,
    cells: Rows,
) -> None:
    """The same by binary search, without a branch that data decides."""
    for at in range(count):
        word = words[at]
        base = first
        length = known
        while length > 1:
            half = length // 2
            base = base + half if codes[base + half] <= word else base
            length -= half
        cell = code_cells[base] if codes[base] == word else np.int32(categories + 1)
        cell = np.int32(categories + 2) if word == _MISSING_CODE else cell
        cells[at] = np.int32(categories + 3) if word == _INVALID_CODE else cell


@_inlined
def _add_cells(cells: Rows, count: int, counts: Ints, cells_at: int) -> None:
    for at in range(count):
        counts[np.uintp(cells_at + cells[at])] += 1


@_inlined
def _add_cells_and_bits(
    cells: Rows,
    count: int,
    counts: Ints,
    cells_at: int,
    bits: Floats,
    bits_at: int,
    surprise: Floats,
) -> None:
    for at in range(count):
        cell = np.int64(cells[at])
        counts[np.uintp(cells_at + cell)] += 1
        surprise[at] += bits[np.uintp(bits_at + cell)]


@_inlined
def _add_moments(
    values: Scores,
    count: int,
    mean: float,
    sigma: float,
    fixed: Ints,
    counts: Ints,
    moments_at: int,
) -> None:
    """Sums of z and of z^2 in fixed point, as layout.py says; NaN and infinities add nothing."""
    units, limit, shift = np.float64(fixed[0]), np.float64(fixed[1]), fixed[2]
    first = np.int64(0)
    second = np.int64(0)
    for at in range(count):
        x = np.float64(values[at])
        z = max(min((x - mean) / sigma, limit), -limit)
        q = np.int64(np.rint(z * units if np.abs(x) < np.inf else 0.0))
        first += q
        second += (q * q) >> shift
    counts[moments_at] += first
    counts[moments_at + 1] += second


@_inlined
def _standardise(values: Scores, count: int, mean: float, sigma: float, z: Floats) -> None:
    for at in range(count):
        x = np.float64(values[at])
        z[at] = (x - mean) / sigma if np.abs(x) < np.inf else 0.0


@_inlined
def _distances(z: Floats, whitening: Floats, count: int, sums: Floats) -> None:
    """|whitening @ z|^2 of each row, two elements at a time; z and whitening end in zeros."""
    distances, first, second = sums[1], sums[2], sums[3]
    distances[:count] = 0.0
    for i in range(0, len(whitening), Z_ROWS):
        first[:count] = 0.0
        second[:count] = 0.0
        a, b = whitening[i], whitening[i + 1]
        for j in range(0, i + Z_ROWS, Z_COLUMNS):
            a0, a1, a2, a3 = a[j], a[j + 1], a[j + 2], a[j + 3]
            b0, b1, b2, b3 = b[j], b[j + 1], b[j + 2], b[j + 3]
            r0, r1, r2, r3 = z[j], z[j + 1], z[j + 2], z[j + 3]
            for at in range(count):
                z0, z1, z2, z3 = r0[at], r1[at], r2[at], r3[at]
                first[at] = (((first[at] + a0 * z0) + a1 * z1) + a2 * z2) + a3 * z3
                second[at] = (((second[at] + b0 * z0) + b1 * z1) + b2 * z2) + b3 * z3
        for at in range(count):
            distances[at] = (distances[at] + first[at] * first[at]) + second[at] * second[at]


@_inlined
def _find_cells(
    stream: Any, plan: PlanArrays, words: Words, values: Scores, count: int, cells: Rows
) -> None:
    """The cells of one slot's words, by the kind of its stream; count is in whole steps."""
    first, known, finite = stream.first, stream.known, stream.cells
    edges, codes, code_cells = plan.edges, plan.codes, plan.code_cells
    if stream.is_searched:
        _search_codes(words, count, codes, code_cells, first, known, finite, cells)
    elif stream.is_categorical:
        _compare_codes(words, count, codes, code_cells, first, known, finite, cells)
    else:
        _count_edges(values, count, edges, first, known, cells)
        _ordered_cells(values, count, finite, np.float32(stream.minimum), cells)
        if stream.is_discrete:
            _values_between(values, count, edges, first, finite, cells)


@_inlined
def _count_streams(
    begin: int, end: int, filled: int, plan: PlanArrays, scratch: Scratch, counts: Ints
) -> None:
    """One stream of a tile: its cells, its part of the surprise, its moments, its z."""
    whole = _whole(filled)
    tile, z, cells, surprise = scratch.tile, scratch.z, scratch.cells, scratch.sums[0]
    floats = tile.view(np.float32)
    for s in range(begin, end):
        stream = plan.streams[s]
        words = tile[stream.slot]
        values = floats[stream.slot]
        _find_cells(stream, plan, words, values, whole, cells)
        if stream.bits_at >= 0:
            _add_cells_and_bits(
                cells, filled, counts, stream.counts_at, plan.bits, stream.bits_at, surprise
            )
        else:
            _add_cells(cells, filled, counts, stream.counts_at)
        if stream.moments_at >= 0:
            mean, sigma = stream.mean, stream.sigma
            _add_moments(values, whole, mean, sigma, plan.fixed, counts, stream.moments_at)
        if stream.z_row >= 0:
            _standardise(values, whole, stream.z_mean, stream.z_sigma, z[stream.z_row])


@_inlined
def _write_scores(
    sums: Floats,
    tile: Words,
    has_distances: bool,
    begin: int,
    filled: int,
    surprise: Scores,
    mahalanobis: Scores,
) -> None:
    """The tile's scores to its last two rows and to the caller; NaN fills the step up."""
    slots = len(tile) - 2
    scores = tile[slots:].view(np.float32)
    scores[:, : _whole(filled)] = np.nan
    for at in range(filled):
        scores[0, at] = np.float32(sums[0, at])
        surprise[begin + at] = scores[0, at]
    if has_distances:
        for at in range(filled):
            scores[1, at] = np.float32(sums[1, at])
            mahalanobis[begin + at] = scores[1, at]


def count(
    words: Words,
    rows: Rows,
    plan: PlanArrays,
    scratch: Scratch,
    counts: Ints,
    surprise: Scores,
    mahalanobis: Scores,
) -> None:
    """Count `rows` of a block of records.

    words uint32[n, W], rows int32[r] below n, plan PlanArrays, scratch Scratch; counts
    int64[layout.size] is added to; surprise float32[r] is written, and mahalanobis float32[r] where
    the plan has a whitening.
    """
    requests, squared = _heads(words, rows)
    counts[0] += len(rows)
    counts[1] += requests
    counts[2] += squared
    tile, sums, whitening = scratch.tile, scratch.sums, plan.whitening
    features = len(whitening)
    tile_rows = tile.shape[1]
    for begin in range(0, len(rows), tile_rows):
        filled = min(tile_rows, len(rows) - begin)
        whole = _whole(filled)
        _load(words, rows, begin, begin + filled, tile)
        sums[0, :whole] = 0.0
        _count_streams(0, plan.slots, filled, plan, scratch, counts)
        if features:
            _distances(scratch.z, whitening, whole, sums)
        _write_scores(sums, tile, features > 0, begin, filled, surprise, mahalanobis)
        _count_streams(plan.slots, len(plan.streams), filled, plan, scratch, counts)
