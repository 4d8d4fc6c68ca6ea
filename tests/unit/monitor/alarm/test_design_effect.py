"""How dependent rows are."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import categorical, ordered, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.design_effect import PANE_S, DesignEffect, measures
from tiltyard.monitor.alarm.exponent import SCORE
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.profile.cells import CellRole

STREAMS = [
    uniform("a"),
    categorical("b", [3000, 1500, 400, 50, 0, 40, 10]),
    ordered("c", [0, 5000, 0, 0]),
]
TABLES = BetTables.build(STREAMS, AlarmPolicy())


def draw(rng: np.random.Generator, rows: int, times: int = 1) -> np.ndarray:
    """Of each row `times` equal ones."""
    own = [times * rng.multinomial(rows, s.counts / s.rows) for s in STREAMS]
    return np.concatenate(own).astype(float)


def test_independent_rows_have_an_effect_near_1_and_equal_ones_their_number() -> None:
    for times, low, high in ((1, 1.0, 1.5), (10, 9.0, 14.0)):
        rng = np.random.default_rng(3)
        effect = DesignEffect(TABLES, 300)
        for t in range(300):
            effect.update(TABLES, draw(rng, 100, times), float(t))
        scores, cells = effect.get()
        assert np.all((scores[:2] >= low) & (scores[:2] <= high))
        assert np.all(cells >= scores)
        assert np.all(cells[:2] <= 1.5 * high)
        assert (scores[2], cells[2]) == (1.0, 1.0)
        assert effect.pairs().tolist() == [299, 299, 299]
        assert not effect.is_serial().any(), "ticks do not depend on each other"


def test_it_is_the_variance_ratio_of_neighbouring_means() -> None:
    rng = np.random.default_rng(4)
    effect = DesignEffect(TABLES, 300)
    ticks = [draw(rng, int(rows), 3) for rows in rng.integers(20, 200, 50)]
    for t, cells in enumerate(ticks):
        effect.update(TABLES, cells, float(t))
    rows = np.array([TABLES.rows_of(cells)[0] for cells in ticks])
    means = np.array([measures(TABLES, c, TABLES.rows_of(c))[:2, 0] for c in ticks])
    ratio = np.diff(means, axis=0) ** 2 / (1 / rows[1:] + 1 / rows[:-1])[:, None]
    assert effect.get()[SCORE, 0] == pytest.approx(max(ratio.mean(axis=0).max(), 1.0))


def test_measures_have_mean_0_on_the_reference_and_rare_shares_are_as_they_are() -> None:
    cells = np.concatenate([s.counts for s in STREAMS]).astype(float)
    found = measures(TABLES, cells, TABLES.rows_of(cells))
    rare = TABLES.layout.rare
    assert found[: -len(rare)] == pytest.approx(0.0, abs=1e-12)
    for index, stream in enumerate(STREAMS):
        (own,) = np.nonzero(rare[:, index] >= 0)
        shares = stream.counts[rare[own, index]] / stream.rows
        assert found[-len(rare) :][own, index] == pytest.approx(shares)


def test_sessions_show_in_blocks_of_ticks_and_not_in_neighbours() -> None:
    rng = np.random.default_rng(8)
    effect = DesignEffect(TABLES, 300)
    held: list[np.ndarray] = [draw(rng, 20) for _ in range(5)]
    for t in range(2_000):
        held[t % 5] = draw(rng, 20)  # a fifth of the rows is new: each stays for five ticks
        effect.update(TABLES, np.sum(held, axis=0), float(t))
    assert effect.is_serial().tolist() == [True, True, False]
    assert np.all((effect.get()[SCORE, :2] > 3.5) & (effect.get()[SCORE, :2] < 7.0))


def test_a_burst_in_a_rare_cell_is_known_to_the_bets_on_cells_alone() -> None:
    rng = np.random.default_rng(9)
    effect = DesignEffect(TABLES, 300)
    (missing,) = [i for i, role in enumerate(STREAMS[0].roles) if role is CellRole.missing]
    for t in range(300):
        cells = draw(rng, 100)
        if rng.random() < 0.05:
            cells[missing] += 10
        effect.update(TABLES, cells, float(t))
    scores, cells = effect.get()[:, 0]
    assert scores < 1.6
    assert 7.0 < cells < 11.0


def test_a_step_is_no_dependence() -> None:
    """Which is what the alarm looks for."""
    rng = np.random.default_rng(10)
    effect = DesignEffect(TABLES, 300)
    shifted = STREAMS[0].counts * np.linspace(0.6, 1.4, len(STREAMS[0].counts))
    for t in range(360):
        cells = draw(rng, 100)
        if t >= 310:
            own = rng.multinomial(100, shifted / shifted.sum())
            cells[TABLES.owner == 0] = own
        effect.update(TABLES, cells, float(t))
    assert effect.get()[SCORE, 0] < 1.7
    assert not effect.is_serial()[0]


def test_a_gap_and_a_tick_without_rows_make_no_pair() -> None:
    rng = np.random.default_rng(5)
    effect = DesignEffect(TABLES, 300)
    effect.update(TABLES, draw(rng, 100), 0.0)
    effect.forget_previous()
    effect.update(TABLES, draw(rng, 100), 1.0)
    empty = draw(rng, 100)
    empty[TABLES.owner == 0] = 0
    effect.update(TABLES, empty, 2.0)
    assert effect.pairs().tolist() == [0, 1, 1]


def test_older_than_a_day_counts_no_more_once_the_newer_are_enough() -> None:
    rng = np.random.default_rng(6)
    effect = DesignEffect(TABLES, 100)
    for t in range(150):
        effect.update(TABLES, draw(rng, 100, 20), float(t))
    assert effect.get()[SCORE, 0] > 10
    later = 30 * PANE_S
    effect.forget_previous()
    for t in range(90):
        effect.update(TABLES, draw(rng, 100), later + t)
    assert effect.get()[SCORE, 0] > 5  # too few of the new ones
    for t in range(400):
        effect.update(TABLES, draw(rng, 100), later + PANE_S + t)
    effect.update(TABLES, draw(rng, 100), later + 2 * PANE_S)  # a pane begins, and one is dropped
    assert effect.get()[SCORE, 0] < 2


@pytest.mark.parametrize("tick_s", [60.0, 1_800.0, 3 * 3_600.0])
def test_its_memory_is_bounded_however_rare_ticks_are(tick_s: float) -> None:
    rng = np.random.default_rng(11)
    effect = DesignEffect(TABLES, 300)
    effect.update(TABLES, draw(rng, 100), 0.0)
    a_pane = effect.nbytes
    for t in range(1, 2_500):
        effect.update(TABLES, draw(rng, 100), t * tick_s)
        assert effect.nbytes <= 26 * a_pane
    assert effect.pairs()[0] >= 300


def test_it_is_saved_to_the_bit() -> None:
    rng = np.random.default_rng(7)
    effect = DesignEffect(TABLES, 10)
    for t in range(60):
        effect.update(TABLES, draw(rng, 100, 2), t * 100.0)
    again = DesignEffect.from_arrays(TABLES, 10, effect.to_arrays())
    cells = draw(rng, 100)
    for one in (effect, again):
        one.update(TABLES, cells, 60 * 100.0)
    assert np.array_equal(again.get(), effect.get())
    assert again.nbytes == effect.nbytes
    other = BetTables.build(STREAMS[:1], AlarmPolicy())
    with pytest.raises(ValueError, match=r"saved kappa_squares has panes of \(4, "):
        DesignEffect.from_arrays(other, 10, effect.to_arrays())
