"""Sizes since the onset."""

import numpy as np
import pytest
from scipy.stats import chi2

from tests.unit.monitor.alarm.references import categorical, flat, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.size import (
    changed_cells,
    coarse_excess,
    psi_excess,
    shift,
)

STREAMS = [uniform("a"), categorical("b", [3000, 1500, 400, 50, 0, 40, 10])]
TABLES = BetTables.build(STREAMS, AlarmPolicy())
SAME = [s.counts for s in STREAMS]


def test_the_excess_is_beyond_the_noise_of_dependent_rows() -> None:
    counts, reference = np.array([60.0, 40.0]), np.array([5000.0, 5000.0])
    a, r = (counts + 0.5) / 101, (reference + 0.5) / 10_001
    psi = np.sum((a - r) * np.log(a / r))
    for design in (1.0, 1.7):
        band = (design / 100 + 1 / 10_000) * chi2.isf(0.001, 1)
        assert psi_excess(counts, reference, design) == pytest.approx(max(0.0, psi - band))
    assert psi_excess(5 * counts, reference, 1.0) > 0
    assert psi_excess(np.zeros(2), reference, 1.0) == 0.0
    assert psi_excess(np.array([5.0]), np.array([9.0]), 1.0) == 0.0


def test_unchanged_counts_have_no_size() -> None:
    counts = flat(STREAMS, SAME)
    location = int(TABLES.layout.scores[0, 0])
    assert shift(TABLES, counts, location) == pytest.approx(0, abs=1e-12)
    assert [coarse_excess(TABLES, counts, i, 1.0) for i in (0, 1)] == [0, 0]
    assert changed_cells(TABLES, counts, location) == ()


def test_a_shift_is_in_standard_deviations_of_what_was_bet_on() -> None:
    up = np.array([0, *[50] * 5, *[150] * 5, 0, 0])
    counts = flat(STREAMS, [up, SAME[1]])
    location, spread = (int(TABLES.layout.scores[i, 0]) for i in (0, 10))
    # A quarter of the mass moved by half of the range, in units of 1/sqrt(12) and ten cells.
    assert shift(TABLES, counts, location) == pytest.approx(0.125 / np.sqrt(0.99 / 12), rel=1e-6)
    assert shift(TABLES, counts, spread) == pytest.approx(0, abs=1e-9)
    assert coarse_excess(TABLES, counts, 0, 1.0) > 0.1
    assert len(changed_cells(TABLES, counts, location)) == 3


def test_a_category_is_told_by_its_shares() -> None:
    more = np.array([600, 300, 80, 110, 0, 8, 2])
    counts = flat(STREAMS, [SAME[0], more])
    bet = int(TABLES.layout.rates[np.flatnonzero(TABLES.rate_cells == 13 + 3)[0]])
    share = more[3] / more.sum()
    assert shift(TABLES, counts, bet) is None, "its deviations are not those of values"
    name, before, after = changed_cells(TABLES, counts, bet)[0]
    assert (name, before, after) == ("c3", 0.01, share)


def test_the_cell_that_is_bet_on_is_told_first() -> None:
    below = np.array([12, *[30] * 4, *[170] * 6, 0, 0])
    counts = flat(STREAMS, [below, SAME[1]])
    bet = int(TABLES.layout.rates[np.flatnonzero(TABLES.rate_cells == 0)[0]])
    shape = int(TABLES.layout.shapes[0, 0])
    assert "c0" not in [name for name, _, _ in changed_cells(TABLES, counts, shape)]
    told = changed_cells(TABLES, counts, bet)
    assert told[0] == ("c0", 0.0, 12 / below.sum())
    assert len(told) == 3


def test_what_has_no_size_has_none() -> None:
    counts = flat(STREAMS, SAME)
    shape, location = int(TABLES.layout.shapes[0, 0]), int(TABLES.layout.scores[0, 0])
    assert shift(TABLES, counts, shape) is None
    assert shift(TABLES, np.zeros_like(counts), location) is None
    assert changed_cells(TABLES, np.zeros_like(counts), location) == ()
