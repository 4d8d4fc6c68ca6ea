"""The Jensen-Shannon distance against scipy."""

import numpy as np
import pytest
from hypothesis import given
from scipy.spatial.distance import jensenshannon

from tests.unit.monitor.statistics.samples import ints, two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.js_distance import js_distance


@given(two_samples(count_max=100_000))
def test_it_is_scipys(two: tuple[Ints, Ints]) -> None:
    expected = np.nan_to_num(jensenshannon(*two, base=2))  # a rounding below 0 has no root
    assert float(js_distance(*two)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(two_samples())
def test_it_is_a_bounded_symmetric_distance(two: tuple[Ints, Ints]) -> None:
    found = float(js_distance(*two))
    assert 0 <= found <= 1 + 1e-12
    assert found == pytest.approx(float(js_distance(two[1], two[0])), abs=1e-12)
    # Equality of shares, in whole numbers.
    equal = (two[0] * two[1].sum() == two[1] * two[0].sum()).all()
    assert (found < 1e-7) == equal


def test_one_row_of_a_million_is_seen_as_scipy_sees_it() -> None:
    current, reference = ints([333_334, 333_333, 333_333]), ints([333_333] * 3)
    expected = jensenshannon(current, reference, base=2)
    assert float(js_distance(current, reference)) == pytest.approx(expected, abs=1e-12)


def test_padding_changes_nothing_and_no_rows_are_none() -> None:
    found = js_distance([[3, 1, 0], [0, 0, 0]], [[1, 1, 0], [1, 1, 0]])
    assert found[0] == pytest.approx(jensenshannon([3, 1], [1, 1], base=2), rel=1e-12)
    assert np.isnan(found[1])


def test_a_rounding_below_zero_is_zero() -> None:
    """One row of 19 billion: scipy has no root of what comes out."""
    reference = ints([7_566_899_017, 2_580_900_585, 8_768_610_301])
    current = reference + ints([1, 0, 0])
    assert float(js_distance(current, reference)) == 0.0
