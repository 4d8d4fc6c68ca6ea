"""How what a shadow answers agrees with what it shadows, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Final

from tiltyard.cli.render.formats import difference, listed, milliseconds, one_line, percent
from tiltyard.cli.render.slots import name_of, tolerance_words
from tiltyard.control.views import (
    AgreementView,
    LatencyView,
    OutputAgreementView,
    RouteView,
    SlotView,
)

# What an output of the shadow is, that cannot be compared.
_INCOMPATIBLE: Final = {"dtype": "of another type", "shape": "of another shape"}


def pair_of(route: RouteView, slot: SlotView, seen: AgreementView) -> tuple[str, str]:
    """Who shadows, and whom: `shadow 5`, `champion 3`; beside a canary it is the other way round,
    `champion 3`, `canary 4`.
    """
    if slot.role == "shadow":
        return name_of(slot), f"champion {seen.source_version}"
    shadowing = name_of(route.champion) if route.champion is not None else "champion"
    return shadowing, name_of(slot)


def compared(route: RouteView, slot: SlotView, seen: AgreementView) -> Iterator[str]:
    """A line for each output."""
    who, whom = pair_of(route, slot, seen)
    for output in seen.outputs:
        if output.agreement is None:
            continue
        told = f"{who} with {whom}, {one_line(output.name)}:"
        within = tolerance_words(output.atol, output.rtol) if output.mode == "tolerance" else ""
        told += f" {percent(output.agreement)} of {output.compared:,} agree{within}"
        if output.score_diff_max:
            told += f"; scores differ by up to {difference(output.score_diff_max)}"
            told += f" (p99 {difference(output.score_diff_p99)})"
        if output.non_finite_shadow or output.non_finite_champion:
            told += f"; not finite: {output.non_finite_shadow:,} of {who}"
            told += f" and {output.non_finite_champion:,} of {whom}"
        yield told


def not_compared(route: RouteView, slot: SlotView, seen: AgreementView) -> Iterator[str]:
    """What a shadow should have seen, and did not, could not answer or answered otherwise."""
    who, whom = pair_of(route, slot, seen)
    about = who if slot.role == "shadow" else f"{who} with {whom}"
    lost = {**seen.dropped, "expired": seen.expired, "failed": seen.error}
    if any(lost.values()):
        sampled = seen.offered - seen.sampled_out
        yield f"{about}: {kinds(lost)} of {sampled:,} requests"
    for output in seen.outputs:
        if any(output.incompatible.values()):
            yield f"{about}, {incompatible(output)}"


def incompatible(output: OutputAgreementView) -> str:
    """`y: 1,105 of another shape`."""
    counts = {_INCOMPATIBLE.get(reason, reason): n for reason, n in output.incompatible.items()}
    return f"{one_line(output.name)}: {kinds(counts)}"


def latencies(route: RouteView, slot: SlotView, seen: AgreementView) -> Iterator[str]:
    """p50 and p99 of the same requests: a shadow's runs, and the answers that clients have had."""
    if seen.latency is not None and seen.champion_latency is not None:
        who, whom = pair_of(route, slot, seen)
        ran, answered = _quantiles(seen.latency), _quantiles(seen.champion_latency)
        yield f"{who} ran in {ran}, {whom} answered in {answered}"


def kinds(counts: Mapping[str, int]) -> str:
    """The most frequent first."""
    by_count = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    words = [f"{count:,} {one_line(name).replace('_', ' ')}" for name, count in by_count if count]
    return listed(words)


def _quantiles(latency: LatencyView) -> str:
    return f"{milliseconds(latency.p50_ms)} and {milliseconds(latency.p99_ms)} ms"
