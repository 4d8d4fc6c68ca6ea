from dataclasses import replace

import pytest

from tests.unit.cli.sample_planes import ALARM, CLOSED, quiet_plane, sample_plane
from tiltyard.cli.render.drift_view import drift_view, exceeds, reference_words
from tiltyard.monitor.statistics.against import Against
from tiltyard.monitor.statistics.errors import StatisticsError
from tiltyard.monitor.statistics.report import report_of

PLANE = sample_plane()


def test_drift_is_shown_where_there_is_a_baseline_and_skew_where_there_is_none() -> None:
    view = drift_view(PLANE)
    assert (view.against, view.report) == (Against.baseline, report_of(PLANE, "baseline"))
    assert view.skew == report_of(PLANE, "profile")
    view = drift_view(replace(PLANE, baseline=None))
    assert (view.against, view.skew) == (Against.profile, None)


def test_the_last_piece_of_the_history_is_the_window() -> None:
    view = drift_view(PLANE)
    for at, measure in enumerate(view.report.streams):
        assert view.series.psi[at, -1] == measure.psi


def test_a_challenger_is_held_against_the_champion_too() -> None:
    plane = replace(PLANE, compared=PLANE.previous)
    assert drift_view(PLANE).beside is None
    assert drift_view(plane).beside == report_of(plane, "champion")
    assert drift_view(plane, Against.champion).beside is None


def test_against_what_it_does_not_have() -> None:
    with pytest.raises(StatisticsError, match="cannot be held against 'champion'"):
        drift_view(PLANE, Against.champion)


def test_streams_by_name() -> None:
    view = drift_view(PLANE)
    amount, quiet = view.measure("amount"), view.measure("hour_of_day")
    assert amount is not None
    assert quiet is not None
    assert (exceeds(amount), exceeds(quiet)) == (True, False)
    assert view.measure("nix") is None
    skew = view.skew_of("amount")
    assert skew is not None
    assert skew.n_reference == 15_000
    assert drift_view(PLANE, Against.profile).skew_of("amount") is None


def test_alarms_that_page_come_first() -> None:
    skew, newer = replace(ALARM, id="s", kind="skew"), replace(ALARM, id="n", crossed_at=9e9)
    plane = replace(PLANE, alarms=(skew, CLOSED, ALARM, newer))
    assert [alarm.id for alarm in drift_view(plane).open_alarms] == ["n", "a-17", "s"]


def test_what_differences_are_from() -> None:
    assert [reference_words(quiet_plane(), against) for against in Against] == [
        "training profile 2 of 15,000 rows",
        "baseline 4 of 20,000 rows",
        "the 10 min before",
        "the same 10 min a week ago",
        "the champion on the same requests",
    ]
