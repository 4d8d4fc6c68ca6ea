"""Shadows' accounts as operators see them."""

from tests.unit.control.fakes import shadow
from tiltyard.control.agreement_views import agreement_view, find_shadow, latency_view
from tiltyard.control.views import LatencyView, ScoreBucketView

BUCKETS = {30: 1, 999_424: 97, 9_961_472: 2}
OUTPUT = {
    "name": "label",
    "mode": "label",
    "compared": 8,
    "disagreed": 2.0,
    "incompatible": {"missing": 0, "dtype": 0, "shape": 1_105},
    "non_finite_champion": 0,
    "non_finite_shadow": 1,
    "atol": 0.0,
    "rtol": 0.0,
    "score_diff": {"p50": 0.0, "p90": 0.0, "p99": 0.5, "max": 1.0},
    "score_diff_buckets": {0.0: 20, 0.999424: 1},
}


def test_a_shadow_is_found_by_its_version_and_by_what_it_shadows() -> None:
    shadows = [shadow(2, 1), shadow(1, 2), shadow(1, 3)]
    assert find_shadow(shadows, 2) is shadows[0]
    assert find_shadow(shadows, 1, 3) is shadows[2]
    assert find_shadow(shadows, 1, 9) is None


def test_latencies_are_in_milliseconds_and_none_without_any() -> None:
    assert latency_view() is None
    assert latency_view({}, {}) is None
    found = latency_view(BUCKETS)
    assert found == LatencyView(100, 1.015807, 1.015807, 10.223615, 10.223615, 10.223615)


def test_latencies_of_several_are_of_all_their_requests() -> None:
    slow = {9_961_472: 100}
    assert latency_view(BUCKETS, slow) == latency_view({**BUCKETS, 9_961_472: 102})
    found = latency_view(slow, BUCKETS)
    assert found is not None
    assert (found.count, found.p50_ms) == (200, 10.223615)


def test_a_shadow_that_always_fails_has_no_latency() -> None:
    found = agreement_view(shadow(2, 1, queued=5, error=5))
    assert (found.latency, found.run) == (None, None)


def test_the_accounts_and_the_agreement_of_the_worst_output() -> None:
    counters = shadow(
        2,
        1,
        offered=100,
        sampled_out=50,
        queued=40,
        ok=30,
        error=8,
        expired=1,
        in_flight=1,
        dropped={"queue_full": 10, "bytes_full": 0},
        latency_buckets={999_424: 30},
        champion_latency_buckets={9_961_472: 30},
        run_buckets={500: 4},
        outputs=[
            OUTPUT,
            {**OUTPUT, "name": "scores", "mode": "tolerance", "atol": 0.25, "disagreed": 0.5},
        ],
    )
    found = agreement_view(counters)
    assert found.offered == found.sampled_out + found.queued + sum(found.dropped.values())
    assert found.queued == found.ok + found.error + found.expired + found.in_flight
    assert found.dropped == {"queue_full": 10}
    assert found.run is not None
    assert found.latency is not None
    assert (found.latency.count, found.run.count) == (30, 4)  # groups of several requests
    assert found.champion_latency is not None
    assert (found.champion_latency.count, found.champion_latency.p50_ms) == (30, 10.223615)
    assert [output.agreement for output in found.outputs] == [0.75, 0.9375]
    assert found.agreement == 0.75
    assert [output.mode for output in found.outputs] == ["label", "tolerance"]
    assert (found.outputs[1].atol, found.outputs[1].rtol) == (0.25, 0.0)
    assert (found.outputs[0].non_finite_shadow, found.outputs[0].score_diff_p99) == (1, 0.5)


def test_before_anything_is_compared_there_is_no_agreement() -> None:
    assert agreement_view(shadow(2, 1)).agreement is None


def test_what_could_not_be_compared_has_its_reason_and_differences_their_buckets() -> None:
    (found,) = agreement_view(shadow(2, 1, outputs=[OUTPUT])).outputs
    assert found.incompatible == {"shape": 1_105}
    assert found.score_diff_buckets == (
        ScoreBucketView(0.0, 0.0, 20),
        ScoreBucketView(0.999424, 1.015807, 1),
    )
