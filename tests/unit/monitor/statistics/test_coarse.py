"""Coarse cells: contiguous, at most ten of the finite ones, and about equally heavy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.profile.cells import (
    CellRole,
    Cells,
    Ints,
    Kind,
    category_cells,
    ordered_cells,
)
from tiltyard.monitor.statistics.coarse import (
    GROUPS_MAX,
    coarse_groups,
    coarse_names,
    coarse_roles,
)


def numeric(finite: int, kind: Kind = Kind.numeric) -> Cells:
    return ordered_cells(kind, np.arange(1, finite + 1, dtype=np.float32), 0.0)


def counts_with(cells: Cells, mass: list[int]) -> Ints:
    counts = np.zeros(cells.size, np.int64)
    counts[2 : 2 + len(mass)] = mass
    return counts


mass_lists = st.lists(st.integers(0, 5000), min_size=1, max_size=100)


@given(mass_lists)
def test_groups_are_contiguous_and_reserved_cells_stay_alone(mass: list[int]) -> None:
    cells = numeric(len(mass))
    groups = coarse_groups(cells, counts_with(cells, mass))
    assert len(groups) == len(cells.folded_roles)
    assert set(np.diff(groups).tolist()) <= {0, 1}
    finite = groups[1 : 1 + len(mass)]
    assert len(set(finite.tolist())) <= GROUPS_MAX
    assert len(set(groups.tolist())) == len(set(finite.tolist())) + 3
    assert groups[0] == 0
    assert finite[0] == 1


@given(mass_lists)
def test_ten_cells_or_fewer_stay_as_they_are(mass: list[int]) -> None:
    cells = numeric(len(mass[:GROUPS_MAX]))
    groups = coarse_groups(cells, counts_with(cells, mass[:GROUPS_MAX]))
    assert groups.tolist() == list(range(len(cells.folded_roles)))


@pytest.mark.parametrize("finite", [11, 20, 32, 50, 100])
def test_equal_cells_make_ten_groups_about_equal(finite: int) -> None:
    cells = numeric(finite)
    groups = coarse_groups(cells, counts_with(cells, [100] * finite))[1 : 1 + finite]
    sizes = np.bincount(groups)[1:]
    assert len(sizes) == GROUPS_MAX
    assert sizes.max() - sizes.min() <= 1


def test_one_heavy_value_does_not_take_the_groups_of_the_others() -> None:
    cells = numeric(17, Kind.discrete)
    counts = counts_with(cells, [9000, *[60] * 16])
    groups = coarse_groups(cells, counts)[1:18]
    assert np.bincount(groups)[1] == 1
    assert groups[-1] >= 8


def test_coarse_cells_far_from_0_can_be_told_apart() -> None:
    edges = (1e6 + np.arange(1, 41) / 8).astype(np.float32)
    cells = ordered_cells(Kind.numeric, edges, 1e6)
    names = coarse_names(cells, coarse_groups(cells, counts_with(cells, [50] * 40)))
    assert len(set(names)) == len(names) == GROUPS_MAX + 3
    assert names[1] == "[1000000, 1000000.5]"
    values = ordered_cells(Kind.discrete, edges, float(edges[0]))
    assert coarse_names(values, coarse_groups(values, counts_with(values, [50] * 40)))[1] == (
        "1000000.1 to 1000000.5"
    )


def test_cells_without_mass_are_grouped_by_number() -> None:
    cells = numeric(20)
    assert (
        np.bincount(coarse_groups(cells, counts_with(cells, [0] * 20))[1:21])[1:].tolist()
        == [2] * 10
    )
    trailing = coarse_groups(cells, counts_with(cells, [*[9] * 15, *[0] * 5]))
    assert len(set(trailing[1:21].tolist())) == GROUPS_MAX


def test_categories_are_not_grouped() -> None:
    codes = np.arange(30, dtype=np.uint32)
    cells = category_cells(codes, np.arange(30), tuple(f"c{at}" for at in range(30)))
    groups = coarse_groups(cells, np.ones(34, np.int64))
    assert groups.tolist() == list(range(34))
    assert coarse_names(cells, groups) == cells.names
    assert coarse_roles(cells, groups) == cells.folded_roles


def test_names_say_the_range_and_roles_are_those_of_the_cells() -> None:
    cells = numeric(20)
    groups = coarse_groups(cells, counts_with(cells, [5] * 20))
    names = coarse_names(cells, groups)
    assert names[:3] == ("< 0", "[0, 2]", "(2, 4]")
    assert names[-3:] == ("(18, 20]", "> 20", "MISSING")
    assert coarse_roles(cells, groups) == (
        CellRole.below,
        *[CellRole.finite] * 10,
        CellRole.above,
        CellRole.missing,
    )
    discrete = numeric(20, Kind.discrete)
    groups = coarse_groups(discrete, counts_with(discrete, [5] * 20))
    assert coarse_names(discrete, groups)[1:3] == ("1 to 2", "3 to 4")
