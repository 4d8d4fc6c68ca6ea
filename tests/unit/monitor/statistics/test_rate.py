"""Wilson's interval against scipy, and rates without rows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tiltyard.monitor.statistics.rate import rate, wilson


@given(st.integers(1, 10**9), st.data())
def test_it_is_scipys(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    found = wilson(count, n)
    expected = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)
    assert 0 <= found[0] <= count / n <= found[1] <= 1


def test_none_of_many_is_still_a_range() -> None:
    low, high = wilson(0, 400)
    assert low == 0.0
    assert 0.005 < high < 0.01
    assert wilson(400, 400)[1] == 1.0


def test_without_rows_nothing_is_known() -> None:
    found = rate(0, 0, 0, 0)
    assert math.isnan(found.share)
    assert math.isnan(found.reference)
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_rate_stands_beside_the_references() -> None:
    found = rate(3, 60, 10, 1000)
    assert (found.count, found.n, found.share, found.reference) == (3, 60, 0.05, 0.01)
