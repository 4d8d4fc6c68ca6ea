"""The arms of a rollout, as Rollout.counters() gives them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Arm = Mapping[str, Any]

# Whose requests the champion answers: its own, its slices beside canaries, and what the split
# could not place.
CHAMPIONS: Final = ("champion", "control", "unsplit")


def counted_arms(counters: Mapping[str, Any]) -> list[Arm]:
    """Its arms in their order, and last what the split could not place, where there is a split."""
    apart = counters.get("unsplit")
    return [*counters["arms"], *([apart] if apart is not None else [])]


def share_of(own: Sequence[Arm], arms: Sequence[Arm]) -> float | None:
    """The part that `own` had of what was split among `arms`; None before anything was."""
    split = sum(arm["assigned"] for arm in arms if arm["role"] != "unsplit")
    mine = sum(arm["assigned"] for arm in own if arm["role"] != "unsplit")
    return mine / split if split and own else None


def errors_of(arms: Sequence[Arm]) -> dict[str, int]:
    """Of all of them, by name."""
    errors: dict[str, int] = {}
    for arm in arms:
        for name, count in arm["errors"].items():
            errors[name] = errors.get(name, 0) + count
    return errors
