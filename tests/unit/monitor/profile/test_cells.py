import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tiltyard.monitor.profile.cells import (
    ORDERED,
    CellRole,
    Cells,
    Kind,
    category_cells,
    ordered_cells,
)


def edges(count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.arange(1, count + 1, dtype=np.float32)


CATEGORIES = category_cells(
    np.array([3, 5, 9], np.uint32), np.array([1, 0, 2], np.int64), ("NO", "SE")
)
ALL = [
    ordered_cells(Kind.numeric, edges(4), 0.5),
    ordered_cells(Kind.discrete, edges(3), 1.0),
    ordered_cells(Kind.text, edges(1), 0.0),
    ordered_cells(Kind.numeric, edges(0), 0.0),
    CATEGORIES,
]


@pytest.mark.parametrize("cells", ALL, ids=lambda cells: f"{cells.kind} {cells.size}")
def test_each_cell_has_a_role_and_a_name(cells: Cells) -> None:
    assert len(cells.roles) == cells.size
    assert len(cells.folded_roles) == len(cells.names) == len(set(cells.names))
    infinities = {CellRole.minus_infinity, CellRole.plus_infinity}
    assert not infinities & set(cells.folded_roles)
    ordered = cells.folded_roles[cells.ordered]
    assert set(ordered) <= ORDERED
    assert set(ordered) == (ORDERED & set(cells.folded_roles))


@pytest.mark.parametrize("cells", ALL, ids=lambda cells: f"{cells.kind} {cells.size}")
@given(data=st.data())
def test_folding_moves_the_infinities_alone(cells: Cells, data: st.DataObject) -> None:
    shape = st.tuples(st.integers(1, 3), st.just(cells.size))
    counts = data.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 99)))
    folded = cells.fold(counts)
    assert folded.shape == (len(counts), len(cells.folded_roles))
    assert (folded.sum(axis=1) == counts.sum(axis=1)).all()
    into = {CellRole.minus_infinity: CellRole.below, CellRole.plus_infinity: CellRole.above}
    for row, expected in zip(folded, counts, strict=True):
        found: dict[CellRole, list[int]] = {}
        for role, count in zip(cells.roles, expected, strict=True):
            found.setdefault(into.get(role, role), []).append(int(count))
        for role in set(cells.folded_roles):
            mine = [int(n) for one, n in zip(cells.folded_roles, row, strict=True) if one is role]
            known = found[role]
            assert mine == ([sum(known)] if role in into.values() else known)


def test_names_say_where_values_lie() -> None:
    assert ALL[0].names == ("< 0.5", "[0.5, 1]", "(1, 2]", "(2, 3]", "(3, 4]", "> 4", "MISSING")
    assert ALL[1].names == ("< 1", "1", "2", "3", "> 3", "MISSING", "UNSEEN")
    assert ALL[3].names == ("< 0", "> 0", "MISSING")
    assert CATEGORIES.names == ("NO", "SE", "OTHER", "UNSEEN", "MISSING", "INVALID")


@pytest.mark.parametrize("center", [1e6, -1e6, 123456.7, 16_777_215.0, 1e9, 3e-7, 0.0, 1e38])
@pytest.mark.parametrize("kind", [Kind.numeric, Kind.discrete])
def test_no_two_cells_are_called_the_same(center: float, kind: Kind) -> None:
    values = [np.float32(center)]
    for _ in range(20):
        values.append(np.nextafter(values[-1], np.float32(np.inf)))
    found = np.array(values, np.float32)
    minimum = found[0] if kind is Kind.discrete else np.nextafter(found[0], np.float32(-np.inf))
    cells = ordered_cells(kind, found, float(minimum))
    assert len(set(cells.names)) == len(cells.names) == len(cells.folded_roles)
    assert [np.float32(name) for name in cells.edge_names[1:]] == values


def test_edges_have_no_more_digits_than_needed() -> None:
    cells = ordered_cells(Kind.numeric, np.array([1_000_000, 1_000_002], np.float32), 999_997.0)
    assert cells.names[1:3] == ("[999997, 1000000]", "(1000000, 1000002]")
    constant = ordered_cells(Kind.numeric, np.array([0.1], np.float32), float(np.float32(0.1)))
    assert constant.names == ("< 0.1", "[0.1, 0.1]", "> 0.1", "MISSING")


def test_a_category_that_is_called_as_a_reserved_cell_is_quoted() -> None:
    codes, own = np.array([3, 5, 9, 11], np.uint32), np.arange(4)
    cells = category_cells(codes, own, ("MISSING", "red", "red", "'red'"))
    assert cells.names[:4] == ("'MISSING'", "red", "'red'", "''red''")
    assert len(set(cells.names)) == 8
