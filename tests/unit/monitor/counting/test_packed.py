import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.counting.errors import CountingError
from tiltyard.monitor.counting.layout import CountLayout
from tiltyard.monitor.counting.packed import add_packed, check_packed, pack, times_ns, unpack

LAYOUT = CountLayout.of([7, 30, 5])
SUMS = LAYOUT.cells_at
INT64 = st.integers(-(2**63), 2**63 - 1)
CELL = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 2**63 - 1))


@given(
    st.lists(INT64, min_size=SUMS, max_size=SUMS),
    st.lists(CELL, min_size=42, max_size=42),
    INT64,
    INT64,
)
def test_what_is_packed_comes_back(
    sums: list[int], cells: list[int], first: int, last: int
) -> None:
    counts = np.array(sums + cells, np.int64)
    packed = pack(counts, LAYOUT, first, last)
    check_packed(packed, LAYOUT)
    assert np.array_equal(unpack(packed, LAYOUT), counts)
    assert times_ns(packed) == (first, last)


@pytest.mark.parametrize("top", [1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**62])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_the_width_of_cells_changes_where_it_must(top: int, is_sparse: bool) -> None:
    counts = LAYOUT.zeros()
    counts[SUMS:] = 0 if is_sparse else 1
    counts[-2] = top
    packed = pack(counts, LAYOUT)
    assert np.array_equal(unpack(packed, LAYOUT), counts)
    assert is_sparse == (packed[2] > 0)


def test_adding_adds() -> None:
    counts = np.arange(LAYOUT.size)
    total = counts.copy()
    add_packed(pack(counts, LAYOUT), LAYOUT, total)
    assert np.array_equal(total, 2 * counts)


def test_a_second_is_small() -> None:
    """100 rows of 33 streams with 37 cells: a tenth of the int64 vector."""
    layout = CountLayout.of([37] * 33)
    counts = layout.zeros()
    counts[layout.cells_at :] = np.random.default_rng(0).poisson(100 / 37, 33 * 37)
    counts[: layout.cells_at] = 6_553_600
    assert len(pack(counts, layout)) < counts.nbytes / 6


GOOD = pack(np.arange(LAYOUT.size), LAYOUT)
SPARSE = pack(np.array([0] * (LAYOUT.size - 3) + [1, 0, 1]), LAYOUT)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        GOOD[:20],
        GOOD[:-1],
        GOOD + b"\0",
        b"\x03" + GOOD[1:],
        GOOD[:1] + b"\x05" + GOOD[2:],
        GOOD[:2] + b"\x07" + GOOD[3:],
        GOOD[:4] + struct.pack("<I", 8) + GOOD[8:],
        SPARSE[:-6] + struct.pack("<H", 42) + SPARSE[-4:],
        SPARSE[:-6] + struct.pack("<HH", 41, 39) + SPARSE[-2:],
        pack(np.zeros(CountLayout.of([4]).size, np.int64), CountLayout.of([4])),
    ],
)
def test_other_bytes_are_refused(packed: bytes) -> None:
    with pytest.raises(CountingError, match="a pane"):
        check_packed(packed, LAYOUT)


@given(st.binary(max_size=300), st.integers(0, 40))
def test_no_bytes_that_pass_do_harm(noise: bytes, keep: int) -> None:
    packed = GOOD[:keep] + noise
    try:
        check_packed(packed, LAYOUT)
    except CountingError:
        return
    assert unpack(packed, LAYOUT).shape == (LAYOUT.size,)
