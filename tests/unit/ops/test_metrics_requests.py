"""From the engine's counters to series: codes, roles, histograms, shadows."""

from tests.unit.control.fakes import arm, shadow
from tests.unit.ops.sample_figures import rollout_counters, version_row
from tiltyard.ops.metrics_family import Filled
from tiltyard.ops.metrics_requests import gauges, rollout_series, version_series


def flat(series: dict[tuple[str, tuple[str, ...]], float]) -> dict[str, float]:
    return {
        f"{name.removeprefix('tiltyard_')}{list(values)}": value
        for (name, values), value in series.items()
    }


def test_requests_are_told_by_code_and_errors_by_name() -> None:
    errors = {"queue_full": 2, "bytes_in_flight": 1, "run_failed": 4}
    champion = arm("champion", 2, completed=10, cancelled=1, errors=errors, rerouted=3)
    series = flat(rollout_series(rollout_counters("m", champion))["m", "2"])
    assert series == {
        "requests_total['m', '2', 'champion', 'OK']": 10,
        "requests_total['m', '2', 'champion', 'CANCELLED']": 1,
        "requests_total['m', '2', 'champion', 'UNAVAILABLE']": 3,
        "requests_total['m', '2', 'champion', 'INTERNAL']": 4,
        "request_errors_total['m', '2', 'champion', 'queue_full']": 2,
        "request_errors_total['m', '2', 'champion', 'bytes_in_flight']": 1,
        "request_errors_total['m', '2', 'champion', 'run_failed']": 4,
        "requests_rerouted_total['m', '2', 'champion']": 3,
    }


def test_two_controls_of_one_version_are_added_up() -> None:
    arms = [
        arm("control", 1, completed=2, latency_buckets={5_000: 2}),
        arm("control", 1, completed=3, latency_buckets={5_000: 1}),
    ]
    series = flat(rollout_series(rollout_counters("m", *arms))["m", "1"])
    assert series["requests_total['m', '1', 'control', 'OK']"] == 5
    assert series["request_duration_seconds_count['m', '1', 'control']"] == 3
    assert series["request_duration_seconds_bucket['m', '1', 'control', '+Inf']"] == 3


def test_what_the_split_could_not_place_has_a_role_and_reasons() -> None:
    counters = rollout_counters(
        "m", arm("champion", 1), unkeyed=4, unsplit=arm("unsplit", 1, completed=4)
    )
    series = rollout_series(counters)
    assert flat(series["m", ""]) == {"requests_not_split_total['m', 'unkeyed']": 4}
    assert flat(series["m", "1"]) == {"requests_total['m', '1', 'unsplit', 'OK']": 4}


def test_a_shadows_accounts() -> None:
    output = {
        "name": "label",
        "compared": 8,
        "disagreed": 0.25,
        "incompatible": {"missing": 0, "shape": 1},
    }
    counts = shadow(
        3, 2, offered=20, sampled_out=5, queued=9, ok=8, expired=1, dropped={"queue_full": 6}
    )
    counts |= {"outputs": [output], "latency_buckets": {8_192: 8}}
    series = flat(rollout_series(rollout_counters("m", shadows=[counts]))["m", "3"])
    assert {name: n for name, n in series.items() if "seconds" not in name} == {
        "shadow_offered_total['m', '3', '2']": 20,
        "shadow_sampled_out_total['m', '3', '2']": 5,
        "shadow_queued_total['m', '3', '2']": 9,
        "shadow_dropped_total['m', '3', '2', 'queue_full']": 6,
        "shadow_ended_total['m', '3', '2', 'ok']": 8,
        "shadow_ended_total['m', '3', '2', 'expired']": 1,
        "shadow_compared_total['m', '3', '2', 'label']": 8,
        "shadow_disagreement_total['m', '3', '2', 'label']": 0.25,
        "shadow_incompatible_total['m', '3', '2', 'label', 'shape']": 1,
    }
    assert series["shadow_duration_seconds_bucket['m', '3', '2', '8.191e-06']"] == 0
    assert series["shadow_duration_seconds_bucket['m', '3', '2', '1.6383e-05']"] == 8


def test_a_versions_parts_runs_and_batches() -> None:
    series = flat(version_series(version_row("m", 2)))
    assert series["request_part_seconds_total['m', '2', 'queue']"] == 0.5
    assert series["request_part_seconds_total['m', '2', 'compute_infer']"] == 2.0
    assert series["runs_total['m', '2', 'inline']"] == 8
    assert series["runs_padded_total['m', '2']"] == 3
    assert series["batch_rows_bucket['m', '2', '1.0']"] == 4
    assert series["batch_rows_bucket['m', '2', '4.0']"] == 8
    assert series["batch_rows_count['m', '2']"] == 8
    assert series["batch_rows_sum['m', '2']"] == 20
    assert "runs_total['m', '2', 'worker']" not in series


def values_of(families: list[Filled]) -> dict[str, float]:
    return {
        f"{name.removeprefix('tiltyard_')}{list(values)}": value
        for one in families
        for name, _, (values, value) in one.samples
    }


def test_gauges_are_of_what_is_in_force() -> None:
    counters = rollout_counters(
        "m",
        arm("champion", 1, in_flight=3, queued=2),
        shadows=[shadow(2, 1, in_flight=1) | {"bytes_held": 64}],
    )
    pinned = arm("pinned", 1, assigned=9, in_flight=1)
    rows = [version_row("m", 1, pinned=pinned), version_row("m", 2, last_inference_ms=0)]
    assert values_of(list(gauges([counters], rows))) == {
        "requests_in_flight['m', '1', 'champion']": 3,
        "requests_in_flight['m', '1', 'pinned']": 1,
        "queue_requests['m', '1', 'champion']": 2,
        "queue_requests['m', '1', 'pinned']": 0,
        "shadow_in_flight['m', '2', '1']": 1,
        "shadow_held_bytes['m', '2', '1']": 64,
        "last_inference_timestamp_seconds['m', '1']": 1_700_000_000.5,
    }
    left = values_of(list(gauges([counters], rows, {("m", "1")})))
    assert left.keys() == {"shadow_in_flight['m', '2', '1']", "shadow_held_bytes['m', '2', '1']"}
