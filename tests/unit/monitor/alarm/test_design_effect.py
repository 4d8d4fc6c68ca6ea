"""How dependent rows are."""

import numpy as np
import pytest

from tests.unit.monitor.alarm.references import categorical, ordered, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.design_effect import PANE_S, DesignEffect, measures
from tiltyard.monitor.alarm.policy import AlarmPolicy

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
        assert np.all((effect.get()[:2] >= low) & (effect.get()[:2] <= high))
        assert effect.get()[2] == 1.0
        assert effect.pairs().tolist() == [299, 299, 299]


def test_it_is_the_variance_ratio_of_neighbouring_means() -> None:
    rng = np.random.default_rng(4)
    effect = DesignEffect(TABLES, 300)
    ticks = [draw(rng, int(rows), 3) for rows in rng.integers(20, 200, 50)]
    for t, cells in enumerate(ticks):
        effect.update(TABLES, cells, float(t))
    rows = np.array([TABLES.rows_of(cells)[0] for cells in ticks])
    means = np.array([measures(TABLES, c, TABLES.rows_of(c))[:2, 0] for c in ticks])
    ratio = np.diff(means, axis=0) ** 2 / (1 / rows[1:] + 1 / rows[:-1])[:, None]
    assert effect.get()[0] == pytest.approx(max(ratio.mean(axis=0).max(), 1.0))


def test_measures_have_mean_0_on_the_reference() -> None:
    cells = np.concatenate([s.counts for s in STREAMS]).astype(float)
    assert measures(TABLES, cells, TABLES.rows_of(cells)) == pytest.approx(0.0, abs=1e-12)


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
    assert effect.get()[0] > 10
    later = 30 * PANE_S
    for t in range(90):
        effect.update(TABLES, draw(rng, 100), later + t)
    assert effect.get()[0] > 5  # too few of the new ones
    for t in range(400):
        effect.update(TABLES, draw(rng, 100), later + PANE_S + t)
    effect.update(TABLES, draw(rng, 100), later + 2 * PANE_S)  # a pane begins, and one is dropped
    assert effect.get()[0] < 2


def test_it_is_saved_to_the_bit() -> None:
    rng = np.random.default_rng(7)
    effect = DesignEffect(TABLES, 10)
    for t in range(60):
        effect.update(TABLES, draw(rng, 100, 2), t * 600.0)
    again = DesignEffect.from_arrays(TABLES, 10, effect.to_arrays())
    cells = draw(rng, 100)
    for one in (effect, again):
        one.update(TABLES, cells, 60 * 600.0)
    assert np.array_equal(again.get(), effect.get())
    assert again.nbytes == effect.nbytes
    other = BetTables.build(STREAMS[:1], AlarmPolicy())
    with pytest.raises(ValueError, match="saved kappa_sums has shape"):
        DesignEffect.from_arrays(other, 10, effect.to_arrays())
