import pytest

from tests.unit.report.sample_snapshots import sample
from tiltyard.monitor.snapshot import Snapshot
from tiltyard.monitor.statistics.report import report_of
from tiltyard.report.card import Background
from tiltyard.report.comparison import (
    CARDS_MIN,
    ROWS_MAX,
    Comparison,
    comparison,
    names_over,
)


def compared(
    snapshot: Snapshot, drawn_max: int | None = None, against: str = "baseline"
) -> Comparison:
    report = report_of(snapshot, against)
    return comparison(snapshot.profile, report, "it", "p1", Background(), drawn_max)


def test_groups_are_ranked_apart(five: Snapshot) -> None:
    found = compared(five)
    assert len(found.features) == 5
    assert {card.measure.stream for card in found.outputs} == {"score", "label"}
    assert {card.measure.stream for card in found.joint} == {"surprise", "mahalanobis"}
    for cards in (found.features, found.outputs, found.joint):
        assert [card.rank for card in cards] == list(range(1, len(cards) + 1))
        excess = [card.measure.psi_excess or 0.0 for card in cards]
        assert excess == sorted(excess, reverse=True)


def test_what_drifts_is_above_noise_and_what_does_not_is_not(five: Snapshot) -> None:
    drifting = {"amount", "merchant_country", "session_ms", "cards_on_file"}
    assert set(names_over(compared(five).features)) == drifting
    assert {card.measure.stream for card in compared(five).exceeding} == drifting


def test_skew_and_drift_are_not_one_thing(calm: Snapshot) -> None:
    assert names_over(compared(calm).features) == []
    assert names_over(compared(calm, against="profile").features) == ["account_age_days"]


def test_anchors_are_apart(five: Snapshot) -> None:
    anchors = [card.anchor for card in compared(five).cards]
    assert len(set(anchors)) == len(anchors)


def test_only_what_tells_something_is_drawn_where_that_is_asked_for(five: Snapshot) -> None:
    found = compared(five, drawn_max=2)
    assert [card.shown is not None for card in found.features] == [True, True, False, False, False]
    assert all(card.shown is not None for card in found.outputs)
    assert all(card.shown is not None for card in compared(five).cards)


@pytest.mark.parametrize(("features", "rows", "cards"), [(5, 5, 5), (60, ROWS_MAX, CARDS_MIN)])
def test_the_rest_is_folded_away(features: int, rows: int, cards: int) -> None:
    found = compared(sample(features, rows=3_000, baseline_rows=6_000))
    assert found.rows_shown == rows
    assert found.cards_shown == cards


def test_one_more_than_wanted_is_not_worth_folding() -> None:
    found = compared(sample(ROWS_MAX + 1, rows=600, baseline_rows=1_000))
    assert found.rows_shown == ROWS_MAX + 1
