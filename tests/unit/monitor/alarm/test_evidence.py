"""Capital, against the definition as a double loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import categorical, ordered, uniform
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.evidence import Evidence, log_sum_by
from tiltyard.monitor.alarm.policy import AlarmPolicy

STREAMS = [
    uniform("a"),
    categorical("b", [3000, 1500, 400, 50, 0, 40, 10]),
    ordered("c", [0, 4950, 50, 0, 0]),
    ordered("d", [0, 5000, 0, 0]),
]
TABLES = BetTables.build(STREAMS, AlarmPolicy())
LIVES = (8.0, 64.0)


def draw(rng: np.random.Generator, rows: int) -> np.ndarray:
    own = [rng.multinomial(rows, rng.dirichlet(s.counts + 0.1)) for s in STREAMS]
    return np.concatenate(own).astype(float)


@given(st.integers(0, 2**32 - 1), st.integers(1, 25))
def test_capital_is_the_sum_over_all_starts(seed: int, ticks: int) -> None:
    """R = sum over s of elapsed_s * product over i >= s of e_i, to 1e-9."""
    rng = np.random.default_rng(seed)
    evidence = Evidence(TABLES, LIVES)
    elapsed = rng.uniform(0.5, 100, ticks)
    factors, faded = [], np.zeros((2, len(TABLES.shape.stream)))
    for t in range(ticks):
        cells, exponent = draw(rng, 100), rng.uniform(0.01, 1, (2, len(STREAMS)))
        added = TABLES.increments(cells, TABLES.shape.logs(faded))
        sort = np.where(TABLES.layout.group <= 1, 0, 1)  # scores, and what is not
        factors.append(np.exp(exponent[sort, TABLES.layout.stream] * added))
        evidence.update(cells, exponent, elapsed[t])
        keep = 0.5 ** (1 / np.array(LIVES))
        faded = faded * keep[:, None] + TABLES.coarse_counts(cells)
    capital = np.zeros(TABLES.layout.size)
    for s in range(ticks):
        started = np.full(TABLES.layout.size, elapsed[s])
        for i in range(s, ticks):
            started = started * factors[i]
        capital += started
    assert evidence.log_capital == pytest.approx(np.log(capital), rel=1e-9, abs=1e-9)
    weight = np.exp(TABLES.layout.log_weight)
    by_stream = np.add.reduceat(weight * capital, TABLES.layout.starts)
    assert evidence.of_streams() == pytest.approx(np.log(by_stream), rel=1e-9, abs=1e-9)


def test_a_stream_without_rows_is_left_alone() -> None:
    evidence = Evidence(TABLES, LIVES)
    rng = np.random.default_rng(1)
    evidence.update(draw(rng, 100), np.ones((2, 4)), 1.0)
    before = evidence.log_capital.copy()
    cells = draw(rng, 100)
    cells[TABLES.owner == 1] = 0
    evidence.update(cells, np.ones((2, 4)), 1.0)
    is_second = TABLES.layout.stream == 1
    assert np.array_equal(evidence.log_capital[is_second], before[is_second])
    assert not np.any(evidence.log_capital[~is_second] == before[~is_second])


def test_before_any_bet_there_is_no_capital() -> None:
    evidence = Evidence(TABLES, LIVES)
    assert np.all(np.isneginf(evidence.of_streams()))
    evidence.update(draw(np.random.default_rng(1), 10), np.ones((2, 4)), 1.0)
    evidence.reset()
    assert np.all(np.isneginf(evidence.of_streams()))


def test_the_logarithm_of_a_sum() -> None:
    logs = np.array([0.0, np.log(3), -np.inf, -np.inf, 1000.0, 1000.0])
    owner = np.array([0, 0, 1, 1, 2, 2])
    found = log_sum_by(logs, np.array([0, 2, 4]), owner)
    assert found == pytest.approx([np.log(4), -np.inf, 1000 + np.log(2)])


def test_it_is_saved_to_the_bit() -> None:
    rng = np.random.default_rng(2)
    evidence = Evidence(TABLES, LIVES)
    for _ in range(5):
        evidence.update(draw(rng, 100), np.ones((2, 4)), 1.0)
    again = Evidence.from_arrays(TABLES, LIVES, evidence.to_arrays())
    cells = draw(rng, 100)
    for one in (evidence, again):
        one.update(cells, np.ones((2, 4)), 2.0)
    assert np.array_equal(again.log_capital, evidence.log_capital)
    assert np.array_equal(again.learned, evidence.learned)


def test_saved_capital_of_other_tables_is_refused() -> None:
    other = BetTables.build(STREAMS[:2], AlarmPolicy())
    with pytest.raises(ValueError, match="saved log_capital has shape"):
        Evidence.from_arrays(other, LIVES, Evidence(TABLES, LIVES).to_arrays())
    with pytest.raises(ValueError, match="another layout"):
        Evidence(TABLES, LIVES).use(other)


def test_shapes_are_not_bet_on_where_ticks_tell_of_those_after_them() -> None:
    rng = np.random.default_rng(5)
    rests, bets = Evidence(TABLES, LIVES), Evidence(TABLES, LIVES)
    is_serial = np.zeros(len(STREAMS), np.bool_)
    is_serial[0] = True
    shapes = TABLES.layout.shapes[:, 0]
    one = np.ones((2, len(STREAMS)))
    for _ in range(9):
        cells = draw(rng, 100)
        added = rests.update(cells, one, 1.0, is_serial)
        bets.update(cells, one, 1.0)
        assert np.all(added[shapes] == 0.0)
    assert np.all(np.isneginf(rests.log_capital[shapes]))
    others = np.setdiff1d(np.arange(TABLES.layout.size), shapes)
    assert np.array_equal(rests.log_capital[others], bets.log_capital[others])
    assert np.array_equal(rests.learned, bets.learned), "it goes on learning"
    rests.update(draw(rng, 100), one, 1.0)
    assert np.all(np.isfinite(rests.log_capital[shapes]))
