"""Bets on what was learned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiltyard.monitor.alarm.shape_bets import ShapeTables, faded

STARTS = np.array([0, 4])


def tables(rows: int = 1000, delta: float = 0.1) -> ShapeTables:
    counts = rows * np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.0])
    return ShapeTables.build(counts, STARTS, delta)


counts_seen = st.lists(st.integers(0, 5000), min_size=7, max_size=7)


def test_shares_are_smoothed_within_their_stream() -> None:
    share = tables().share
    assert np.add.reduceat(share, STARTS) == pytest.approx([1, 1])
    assert share[-1] == pytest.approx(0.5 / 1001.5)


@given(counts_seen)
def test_the_ratio_has_mean_1_over_the_reference(seen: list[int]) -> None:
    own = tables()
    ratio = own.ratio(np.array([seen], float))
    assert np.add.reduceat(own.share * ratio, STARTS, axis=1) == pytest.approx(1)


@given(counts_seen, st.integers(0, 2**32 - 1))
def test_no_shares_within_the_tolerance_let_it_win(seen: list[int], seed: int) -> None:
    own = tables()
    other = np.random.default_rng(seed).dirichlet(np.full(7, 0.4))
    capital = np.exp(own.logs(np.array([seen], float)))[0]
    for stream, cells in enumerate((slice(0, 4), slice(4, 7))):
        share, towards = own.share[cells], other[cells] / other[cells].sum()
        far = np.sqrt(np.sum((towards - share) ** 2 / share))
        part = min(1.0, float(own.tolerance[stream]) / far)
        p = (1 - part) * share + part * towards
        assert p @ capital[cells] <= 1 + 1e-9
        raw = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.0])[cells]
        assert raw @ capital[cells] <= 1 + 1e-9


def test_what_was_learned_wins_when_it_goes_on() -> None:
    own = tables()
    seen = np.array([[400, 100, 100, 400, 500, 500, 0]], float)
    logs = own.logs(seen)[0]
    assert logs[:4] @ seen[0, :4] > 0
    assert logs[4:] @ seen[0, 4:] <= 0


def test_counts_fade_by_half_in_a_half_life() -> None:
    learned = np.tile([[8.0, 0.0]], (2, 1))
    for _ in range(8):
        learned = faded(learned, np.array([0.0, 0.0]), (8.0, 64.0))
    assert learned[:, 0] == pytest.approx([4.0, 8.0 * 0.5 ** (1 / 8)])
    assert faded(learned, np.array([1.0, 2.0]), (8.0, 64.0))[:, 1] == pytest.approx([2.0, 2.0])


def test_ratios_are_carried_to_another_reference() -> None:
    old, new = tables(), ShapeTables.build(np.array([40.0, 30, 20, 10, 1, 2, 3]), STARTS, 0.1)
    seen = np.array([[400, 100, 100, 400, 500, 500, 0]], float)
    carried = new.carried(seen, old)
    assert carried / new.share == pytest.approx(seen / old.share)
