"""Shadows' accounts as operators see them."""

from tests.unit.control.fakes import shadow
from tiltyard.control.agreement_views import agreement_view, find_shadow, latency_view

QUANTILES = {"p50": 1_000_000, "p90": 2_000_000, "p99": 3_000_000, "p999": 4_000_000, "max": 10**7}
OUTPUT = {
    "name": "label",
    "mode": "label",
    "compared": 8,
    "disagreed": 2.0,
    "incompatible": {},
    "non_finite_champion": 0,
    "non_finite_shadow": 1,
    "atol": 0.0,
    "rtol": 0.0,
    "score_diff": {"p50": 0.0, "p90": 0.0, "p99": 0.5, "max": 1.0},
    "score_diff_buckets": {},
}


def test_a_shadow_is_found_by_its_version_and_by_what_it_shadows() -> None:
    shadows = [shadow(2, 1), shadow(1, 2), shadow(1, 3)]
    assert find_shadow(shadows, 2) is shadows[0]
    assert find_shadow(shadows, 1, 3) is shadows[2]
    assert find_shadow(shadows, 1, 9) is None


def test_latencies_are_in_milliseconds_and_none_without_any() -> None:
    assert latency_view(QUANTILES, 0) is None
    found = latency_view(QUANTILES, 5)
    assert found is not None
    assert (found.count, found.p50_ms, found.max_ms) == (5, 1.0, 10.0)


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
        run_ns=QUANTILES,
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
    assert found.run.count == 30
    assert [output.agreement for output in found.outputs] == [0.75, 0.9375]
    assert found.agreement == 0.75
    assert [output.mode for output in found.outputs] == ["label", "tolerance"]
    assert (found.outputs[1].atol, found.outputs[1].rtol) == (0.25, 0.0)
    assert (found.outputs[0].non_finite_shadow, found.outputs[0].score_diff_p99) == (1, 0.5)


def test_before_anything_is_compared_there_is_no_agreement() -> None:
    assert agreement_view(shadow(2, 1)).agreement is None
