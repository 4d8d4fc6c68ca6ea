from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.registry.conftest import NOW
from tiltyard.registry import Registry, UnknownModelError


def put(registry: Registry, **changes: Any) -> dict[str, Any]:
    def change(before: Mapping[str, Any]) -> dict[str, Any]:
        return {**before, **changes}

    return registry.change_policy("w1", change, changes=changes, actor="ann")


def test_a_policy_is_kept_with_an_epoch_of_its_own(registry: Registry) -> None:
    epoch = registry.get("w1").epoch
    assert registry.policies() == {}
    assert put(registry, delta=0.05) == {"delta": 0.05, "epoch": 1}
    assert put(registry, segments=[["country", "NO"]])["epoch"] == 2
    kept = {"delta": 0.05, "segments": [["country", "NO"]], "epoch": 2}
    assert registry.policies() == {"w1": kept}
    assert registry.get("w1").epoch == epoch, "no route has changed"
    events = [event for event in registry.events(0, 100) if event.kind == "drift_policy_set"]
    assert [(event.actor, event.ts) for event in events] == [("ann", NOW)] * 2
    assert events[0].data == {"changes": {"delta": 0.05}, "policy_epoch": 1}


def test_a_refused_change_changes_nothing(registry: Registry) -> None:
    put(registry, delta=0.05)

    def refuse(before: Mapping[str, Any]) -> dict[str, Any]:
        assert before["epoch"] == 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        registry.change_policy("w1", refuse, changes={}, actor="ann")
    with pytest.raises(UnknownModelError):
        registry.change_policy("w9", dict, changes={}, actor="ann")
    assert registry.policies()["w1"] == {"delta": 0.05, "epoch": 1}


def test_what_changes_no_route_can_be_noted(registry: Registry) -> None:
    event = registry.note("baseline_accepted", "w1", 4, {"number": 1, "rows": 9}, actor="ann")
    assert registry.events(event.seq - 1, 1) == [event]
    assert event.text == "version 4 of w1 got baseline 1 of 9 rows"
    with pytest.raises(UnknownModelError):
        registry.note("baseline_accepted", "w9", 1, {}, actor="ann")
