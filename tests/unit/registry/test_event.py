from typing import Any

import pytest

from tiltyard.registry.event import EVENT_KINDS, Event, describe_challenge, enumerate_versions

NO_OPTIONS: dict[str, Any] = {"reverse_shadow": False, "compare": []}
CANARY = {"mode": "canary", "buckets": 1 << 15, "sample_ppm": 0, **NO_OPTIONS}
SHADOW = {"mode": "shadow", "buckets": 0, "sample_ppm": 1000, **NO_OPTIONS}
RULE = {"output": "y", "mode": "label", "atol": 0.0, "rtol": 0.0}

TEXTS: dict[str, tuple[dict[str, Any], str]] = {
    "model_added": ({"versions": [1, 2]}, "w1 added with versions 1 and 2, champion 2"),
    "version_added": ({}, "version 2 of w1 added"),
    "champion_set": ({"from": None}, "champion of w1 set to 2"),
    "challenge_started": ({"to": CANARY}, "version 2 of w1 started as a canary with 50%"),
    "challenge_updated": (
        {"from": CANARY, "to": CANARY | {"buckets": 0}},
        "version 2 of w1 changed from a canary with 50% to a canary with 0%",
    ),
    "challenge_stopped": (
        {"from": SHADOW},
        "version 2 of w1 stopped being a shadow of 0.1% of the requests",
    ),
    "promoted": (
        {"from": 1, "mode": "shadow"},
        "version 2 of w1 promoted from shadow to champion (was 1)",
    ),
    "rolled_back": (
        {"from": 3, "stopped": [4], "restored": 2},
        "w1 rolled back: version 4 stopped, champion 2 restored (was 3)",
    ),
    "version_loaded": ({}, "version 2 of w1 to be loaded again"),
    "version_unloaded": ({}, "version 2 of w1 to be unloaded"),
    "profile_added": ({"number": 3}, "version 2 of w1 got profile 3"),
    "baseline_accepted": (
        {"number": 1, "rows": 20_000},
        "version 2 of w1 got baseline 1 of 20000 rows",
    ),
    "drift_policy_set": (
        {"changes": {"delta": 0.05}, "policy_epoch": 1},
        "drift policy of w1 set: delta 0.05",
    ),
    "alarm_acknowledged": (
        {"alarm": "a1", "note": "known"},
        "version 2 of w1 had alarm a1 acknowledged: known",
    ),
}


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_kind_tells_what_happened(kind: str) -> None:
    data, text = TEXTS[kind]
    assert Event(kind, "w1", 7, 2, data).text == text


def test_versions_in_words() -> None:
    assert enumerate_versions([1]) == "1"
    assert enumerate_versions([1, 2]) == "1 and 2"
    assert enumerate_versions([1, 2, 3]) == "1, 2 and 3"


def test_a_reverse_shadow_in_words() -> None:
    settings = CANARY | {"reverse_shadow": True, "sample_ppm": 500_000}
    assert describe_challenge(settings) == "a canary with 50% and a reverse shadow of 50%"
    told = describe_challenge(settings | {"compare": [RULE]})
    assert told == "a canary with 50% and a reverse shadow of 50%, comparing y as label"


def test_a_comparison_in_words() -> None:
    told = describe_challenge(SHADOW | {"compare": [RULE]})
    assert told == "a shadow of 0.1% of the requests, comparing y as label"
