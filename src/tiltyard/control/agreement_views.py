"""What shadows have been shown and how they agree, as operators see it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from tiltyard.control.histogram import Histogram, merged, quantile, upper_edge
from tiltyard.control.views import (
    AgreementView,
    LatencyView,
    OutputAgreementView,
    ScoreBucketView,
)

ShadowCounters = Mapping[str, Any]  # one of Rollout.counters()["shadows"]

NS_PER_MS = 1e6
UNITS_PER_SCORE = 1e6  # differences are counted in millionths


def find_shadow(
    shadows: Sequence[ShadowCounters], version: int, source: int | None = None
) -> ShadowCounters | None:
    """The shadow of that version; `source` is the version that it shadows, where that matters."""
    for shadow in shadows:
        if shadow["version"] == version and source in (None, shadow["source"]):
            return shadow
    return None


def latency_view(*histograms: Histogram) -> LatencyView | None:
    """Of all that they have, in ns; None where nothing was measured."""
    found = merged(*histograms)
    if not found:
        return None
    parts = (0.5, 0.9, 0.99, 0.999, 1.0)
    return LatencyView(sum(found.values()), *(quantile(found, p) / NS_PER_MS for p in parts))


def agreement_view(shadow: ShadowCounters) -> AgreementView:
    """The accounts of one shadow, at its rollout's epoch."""
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
        latency=latency_view(shadow["latency_buckets"]),
        run=latency_view(shadow["run_buckets"]),
        champion_latency=latency_view(shadow["champion_latency_buckets"]),
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
        incompatible={reason: n for reason, n in output["incompatible"].items() if n},
        score_diff_buckets=tuple(
            _score_bucket(lowest, rows) for lowest, rows in output["score_diff_buckets"].items()
        ),
    )


def _score_bucket(lowest: float, rows: int) -> ScoreBucketView:
    highest = upper_edge(round(lowest * UNITS_PER_SCORE)) / UNITS_PER_SCORE
    return ScoreBucketView(lowest, highest, rows)
