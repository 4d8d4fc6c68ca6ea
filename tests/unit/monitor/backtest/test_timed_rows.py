"""Rows in the order of their times, binned once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.unit.monitor.backtest.months import BEGAN, Month
from tiltyard.monitor.backtest.timed_rows import TimedRows, day_hours
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.recount import count_rows

SMALL = Month(rows=3_000, days=4, discrete=1)


def test_counts_are_those_of_the_profile_and_of_an_offline_recount() -> None:
    rows = SMALL.timed()
    profile = rows.profile
    for index, stream in enumerate(profile.streams):
        begin, end = rows.bounds[index : index + 2]
        assert rows.total[begin:end].tolist() == stream.cells.fold(stream.counts).tolist()
    part = rows.counts(100, 900)
    recount = count_rows(profile, rows.words[100:900])
    for index, stream in enumerate(profile.streams):
        if stream.slot is None:
            continue
        begin, end = rows.bounds[index : index + 2]
        expected = stream.cells.fold(profile.layout.cells(recount, index))
        assert part[begin:end].tolist() == expected.tolist()


def test_the_order_of_the_file_does_not_matter_but_for_ties() -> None:
    profile, reference = SMALL.made(order=np.random.default_rng(3).permutation(SMALL.rows))
    rows = TimedRows.of(profile, reference)
    assert np.all(np.diff(rows.times) >= 0)
    times, values = SMALL.columns()
    assert rows.times.tolist() == times.tolist()
    assert rows.words.view(np.float32).tolist() == values.tolist()


def test_days_hours_and_stretches_add_up() -> None:
    rows = SMALL.timed()
    days = np.unique(rows.days).tolist()
    assert len(days) == SMALL.days
    assert np.array_equal(sum(rows.hourly(day).sum(axis=0) for day in days), rows.total)
    assert np.array_equal(rows.weekly.sum(axis=0), rows.total)
    one = rows.day(days[1])
    assert np.array_equal(rows.hourly(days[1]).sum(axis=0), rows.counts(one.start, one.stop))
    bounds = [10, 60, 60, 500]
    told = rows.grouped(bounds)
    for index, (begin, end) in enumerate(pairwise(bounds)):
        assert told[index].tolist() == rows.counts(begin, end).tolist()


def test_the_hours_of_a_day_are_where_the_week_has_them() -> None:
    thursday = int(BEGAN // DAY_S)
    assert day_hours(thursday) == slice(72, 96)


def test_other_rows_than_the_profiles_are_refused() -> None:
    profile, reference = SMALL.made()
    with pytest.raises(ReferenceRefused, match="--time-column NAME"):
        TimedRows.of(profile, replace(reference, times=None))
    _, other = replace(SMALL, seed=1).made()
    with pytest.raises(ReferenceRefused, match="are not those that the profile counted"):
        TimedRows.of(profile, other)
