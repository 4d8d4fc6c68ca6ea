"""Cells against the definition in words, value by value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.profile.arrays import f32, u32
from tiltyard.monitor.profile.binning import cells_of
from tiltyard.monitor.profile.cells import (
    CODE_INVALID,
    CODE_MISSING,
    CellRole,
    Cells,
    Kind,
    category_cells,
    ordered_cells,
)

FLOATS = st.floats(width=32)
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def defined(cells: Cells, value: float) -> int:
    """The cell of one value, by its definition."""
    roles = cells.roles
    if math.isnan(value):
        return roles.index(CellRole.missing)
    if math.isinf(value):
        return roles.index(CellRole.plus_infinity if value > 0 else CellRole.minus_infinity)
    if value < cells.minimum:
        return roles.index(CellRole.below)
    edges: list[float] = cells.edges.tolist()
    if value > edges[-1]:
        return roles.index(CellRole.above)
    if cells.kind is Kind.discrete and value not in edges:
        return roles.index(CellRole.unseen)
    return roles.index(CellRole.finite) + sum(edge < value for edge in edges)


@given(
    kind=st.sampled_from([Kind.numeric, Kind.discrete, Kind.text]),
    edges=st.lists(FINITE, min_size=1, max_size=40),
    below=FINITE,
    values=st.lists(FLOATS, max_size=40),
)
def test_ordered_values(kind: Kind, edges: list[float], below: float, values: list[float]) -> None:
    upper = np.unique(f32(edges) + np.float32(0))
    minimum = float(upper[0]) if kind is Kind.discrete else min(below, float(upper[0]))
    cells = ordered_cells(kind, upper, minimum)
    # The edges themselves and their neighbours are where a comparison goes wrong.
    with np.errstate(over="ignore"):
        near = [np.nextafter(upper, f32(way)) for way in (-np.inf, np.inf)]
    tried = np.concatenate([f32(values), upper, *near, f32([minimum])])
    found = cells_of(cells, tried.view(np.uint32))
    assert found.tolist() == [defined(cells, float(value)) for value in tried]
    assert found.dtype == np.int64


def test_categories() -> None:
    cells = category_cells(u32([3, 7, 900]), np.array([1, 2, 0], np.int64), ("frequent", "seldom"))
    words = u32([900, 3, 7, 4, 0, 901, CODE_MISSING, CODE_INVALID])
    roles = [cells.roles[index] for index in cells_of(cells, words)]
    assert cells_of(cells, words)[:2].tolist() == [0, 1]
    assert roles == [
        CellRole.category,
        CellRole.category,
        CellRole.other,
        CellRole.unseen,
        CellRole.unseen,
        CellRole.unseen,
        CellRole.missing,
        CellRole.invalid,
    ]


@pytest.mark.parametrize("count", [0, 1])
def test_a_stream_that_knows_no_category(count: int) -> None:
    cells = category_cells(np.zeros(0, np.uint32), np.zeros(0, np.int64), ())
    found = cells_of(cells, np.full(count, 5, np.uint32))
    assert [cells.roles[index] for index in found] == [CellRole.unseen] * count


def test_a_column_of_a_table_of_words_need_not_be_contiguous() -> None:
    cells = ordered_cells(Kind.numeric, f32([1, 2]), 0.0)
    words = f32([[0.5, 9], [1.5, 9]]).view(np.uint32)
    assert cells_of(cells, words[:, 0]).tolist() == [2, 3]
