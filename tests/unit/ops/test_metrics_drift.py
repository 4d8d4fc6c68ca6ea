"""Drift as metrics: base units, bounded labels."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ops.sample_figures import monitor_status, plane_figures
from tiltyard.monitor.interface import PlaneFigures
from tiltyard.monitor.statistics.definition import Definition
from tiltyard.ops import metrics_drift
from tiltyard.ops.metrics_drift import STREAMS_MAX, drift_metrics, monitor_metrics

PLANE = "'fraud', '3', 'champion', ''"


def values_of(figures: Sequence[PlaneFigures], *, cells: bool = False) -> dict[str, float]:
    return {
        f"{name.removeprefix('tiltyard_')}{list(values)}": value
        for one in drift_metrics(figures, cells=cells)
        for name, _, (values, value) in one.samples
    }


@pytest.mark.parametrize(
    ("series", "value"),
    [
        (f"drift_psi[{PLANE}, 'feature_1', '0123456789ab']", 0.02),
        (f"drift_psi_noise_band[{PLANE}, 'feature_0', '0123456789ab']", 0.05),
        (f"drift_js_distance[{PLANE}, 'feature_0', '0123456789ab']", 0.1),
        (f"drift_wasserstein_normalized[{PLANE}, 'feature_0', '0123456789ab']", 0.2),
        (f"drift_evidence_log10[{PLANE}, 'feature_0', '0123456789ab']", -1.5),
        (f"feature_missing_total[{PLANE}, 'feature_0']", 7),
        (f"feature_unseen_total[{PLANE}, 'feature_0']", 0),
        (f"feature_out_of_range_total[{PLANE}, 'feature_0']", 1),
        (f"drift_alarm[{PLANE}]", 0),
        (f"drift_window_observations[{PLANE}]", 500),
        (f"drift_rows_total[{PLANE}]", 900),
        (f"drift_events_offered_total[{PLANE}]", 1_000),
        (f"drift_events_dropped_total[{PLANE}]", 100),
        (f"drift_lag_seconds[{PLANE}]", 0.25),
        (f"drift_streams_not_shown[{PLANE}]", 0),
        ("model_age_seconds['fraud', '3']", 3_600),
    ],
)
def test_a_planes_metrics(series: str, value: float) -> None:
    assert values_of([plane_figures()])[series] == value


def test_the_onset_is_there_while_it_drifts() -> None:
    onset = f"drift_onset_timestamp_seconds[{PLANE}]"
    assert onset not in values_of([plane_figures(onset=5.0)])
    drifting = values_of([plane_figures(is_drifting=True, onset=5.0)])
    assert (drifting[onset], drifting[f"drift_alarm[{PLANE}]"]) == (5.0, 1)


def shown(values: dict[str, float], metric: str) -> list[str]:
    return [name for name in values if name.startswith(f"{metric}[")]


def features(values: dict[str, float], metric: str) -> list[int]:
    """The numbers of the features that a metric shows."""
    return [int(name.split("feature_")[-1].split("'")[0]) for name in shown(values, metric)]


def test_the_first_of_the_profile_are_shown_and_the_rest_is_counted() -> None:
    values = values_of([plane_figures(streams=50)])
    for metric in ("drift_psi", "feature_missing_total", "drift_definition_info"):
        assert features(values, metric) == list(range(STREAMS_MAX))
    assert values[f"drift_streams_not_shown[{PLANE}]"] == 50 - STREAMS_MAX


@given(st.lists(st.floats(0, 10), min_size=30, max_size=30))
def test_which_are_shown_does_not_hang_on_what_is_measured(psi: list[float]) -> None:
    names = [f"feature_{number}" for number in range(30)]
    plane = plane_figures(streams=30, psi=dict(zip(names, psi, strict=True)))
    assert features(values_of([plane]), "feature_missing_total") == list(range(STREAMS_MAX))


def test_what_alarms_name_is_shown_beside_the_others() -> None:
    alarmed = frozenset({"feature_3", "feature_40", "feature_30", "of another profile"})
    values = values_of([plane_figures(streams=50, alarmed=alarmed)])
    for metric in ("drift_psi", "feature_missing_total"):
        assert features(values, metric) == [*range(STREAMS_MAX), 30, 40]
    assert values[f"drift_streams_not_shown[{PLANE}]"] == 50 - STREAMS_MAX - 2


def test_what_alarms_name_is_bounded_over_all_planes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_drift, "STREAMS_SUM_MAX", 8)
    alarmed = frozenset(f"feature_{number}" for number in range(30))
    planes = [plane_figures("m0", streams=30, alarmed=alarmed), plane_figures("m1", streams=30)]
    values = values_of(planes)
    assert values["drift_streams_not_shown['m0', '3', 'champion', '']"] == 30 - 4 - 8
    assert values["drift_streams_not_shown['m1', '3', 'champion', '']"] == 30 - 4
    both = values_of([planes[0], plane_figures("m1", streams=30, alarmed=alarmed)])
    assert len(shown(both, "drift_psi")) == 16


def test_a_definition_makes_no_new_series_while_rows_come() -> None:
    series = "drift_definition_info"
    first = shown(values_of([plane_figures()]), series)
    assert first[1] == (
        f"{series}[{PLANE}, 'feature_1',"
        " 'tiltyard-1 edges=000000000001 groups=0a0a0a0a0a0a n_reference=5000']"
    )
    later = {
        name: text.replace("n=500", "n=501") for name, text in plane_figures().definitions.items()
    }
    assert shown(values_of([plane_figures(definitions=later)]), series) == first
    changed = {name: str(Definition("1" * 12, "2" * 12, 9, 5)) for name in later}
    assert not set(first) & set(shown(values_of([plane_figures(definitions=changed)]), series))
    assert not shown(values_of([plane_figures(definitions={})]), series)


def test_many_planes_share_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_drift, "STREAMS_SUM_MAX", 10)
    values = values_of([plane_figures(f"m{number}", streams=9) for number in range(5)])
    assert len(shown(values, "drift_psi")) == 10
    assert values["drift_streams_not_shown['m4', '3', 'champion', '']"] == 7


def test_cells_are_told_where_they_are_asked_for() -> None:
    assert not shown(values_of([plane_figures()]), "feature_bin_total")
    values = values_of([plane_figures()], cells=True)
    assert values[f"feature_bin_total[{PLANE}, 'feature_0', '[0, 1]']"] == 899


def test_without_a_psi_streams_are_still_known() -> None:
    values = values_of([plane_figures(psi={}, streams=2)])
    assert not shown(values, "drift_psi")
    assert len(shown(values, "feature_missing_total")) == 2


def test_the_monitor_itself() -> None:
    values = {
        name: value
        for one in monitor_metrics(monitor_status(problems=("a", "b"), panes_dropped=4))
        for name, _, (_, value) in one.samples
    }
    assert values["tiltyard_monitor_watching"] == 1
    assert values["tiltyard_monitor_panes_dropped_total"] == 4
    assert values["tiltyard_monitor_busy_seconds_total"] == 0.5
    assert values["tiltyard_monitor_events_undelivered"] == 2
    assert values["tiltyard_monitor_problems"] == 2
    assert "tiltyard_monitor_saved_timestamp_seconds" not in values  # never yet
