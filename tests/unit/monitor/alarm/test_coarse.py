"""The cells of shape bets."""

import numpy as np
from hypothesis import given

from tests.unit.monitor.alarm.references import any_stream, categorical, ordered
from tiltyard.monitor.alarm.coarse import COARSE_CELLS, coarse_cells
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.profile.cells import CellRole


@given(any_stream())
def test_every_cell_has_one_and_reserved_ones_are_alone(stream: ReferenceStream) -> None:
    groups = coarse_cells(stream)
    assert sorted(set(groups.tolist())) == list(range(groups.max() + 1))
    for cell in np.flatnonzero(stream.reserved):
        assert np.count_nonzero(groups == groups[cell]) == 1
    assert groups.max() + 1 <= COARSE_CELLS + np.count_nonzero(stream.reserved)
    finite = groups[[role is CellRole.finite for role in stream.roles]]
    assert np.all(np.diff(finite) >= 0)


def test_finite_cells_are_grouped_by_mass() -> None:
    stream = ordered("x", [0, *[100] * 40, 0, 0])
    mass = np.bincount(coarse_cells(stream), weights=stream.counts)
    assert sorted(mass.tolist()) == [0, 0, 0, *[400] * 10]


def test_rare_categories_are_pooled() -> None:
    counts = [1, 2, 3, 1000, *range(100, 110), 0, 0, 0, 0]
    groups = coarse_cells(categorical("x", counts))
    assert len(set(groups[:14].tolist())) == COARSE_CELLS
    assert len(set(groups[:3].tolist())) == 1
    assert np.count_nonzero(groups == groups[3]) == 1


def test_where_one_value_has_most_of_the_mass_the_rest_is_still_told_apart() -> None:
    stream = ordered("x", [0, 9000, *[50] * 20, 0, 0])
    groups = coarse_cells(stream)
    assert np.count_nonzero(groups == groups[1]) == 1
    assert len(set(groups[2:22].tolist())) >= 7
