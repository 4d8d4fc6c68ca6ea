"""What a slot's view comes to, the same for champions, canaries and shadows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tiltyard.cli.render.formats import one_line, percent
from tiltyard.control.views import BUCKETS, LatencyView, OutputRule, RouteView, SlotView

# The errors that a version can be blamed for; the others are those of clients and of load.
BLAMED: Final = frozenset({"run_failed", "output_mismatch", "deadline_passed"})


@dataclass(frozen=True, slots=True)
class Answers:
    """What a slot has answered: `failed` of `count` requests, `blamed` by its own fault."""

    count: int
    failed: int
    blamed: int

    @property
    def error_rate(self) -> float | None:
        """None before anything was asked."""
        return self.failed / self.count if self.count else None


def slots_of(route: RouteView) -> list[SlotView]:
    """The champion, its challengers, and the previous champion."""
    found = [route.champion, *route.challengers, route.previous]
    return [slot for slot in found if slot is not None]


def name_of(slot: SlotView) -> str:
    """`canary 4`."""
    return f"{slot.role} {slot.version}"


def canaries_of(route: RouteView) -> Sequence[SlotView]:
    return [slot for slot in route.challengers if slot.role == "canary"]


def shadows_of(route: RouteView) -> Sequence[SlotView]:
    return [slot for slot in route.challengers if slot.role == "shadow"]


def asked_of(route: RouteView, slot: SlotView) -> float | None:
    """The share of the requests that a slot should have; of a shadow, that it should see."""
    if slot.role == "champion":
        taken = sum(canary.share.buckets for canary in canaries_of(route) if canary.share)
        return (BUCKETS - taken) / BUCKETS
    if slot.role == "canary" and slot.share is not None:
        return slot.share.fraction
    if slot.role == "shadow" and slot.sample is not None:
        return slot.sample.fraction
    return None


def measured_of(slot: SlotView) -> float | None:
    """The share that it has had; None where nothing was measured."""
    if slot.role != "shadow":
        return slot.share_measured
    seen = slot.agreement
    if seen is None or not seen.offered:
        return None
    return (seen.offered - seen.sampled_out) / seen.offered


def answers_of(slot: SlotView) -> Answers:
    """Of a shadow, what it was run for: what was dropped before is no failure of the model."""
    if slot.role == "shadow" and slot.agreement is not None:
        seen = slot.agreement
        return Answers(seen.ok + seen.error, seen.error, seen.error)
    blamed = sum(count for name, count in slot.errors.items() if name in BLAMED)
    return Answers(slot.requests, sum(slot.errors.values()), blamed)


def completed_of(slot: SlotView) -> int:
    """How many of its requests got an answer that is no error; each has a latency."""
    latency = latency_of(slot)
    return latency.count if latency is not None else 0


def latency_of(slot: SlotView) -> LatencyView | None:
    if slot.latency is None and slot.role == "shadow" and slot.agreement is not None:
        return slot.agreement.latency
    return slot.latency


def agreement_of(slot: SlotView) -> float | None:
    return slot.agreement.agreement if slot.agreement is not None else None


def compared_of(slot: SlotView) -> int:
    """How many requests the agreement is computed from, of the output with the fewest.

    An output that no client asks for is compared in none, and says nothing.
    """
    outputs = slot.agreement.outputs if slot.agreement is not None else ()
    return min((output.compared for output in outputs if output.compared), default=0)


def warm_s(slot: SlotView, now: float) -> float:
    """How much longer a previous champion is kept warm; 0 when it is not."""
    if slot.role != "previous" or slot.state != "ready" or slot.until_unix_s is None:
        return 0.0
    return max(0.0, slot.until_unix_s - now)


def rule_words(rule: OutputRule) -> str:
    """`y as label`, `score within 0.01`."""
    if rule.mode == "tolerance":
        return f"{one_line(rule.output)}{tolerance_words(rule.atol, rule.rtol)}"
    return f"{one_line(rule.output)} as {rule.mode}"


def tolerance_words(atol: float, rtol: float) -> str:
    """` within 0.01 + 1 %`."""
    return f" within {atol:g}" + (f" + {percent(rtol)}" if rtol else "")
