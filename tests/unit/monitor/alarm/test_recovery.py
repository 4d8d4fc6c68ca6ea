"""Whether a change is gone."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import any_stream, shares, uniform
from tiltyard.monitor.alarm.bet_layout import BetGroup
from tiltyard.monitor.alarm.bet_tables import BetTables
from tiltyard.monitor.alarm.policy import AlarmPolicy
from tiltyard.monitor.alarm.recovery import led_score, log_mean, recovery_gain, shape_score
from tiltyard.monitor.alarm.reference_stream import ReferenceStream


def moved_to(stream: ReferenceStream, score: np.ndarray, mean: float, seed: int) -> np.ndarray:
    """Shares whose mean score is `mean`, towards random ones that are further."""
    top = np.zeros(len(score))
    top[score.argmax()] = 1.0
    other = 0.5 * top + 0.5 * np.random.default_rng(seed).dirichlet(np.full(len(score), 0.5))
    base = shares(stream)
    assume(other @ score > mean > base @ score)
    part = (mean - base @ score) / (other @ score - base @ score)
    moved: np.ndarray = (1 - part) * base + part * other
    return moved


@given(any_stream(), st.data(), st.integers(0, 2**32 - 1))
def test_no_capital_is_expected_while_the_shift_is_twice_the_tolerance(
    stream: ReferenceStream, data: st.DataObject, seed: int
) -> None:
    tables = BetTables.build([stream], AlarmPolicy())
    bets = np.flatnonzero(np.isfinite(tables.layout.log_weight))
    bet = int(data.draw(st.sampled_from(bets.tolist())))
    assume(tables.layout.group[bet] != BetGroup.shape)
    led = led_score(tables, bet, np.zeros(0))
    p = moved_to(stream, led.score, 2 * led.tolerance, seed)
    for row in np.array([recovery_gain(led, cells) for cells in np.eye(len(p))]).T:
        assert p @ np.exp(row) <= 1 + 1e-9


@given(any_stream(), st.data())
def test_the_reference_itself_recovers(stream: ReferenceStream, data: st.DataObject) -> None:
    tables = BetTables.build([stream], AlarmPolicy())
    bets = np.flatnonzero(np.isfinite(tables.layout.log_weight))
    bet = int(data.draw(st.sampled_from(bets.tolist())))
    assume(tables.layout.group[bet] != BetGroup.shape)
    gain = recovery_gain(led_score(tables, bet, np.zeros(0)), shares(stream))
    assert gain.max() > 0


def test_a_shape_is_gone_when_the_ratio_that_was_learned_is() -> None:
    stream = uniform("a")
    tables = BetTables.build([stream], AlarmPolicy())
    humps = np.array([0, *[200, 50] * 5, 0, 0]) / 1250
    learned = np.tile(tables.coarse_counts(1000 * humps), (2, 1))
    bet = int(tables.layout.shapes[0, 0])
    led = led_score(tables, bet, shape_score(tables, bet, learned))
    assert led.score @ humps > 2 * led.tolerance
    assert np.all(recovery_gain(led, 100 * humps) < 0)
    assert np.all(recovery_gain(led, 100 * shares(stream)) > 0)
    assert len(shape_score(tables, 0, learned)) == 0


def test_the_mean_of_two_capitals() -> None:
    assert log_mean(np.log([1.0, 3.0])) == pytest.approx(np.log(2.0))
