"""What shadows have been shown and how they agree, as operators see it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tiltyard.control.views import AgreementView, LatencyView, OutputAgreementView

ShadowCounters = Mapping[str, Any]  # one of Rollout.counters()["shadows"]

NS_PER_MS = 1e6


def find_shadow(
    shadows: Sequence[ShadowCounters], version: int, source: int | None = None
) -> ShadowCounters | None:
    """The shadow of that version; `source` is the version that it shadows, where that matters."""
    for shadow in shadows:
        if shadow["version"] == version and source in (None, shadow["source"]):
            return shadow
    return None


def latency_view(quantiles: Mapping[str, int], count: int) -> LatencyView | None:
    """None where nothing was measured."""
    if not count:
        return None
    parts = {f"{name}_ms": ns / NS_PER_MS for name, ns in quantiles.items()}
    return LatencyView(count=count, **parts)


def agreement_view(shadow: ShadowCounters) -> AgreementView:
    """The accounts of one shadow, at its rollout's epoch."""
    ran = shadow["ok"] + shadow["error"]
    return AgreementView(
        source_version=shadow["source"],
        offered=shadow["offered"],
        sampled_out=shadow["sampled_out"],
        queued=shadow["queued"],
        ok=shadow["ok"],
        error=shadow["error"],
        expired=shadow["expired"],
        in_flight=shadow["in_flight"],
        dropped={reason: n for reason, n in shadow["dropped"].items() if n},
        outputs=tuple(_output(output) for output in shadow["outputs"]),
        latency=latency_view(shadow["latency_ns"], ran),
        run=latency_view(shadow["run_ns"], shadow["ok"]),
    )


def _output(output: Mapping[str, Any]) -> OutputAgreementView:
    differences = output["score_diff"]
    return OutputAgreementView(
        name=output["name"],
        mode=output["mode"],
        compared=output["compared"],
        disagreed=output["disagreed"],
        score_diff_p50=differences["p50"],
        score_diff_p99=differences["p99"],
        score_diff_max=differences["max"],
        non_finite_champion=output["non_finite_champion"],
        non_finite_shadow=output["non_finite_shadow"],
        atol=output["atol"],
        rtol=output["rtol"],
    )
