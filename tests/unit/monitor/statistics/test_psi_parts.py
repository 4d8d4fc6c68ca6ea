"""The parts of a PSI over groups: none negative, and they add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.statistics.samples import ints, two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.psi import psi_terms
from tiltyard.monitor.statistics.psi_parts import psi_parts


def coarse(counts: Ints, groups: Ints) -> Ints:
    return np.bincount(groups, counts, groups.max() + 1).astype(np.int64)[None]


@given(two_samples(), st.data())
def test_they_add_up_to_the_term_of_a_group(two: tuple[Ints, Ints], data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.booleans(), min_size=len(two[0]), max_size=len(two[0])))
    groups = np.cumsum(ints([0, *starts[1:]]))
    current, reference = (coarse(counts, groups) for counts in two)
    parts = psi_parts(two[0][None], two[1][None], current, reference, groups[None])[0]
    terms = psi_terms(current, reference)[0]
    assert (parts >= 0).all()
    np.testing.assert_allclose(np.bincount(groups, parts), terms, rtol=1e-12, atol=1e-15)


def test_a_cell_that_moved_against_its_group_has_none() -> None:
    current, reference = ints([[60, 5, 35]]), ints([[20, 20, 60]])
    groups = ints([[0, 0, 1]])
    parts = psi_parts(current, reference, ints([[65, 35]]), ints([[40, 60]]), groups)
    assert parts[0, 1] == 0
    assert parts[0, 0] > 0


def test_cells_share_their_groups_half_of_a_row() -> None:
    """Group of 4 and 0 against 0 and 0, of 10 and 20 rows: shares over n + B / 2 = 11 and 21."""
    current, reference = ints([[4, 0, 6]]), ints([[0, 0, 20]])
    coarse_counts = ints([[4, 6]]), ints([[0, 20]])
    first = 4.25 / 11 - 0.25 / 21
    second = 0.25 / 11 - 0.25 / 21
    parts = psi_parts(current, reference, *coarse_counts, ints([[0, 0, 1]]))[0]
    term = (4.5 / 11 - 0.5 / 21) * np.log((4.5 / 11) / (0.5 / 21))
    assert parts[0] == pytest.approx(term * first / (first + second), rel=1e-12)
    assert parts[1] == pytest.approx(term * second / (first + second), rel=1e-12)


def test_padding_has_none_and_no_rows_are_no_part() -> None:
    current, reference = ints([[4, 6, 0], [0, 0, 0]]), ints([[8, 2, 0], [1, 1, 1]])
    groups = ints([[0, 1, -1], [0, 1, 2]])
    wide = ints([[4, 6, 0], [0, 0, 0]]), ints([[8, 2, 0], [1, 1, 1]])
    parts = psi_parts(current, reference, *wide, groups)
    assert parts[0, 2] == 0
    assert float(parts[0].sum()) == pytest.approx(float(psi_terms(*wide)[0].sum()), rel=1e-12)
    assert np.isnan(parts[1]).all()
