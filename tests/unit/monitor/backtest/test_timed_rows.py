"""Rows in the order of their times, binned once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.unit.monitor.backtest.months import BEGAN, Month
from tiltyard.monitor.backtest.timed_rows import TimedRows, day_hours
from tiltyard.monitor.policy import DAY_S
from tiltyard.monitor.profile.binning import cells_of
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.recount import count_rows, profile_scores

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


def test_rows_with_their_own_words_are_where_they_were() -> None:
    rows = SMALL.timed()
    part = slice(700, 1_900)
    out = np.full_like(rows.cells[part], rows.size)
    rows.bin(rows.words[part], part, range(len(rows.profile.streams)), out)
    assert np.array_equal(out, rows.cells[part])
    assert np.count_nonzero(rows.surprise_held), "no row is less usual to the others than to all"


def test_changed_rows_keep_by_how_much_the_others_are_more_surprised() -> None:
    """The least value of f0 is below what the others have, also when f1 is missing."""
    rows = SMALL.timed()
    names = [stream.name for stream in rows.profile.streams]
    least = int(rows.words[:, 0].view(np.float32).argmin())
    part = slice(least, least + 1)
    words = rows.words[part].copy()
    words[:, 1] = np.array([np.nan], np.float32).view(np.uint32)
    out = rows.cells[part].copy()
    rows.bin(words, part, [names.index("surprise")], out)
    live, _ = profile_scores(rows.profile, words)
    held = live + rows.surprise_held[part]
    shares = [(0 + 0.5), (rows.profile.streams[0].counts[2] + 0.5)]
    assert held - live == pytest.approx(np.log2(shares[1] / shares[0]), rel=1e-4)
    stream = rows.profile.streams[names.index("surprise")]
    cell = cells_of(stream.cells, held.astype(np.float32).view(np.uint32))
    # Folded cells have no -inf, so each is one further down.
    assert out[0, names.index("surprise")] == rows.bounds[names.index("surprise")] + cell[0] - 1


def test_distances_are_counted_of_the_half_they_are_not_fitted_on() -> None:
    rows = SMALL.timed()
    names = [stream.name for stream in rows.profile.streams]
    is_left_out = rows.cells[:, names.index("mahalanobis")] == rows.size
    assert np.array_equal(is_left_out, ~rows.is_scored)
    assert np.count_nonzero(rows.is_scored) == SMALL.rows // 2
    assert np.all(rows.cells[:, names.index("surprise")] < rows.size)


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
