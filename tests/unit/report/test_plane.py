from dataclasses import replace

from tests.unit.report.sample_snapshots import KEY, NOW, sample, shadow
from tiltyard.monitor.snapshot import Snapshot, Window
from tiltyard.report.figures import UNDEFINED
from tiltyard.report.page import render
from tiltyard.report.plane import Plane, models_of, plane, title_of


def test_drift_is_against_the_accepted_baseline(five_plane: Plane) -> None:
    assert five_plane.drift is not None
    assert five_plane.drift.against == "baseline"
    assert five_plane.drift.title == "baseline 2 that ann accepted"
    assert five_plane.main is five_plane.drift
    assert [other.title for other in five_plane.others] == [
        "the window before",
        "the same hour a week ago",
    ]
    assert "amount" in five_plane.others[0].names


def test_skew_is_always_against_the_training_profile(five_plane: Plane) -> None:
    assert five_plane.skew is not None
    assert five_plane.skew.against == "profile"
    assert "account_age_days" in [card.measure.stream for card in five_plane.skew.exceeding]
    assert five_plane.drift is not None
    assert "account_age_days" not in [c.measure.stream for c in five_plane.drift.exceeding]


def test_without_a_baseline_it_is_against_the_window_before(five: Snapshot) -> None:
    found = plane(replace(five, baseline=None), "p1", NOW)
    assert found.drift is not None
    assert found.drift.against == "previous"


def test_a_reference_without_rows_is_none(five: Snapshot) -> None:
    silent = Window(NOW - 2, NOW - 1, five.profile.layout.zeros())
    found = plane(replace(five, baseline=None, previous=silent), "p1", NOW)
    assert found.drift is not None
    assert found.drift.against == "week_ago"


def test_with_nothing_but_the_profile_skew_is_all_there_is(five: Snapshot) -> None:
    alone = replace(five, baseline=None, previous=None, week_ago=None)
    found = plane(alone, "p1", NOW)
    assert found.drift is None
    assert found.main is found.skew
    assert all(card.shown is not None and card.spark for card in found.main.cards)


def test_a_segment_has_no_skew(five: Snapshot) -> None:
    assert five.baseline is not None
    own = replace(five.baseline, segments={"country=DE": five.baseline.counts})
    segment = replace(five, key=replace(KEY, segment="country=DE"), baseline=own, detectors=())
    found = plane(segment, "p1", NOW)
    assert found.skew is None
    assert found.drift is not None
    assert found.drift.against == "baseline"
    assert not any(card.has_training for card in found.main.cards)
    assert '<h3 id="p1-skew">' not in render([segment], generated_at=NOW)


def test_of_a_segment_without_a_reference_no_figure_is_given(five: Snapshot) -> None:
    segment = replace(
        five,
        key=replace(KEY, segment="country=DE"),
        previous=None,
        week_ago=None,
        detectors=(),
        alarms=(),
    )
    found = plane(segment, "p1", NOW)
    assert found.drift is found.skew is None
    assert {(card.measure.psi, card.is_over) for card in found.main.cards} == {(None, False)}
    assert all(row.before == UNDEFINED and not row.is_worse for row in found.quality)
    assert "rows of this segment" in found.advice[0].why
    page = render([segment], generated_at=NOW)
    assert "There is nothing to hold this window against" in page
    assert "Skew: " not in page
    assert ">0 % →" not in page
    assert "nan" not in page.partition('<script type="application/json"')[0]


def test_cards_name_the_cause_and_the_alarm(five_plane: Plane) -> None:
    cards = {card.measure.stream: card for card in five_plane.main.features}
    assert cards["session_ms"].cause.startswith("missing values explain")
    assert cards["amount"].is_named
    assert not cards["cards_on_file"].is_named
    assert cards["amount"].kappa == 1.0
    assert cards["amount"].has_training


def test_the_largest_kappa_of_several_gateways_is_shown(five: Snapshot) -> None:
    drift, skew = five.detectors
    more = replace(drift, kappa={"amount": 7.5})
    found = plane(replace(five, detectors=(drift, more, skew)), "p1", NOW)
    kappas = {card.measure.stream: card.kappa for card in found.main.features}
    assert kappas["amount"] == 7.5


def test_alarms_that_do_not_page_are_apart(five: Snapshot) -> None:
    skewed = replace(five.alarms[0], id="s-1", kind="skew")
    over = replace(five.alarms[0], id="c-1", state="recovered", closed_at=NOW)
    found = plane(replace(five, alarms=(*five.alarms, skewed, over)), "p1", NOW)
    assert [view.id for view in found.opened] == ["a-7f3c"]
    assert [view.id for view in found.closed] == ["c-1"]
    assert [view.id for view in found.skew_alarms] == ["s-1"]


def test_a_challenger_is_held_against_the_champion(five: Snapshot) -> None:
    assert plane(five, "p1", NOW).challenge is None
    found = plane(shadow(five), "p2", NOW)
    assert found.challenge is not None
    assert found.challenge.against == "champion"
    assert {card.measure.stream for card in found.challenge.outputs} == {"score", "label"}
    assert found.title == "version 4, shadow"


def test_the_strangest_come_first(five_plane: Plane) -> None:
    surprises = [row.surprise for row in five_plane.strangers]
    assert surprises == sorted(surprises, reverse=True)


def test_titles(five: Snapshot, five_plane: Plane) -> None:
    segment = replace(five, key=replace(KEY, segment="country=DE"))
    assert title_of(segment) == "version 3, champion, country=DE"
    assert models_of((five_plane, five_plane)) == "fraud"
    assert models_of(()) == "no model"


def test_one_feature_is_enough() -> None:
    found = plane(sample(1, rows=600, baseline_rows=600), "p1", NOW)
    assert len(found.main.features) == 1
