"""The largest difference of a share, by numpy."""

import numpy as np
import pytest
from hypothesis import given

from tests.unit.monitor.statistics.samples import two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.linf import linf


@given(two_samples())
def test_it_is_numpys_and_the_cell_has_it(two: tuple[Ints, Ints]) -> None:
    moved = np.abs(two[0] / two[0].sum() - two[1] / two[1].sum())
    distance, cell = linf(*two)
    assert float(distance) == pytest.approx(np.linalg.norm(moved, np.inf), rel=1e-12, abs=1e-15)
    assert moved[cell] == moved.max()


def test_without_rows_there_is_neither() -> None:
    distance, cell = linf([[0, 0], [1, 3]], [[1, 1], [1, 1]])
    assert np.isnan(distance[0])
    assert distance[1] == 0.25
    assert cell.tolist() == [-1, 0]
