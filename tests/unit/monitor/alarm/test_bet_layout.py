"""Which bets there are, and their weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.monitor.alarm.references import any_stream, categorical, ordered, uniform
from tiltyard.monitor.alarm.bet_layout import SCORE_BETS, SHAPE_WEIGHT, BetGroup, BetLayout
from tiltyard.monitor.alarm.bets import RATE_ODDS, SHARE_ODDS
from tiltyard.monitor.alarm.reference_stream import ReferenceStream


def layout(*streams: ReferenceStream) -> BetLayout:
    return BetLayout.build(streams, np.full(len(streams), 0.1), 0.1, 2)


def by_group(own: BetLayout, stream: int = 0) -> dict[BetGroup, float]:
    weight = np.exp(own.log_weight)
    mine = own.stream == stream
    return {g: float(weight[mine & (own.group == g)].sum()) for g in BetGroup}


@given(st.lists(any_stream(), min_size=1, max_size=4))
def test_the_weights_of_each_stream_add_up_to_1(streams: list[ReferenceStream]) -> None:
    own = layout(*streams)
    assert np.add.reduceat(np.exp(own.log_weight), own.starts) == pytest.approx(1)


@given(st.lists(any_stream(), min_size=1, max_size=4))
def test_every_bet_lies_in_one_place(streams: list[ReferenceStream]) -> None:
    own = layout(*streams)
    places = np.concatenate([own.scores.ravel(), own.rates, own.shapes.ravel()])
    assert sorted(places.tolist()) == list(range(own.size))
    for sort in (own.scores, own.shapes):
        assert np.array_equal(
            own.stream[sort], np.broadcast_to(np.arange(len(streams)), sort.shape)
        )
    assert np.all(own.group[own.shapes] == BetGroup.shape)
    assert np.all(own.group[own.scores[:10]] == BetGroup.location)


def test_groups_share_equally_what_shape_leaves() -> None:
    found = by_group(layout(uniform("x")))
    assert found[BetGroup.shape] == pytest.approx(SHAPE_WEIGHT)
    for group in (BetGroup.location, BetGroup.spread, BetGroup.rate):
        assert found[group] == pytest.approx(0.8 / 3)
    assert found[BetGroup.share] == 0


def test_a_constant_has_rates_and_shape_only() -> None:
    found = by_group(layout(ordered("x", [0, 5000, 0, 0])))
    assert found[BetGroup.rate] == pytest.approx(0.8)
    assert found[BetGroup.location] == found[BetGroup.spread] == found[BetGroup.share] == 0


def test_categories_are_bet_both_ways_and_reserved_cells_upward() -> None:
    own = layout(categorical("x", [6000, 3000, 10, 0, 0, 0, 0]))
    rates = own.rate_bets[0]
    upward = rates.groups == BetGroup.rate
    assert sorted(set(rates.cells[upward].tolist())) == [3, 4, 5, 6]
    assert np.count_nonzero(upward) == 4 * len(RATE_ODDS)
    # Ten rows of 9,010 leave no room below.
    assert np.count_nonzero(~upward) == 5 * len(SHARE_ODDS)
    assert own.size == SCORE_BETS + len(rates.cells) + 2


def test_bets_on_one_change_have_one_number() -> None:
    own = layout(uniform("x"))
    number = own.change[own.scores[:, 0]].reshape(4, 5)
    assert np.all(number == number[:, :1])
    assert len(set(number[:, 0].tolist())) == 4
    assert own.change[own.shapes[0, 0]] == own.change[own.shapes[1, 0]]


def test_the_commonest_categories_are_watched_for_dependence() -> None:
    own = layout(categorical("x", [10, *[1000] * 12, 0, 0, 0, 0]), uniform("y"))
    assert own.watched.shape == (8, 2)
    assert own.watched[:, 0].tolist() == list(range(1, 9))
    assert np.all(own.watched[:, 1] == -1)
