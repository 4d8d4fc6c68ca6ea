"""No bet can be expected to win while a stream is within its tolerance."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import any_stream, shares
from tiltyard.monitor.alarm.bets import (
    DOWN,
    RATE_ODDS,
    SHARE_ODDS,
    STAKES,
    UP,
    odds_bets,
    rate_bounds,
    score_bets,
    share_bounds,
    stakes,
)
from tiltyard.monitor.alarm.reference_stream import ReferenceStream
from tiltyard.monitor.alarm.scores import score_table

SLACK = 1e-12
tolerances = st.floats(0.01, 0.5)
seeds = st.integers(0, 2**32 - 1)


@given(any_stream(), tolerances)
def test_a_score_bet_on_the_reference_itself_is_expected_to_win_nothing(
    stream: ReferenceStream, tolerance: float
) -> None:
    for score in score_table(stream):
        expected = np.exp(score_bets(score, tolerance)) @ shares(stream)
        assert np.all(expected <= 1 + SLACK)


@given(any_stream(), tolerances, seeds)
def test_nor_on_any_shares_whose_score_is_within_the_tolerance(
    stream: ReferenceStream, tolerance: float, seed: int
) -> None:
    other = np.random.default_rng(seed).dirichlet(np.full(len(stream.counts), 0.3))
    for score in score_table(stream):
        far = abs(other @ score)
        assume(far > 0)
        part = min(1.0, tolerance / far)  # as far towards the other shares as is tolerated
        p = (1 - part) * shares(stream) + part * other
        assert np.all(np.exp(score_bets(score, tolerance)) @ p <= 1 + 1e-9)


@given(any_stream(), tolerances)
def test_a_shift_beyond_the_tolerance_can_win(stream: ReferenceStream, tolerance: float) -> None:
    score = score_table(stream)[0]
    assume(np.any(score))
    p = np.zeros(len(score))
    p[score.argmax()] = 1.0
    assume(score.max() > tolerance)
    assert np.exp(score_bets(score, tolerance)[0]) @ p > 1


@given(any_stream(), tolerances)
def test_a_bet_is_nowhere_below_its_hoeffding_chord(
    stream: ReferenceStream, tolerance: float
) -> None:
    for score in score_table(stream):
        assume(np.any(score))
        for h, tables in zip(
            (score, -score), np.split(score_bets(score, tolerance), 2), strict=True
        ):
            low, width = h.min(), np.ptp(h)
            u, mu = (h - low) / width, (tolerance - low) / width
            for stake, table in zip(stakes(h, tolerance)[0], tables, strict=True):
                if not np.any(table):
                    continue
                lam = np.log1p(stake * width * (1 - mu)) - np.log1p(-stake * width * mu)
                chord = lam * u - np.log(1 - mu + mu * np.exp(lam))
                assert np.all(table >= chord - 1e-9)


@given(any_stream(), tolerances)
def test_stakes_are_cut_so_that_a_row_leaves_a_tenth(
    stream: ReferenceStream, tolerance: float
) -> None:
    for score in score_table(stream):
        assert np.exp(score_bets(score, tolerance)).min() >= 0.1 - 1e-9


def test_equal_stakes_are_made_once() -> None:
    score = np.array([-9.0, 1.0, 1.0])
    cut, differs = stakes(score, 0.1)
    assert cut == pytest.approx([0.04, 0.08, 0.9 / 9.1, 0.9 / 9.1, 0.9 / 9.1])
    assert differs.tolist() == [True, True, True, False, False]
    assert [bool(np.any(row)) for row in score_bets(score, 0.1)[: len(STAKES)]] == differs.tolist()


@given(any_stream(), st.sampled_from([UP, DOWN]), seeds)
def test_a_bet_on_a_share_wins_nothing_within_its_bound(
    stream: ReferenceStream, side: int, seed: int
) -> None:
    counts, rows = stream.counts, stream.rows
    bound = share_bounds(counts, rows, side, 0.1)
    inside, outside = odds_bets(bound, side, SHARE_ODDS)
    usable = (bound > 0) & (bound < 1)
    limit = np.clip(bound, 0, 1)
    drawn = np.random.default_rng(seed).random(len(counts))
    within = limit * drawn if side == UP else limit + (1 - limit) * drawn
    for p in (shares(stream), limit, within):
        expected = p[:, None] * np.exp(inside) + (1 - p)[:, None] * np.exp(outside)
        assert np.all(expected <= 1 + 1e-9)
    assert not np.any(inside[~usable])
    if side == UP:
        assert np.all(inside[usable] > 0)
    else:
        assert np.all(inside[usable] < 0)


@given(st.integers(50, 100_000), st.floats(0, 0.0099), st.floats(0, 1))
def test_a_bet_on_a_rare_cell_wins_nothing_within_its_bound(
    rows: int, share: float, part: float
) -> None:
    counts = np.array([int(rows * share)])
    bound = rate_bounds(counts, rows, 0.001)
    inside, outside = odds_bets(bound, UP, RATE_ODDS)
    for p in (counts[0] / rows, bound[0], part * bound[0]):
        assert np.all(p * np.exp(inside) + (1 - p) * np.exp(outside) <= 1 + 1e-9)


def test_the_tolerance_of_a_share_is_in_standard_deviations() -> None:
    narrow, wide = (share_bounds(np.array([2500]), 10_000, UP, d)[0] for d in (0.0, 0.1))
    assert wide - narrow == pytest.approx(0.1 * np.sqrt(0.25 * 0.75))
    low = share_bounds(np.array([2500]), 10_000, DOWN, 0.1)[0]
    assert 0.18 < low < 0.25 < wide < 0.32
