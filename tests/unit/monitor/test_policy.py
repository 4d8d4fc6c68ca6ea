import json
from typing import Any

import pytest

from tiltyard.errors import ConfigError
from tiltyard.monitor.policy import SEGMENTS_MAX, DriftPolicy, Segment, policy_of, to_values


def test_it_is_kept_as_json() -> None:
    policy = DriftPolicy(3, delta=0.05, segments=(Segment("country", "NO"), Segment("age", "18")))
    assert policy_of(json.loads(json.dumps(to_values(policy)))) == policy
    assert policy_of({}) == DriftPolicy()
    assert [str(segment) for segment in policy.segments] == ["country=NO", "age=18"]


def test_a_change_leaves_the_rest() -> None:
    policy = DriftPolicy(delta=0.05).changed({"baseline_rows": 500, "baseline_window_s": 3600})
    assert (policy.delta, policy.baseline_rows, policy.baseline_window_s) == (0.05, 500, 3600.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"detla": 0.1}, "has no 'detla'; expected one of epoch, delta"),
        ({"delta": 0.0}, r"delta: expected 0\.001 to 1, got 0\.0"),
        ({"delta": float("nan")}, r"delta: expected 0\.001 to 1, got nan"),
        ({"delta": "0.1"}, "delta: expected a number, got '0.1'"),
        ({"delta": True}, "delta: expected a number, got True"),
        ({"baseline_rows": True}, "baseline_rows: expected a whole number, got True"),
        ({"baseline_rows": 1}, "baseline_rows: expected 100 to"),
        ({"rows_independent": 1}, "rows_independent: expected true or false, got 1"),
        ({"segments": "country=NO"}, "segments: expected a list"),
        ({"segments": [["country"]]}, r"expected \[feature, value\], got \['country'\]"),
        ({"segments": [["country", ""]]}, r"expected \[feature, value\]"),
        ({"segments": [["a", "b"]] * 2}, "expected each once, got a=b, a=b"),
        ({"segments": [["a", str(i)] for i in range(SEGMENTS_MAX + 1)]}, "expected 0 to 32"),
    ],
)
def test_what_it_refuses(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        DriftPolicy().changed(changes)
