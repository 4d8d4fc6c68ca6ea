"""PSI against ten lines of numpy, its properties, and its law on unchanged traffic."""

import math

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from tests.unit.monitor.statistics.samples import ints, two_samples
from tiltyard.monitor.profile.cells import Ints
from tiltyard.monitor.statistics.psi import (
    noise_band,
    noise_scale,
    psi,
    psi_p,
    psi_terms,
    smoothed_shares,
)

Two = tuple[Ints, Ints]


def psi_by_hand(current: Ints, reference: Ints) -> float:
    kept = [(c, m) for c, m in zip(current.tolist(), reference.tolist(), strict=True) if c + m > 0]
    n, m_all, cells = sum(c for c, _ in kept), sum(m for _, m in kept), len(kept)
    total = 0.0
    for c, m in kept:
        a = (c + 0.5) / (n + cells / 2)
        r = (m + 0.5) / (m_all + cells / 2)
        total += (a - r) * math.log(a / r)
    return total


@given(two_samples())
def test_it_is_the_formula(two: Two) -> None:
    assert float(psi(*two)) == pytest.approx(psi_by_hand(*two), rel=1e-12, abs=1e-14)


@given(two_samples())
def test_it_is_not_negative_and_symmetric(two: Two) -> None:
    current, reference = two
    assert psi(current, reference) >= 0
    assert float(psi(current, reference)) == pytest.approx(
        float(psi(reference, current)), rel=1e-12, abs=1e-15
    )


@given(two_samples())
def test_it_is_zero_just_where_smoothed_shares_are_equal(two: Two) -> None:
    current, reference = (counts[two[0] + two[1] > 0] for counts in two)
    cells = len(current)
    # Of smoothed shares, in whole numbers.
    ours = (2 * current + 1) * (2 * reference.sum() + cells)
    theirs = (2 * reference + 1) * (2 * current.sum() + cells)
    assert (float(psi(*two)) == 0.0) == (ours == theirs).all()
    assert float(psi(two[0], two[0])) == 0.0


@given(two_samples())
def test_it_is_the_sum_of_its_cells_and_none_is_negative(two: Two) -> None:
    terms = psi_terms(*two)
    assert (terms >= 0).all()
    assert float(terms.sum()) == float(psi(*two))
    assert (terms[two[0] + two[1] == 0] == 0).all()


@given(two_samples())
def test_cells_that_neither_has_change_nothing(two: Two) -> None:
    padded = [np.concatenate([[0], counts, [0, 0, 0]]) for counts in two]
    assert float(psi(*padded)) == pytest.approx(float(psi(*two)), rel=1e-12, abs=1e-15)
    assert float(noise_band(*padded)) == float(noise_band(*two))


@given(two_samples())
def test_both_smoothed_sides_sum_to_one(two: Two) -> None:
    kept = two[0] + two[1] > 0
    for shares in smoothed_shares(*two):
        assert float(shares[kept].sum()) == pytest.approx(1.0, rel=1e-12)


@given(two_samples(), two_samples())
def test_of_merged_counts_it_is_that_of_all_rows(one: Two, other: Two) -> None:
    width = max(len(one[0]), len(other[0]))
    a, b = (np.pad(counts, (0, width - len(counts))) for counts in (one[0], other[0]))
    reference = np.pad(one[1], (0, width - len(one[1])))
    rows = np.concatenate([np.repeat(np.arange(width), counts) for counts in (a, b)])
    recount = np.bincount(rows, minlength=width)
    assert float(psi(a + b, reference)) == float(psi(recount, reference))


def test_many_streams_at_once_are_each_by_itself() -> None:
    rng = np.random.default_rng(3)
    current, reference = rng.integers(0, 50, (4, 6, 9)), rng.integers(0, 900, (6, 9))
    found = psi(current, reference)
    assert found.shape == (4, 6)
    assert found[2, 5] == pytest.approx(psi_by_hand(current[2, 5], reference[5]), rel=1e-12)


@pytest.mark.parametrize(("current", "reference"), [([0, 0], [3, 4]), ([3, 4], [0, 0])])
def test_without_rows_there_is_none(current: list[int], reference: list[int]) -> None:
    for statistic in (psi, noise_band, psi_p):
        assert np.isnan(statistic(current, reference))
    assert np.isnan(psi_terms(current, reference)).all()


def test_a_single_cell_has_no_noise_and_no_test() -> None:
    assert (float(psi([7], [9])), float(noise_band([7], [9]))) == (0.0, 0.0)
    assert np.isnan(psi_p([7], [9]))


@given(two_samples(rows_min=2))
def test_the_band_is_scipys_quantile(two: Two) -> None:
    n, m, cells = two[0].sum(), two[1].sum(), int((two[0] + two[1] > 0).sum())
    expected = 0.0 if cells == 1 else (1 / n + 1 / m) * stats.chi2.ppf(0.999, cells - 1)
    assert float(noise_band(*two)) == pytest.approx(expected, rel=1e-12)


def test_p_is_scipys_tail_where_no_cell_is_small() -> None:
    current, reference = ints([50, 70, 30, 60]), ints([400, 420, 300, 410])
    expected = stats.chi2.sf(psi_by_hand(current, reference) / (1 / 210 + 1 / 1530), 3)
    assert float(psi_p(current, reference)) == pytest.approx(expected, rel=1e-12)


def test_p_of_small_cells_is_that_of_the_pooled_ones() -> None:
    current, reference = ints([90, 100, 1, 0, 2]), ints([900, 1050, 20, 9, 1])
    # The last three expect (3 + 30) * 193 / 2173 = 2.9 rows together, so 90 + 900 joins them.
    joined = ints([93, 100]), ints([930, 1050])
    expected = stats.chi2.sf(psi_by_hand(*joined) / (1 / 193 + 1 / 1980), 1)
    assert float(psi_p(current, reference)) == pytest.approx(expected, rel=1e-12)


def test_there_is_no_p_where_nothing_is_left_to_test() -> None:
    assert np.isnan(psi_p([3, 1], [2, 2]))


def test_on_unchanged_traffic_it_is_chi_square() -> None:
    rng = np.random.default_rng(20240501)
    shares = np.full(10, 0.1)
    current = rng.multinomial(1000, shares, 40_000)
    reference = rng.multinomial(5000, shares, 40_000)
    scaled = psi(current, reference) / noise_scale(1000, 5000)
    assert scaled.mean() == pytest.approx(9, rel=0.02)
    assert np.quantile(scaled, 0.999) == pytest.approx(stats.chi2.ppf(0.999, 9), rel=0.05)
    above = (psi(current, reference) > noise_band(current, reference)).mean()
    assert 0.0004 < above < 0.002


@pytest.mark.parametrize("n", [60, 300])
def test_p_is_honest_with_rare_cells(n: int) -> None:
    rng = np.random.default_rng(11)
    shares = np.array([0.4, 0.3, 0.2, 0.05, 0.03, 0.01, 0.005, 0.004, 0.001])
    p = psi_p(rng.multinomial(n, shares, 20_000), rng.multinomial(5000, shares, 20_000))
    assert not np.isnan(p).any()
    for level in (0.1, 0.01):
        assert (p < level).mean() == pytest.approx(level, rel=0.25)


def test_a_shift_of_one_tenth_of_the_rows_is_beyond_the_band() -> None:
    before, after = np.full(10, 500), ints([40, *[60] * 8, 80])
    assert psi(after, before) < noise_band(after, before) + 0.02
    shifted = ints([0, *[60] * 8, 120])
    assert psi(shifted, before) > noise_band(shifted, before)
