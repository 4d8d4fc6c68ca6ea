import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.counting import weekly as module
from tiltyard.monitor.counting.layout import ROWS
from tiltyard.monitor.counting.weekly import WEEK_HOURS, WeeklyCounts


def test_its_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0


@given(seed=st.integers(0, 2**32 - 1), hours=st.lists(st.integers(0, WEEK_HOURS - 1), max_size=9))
def test_hours_are_those_that_were_given(seed: int, hours: list[int]) -> None:
    week = np.random.default_rng(seed).integers(0, 2**40, (WEEK_HOURS, 5))
    week[::3] = 0
    packed = WeeklyCounts.of_array(week)
    assert np.array_equal(packed.to_array(), week)
    assert np.array_equal(packed.of(hours), week[hours].sum(axis=0))
    assert packed.rows == tuple(week[:, ROWS])
    assert packed.busiest_rows == max(week[hour::24, ROWS].sum() for hour in range(24))


def test_a_week_of_hours_that_are_much_alike_takes_few_bytes() -> None:
    shares = np.full(1_000, 1 / 1_000)
    week = np.random.default_rng(1).multinomial(5_000, shares, WEEK_HOURS)
    packed = sum(map(len, WeeklyCounts.of_array(week).packed))
    assert packed < week.nbytes / 5


def test_hours_that_do_not_exist_are_refused() -> None:
    packed = WeeklyCounts.of_array(np.ones((WEEK_HOURS, 3), np.int64))
    with pytest.raises(IndexError):
        packed.of([WEEK_HOURS])
