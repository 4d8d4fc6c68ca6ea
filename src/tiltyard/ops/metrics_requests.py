"""Metrics of models: requests, latencies, runs, queues and shadows, from the engine's counters.

Pure functions from Rollout.counters() and Engine.statistics(). What only grows comes as series for
the ledger, everything else as families.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tiltyard.control.arms import Arm, counted_arms
from tiltyard.control.histogram import Histogram
from tiltyard.ops.metrics_buckets import NS_PER_S, rows_buckets, seconds_buckets
from tiltyard.ops.metrics_codes import CANCELLED, OK, code_of
from tiltyard.ops.metrics_family import Family, Filled, counter, filled, gauge, histogram
from tiltyard.ops.metrics_ledger import Owner, Series

ARM: Final = ("model", "version", "role")
SHADOW: Final = ("model", "version", "source")
VERSION: Final = ("model", "version")

REQUESTS: Final = counter(
    "requests",
    "Inference requests that ended, by the gRPC code they were answered with. Roles: champion,"
    " canary, control (the champion's slice beside a canary), unsplit (no key, or the canary could"
    " not take it; the champion answered) and pinned (asked for the version by its number).",
    *ARM,
    "code",
)
ERRORS: Final = counter(
    "request_errors",
    "Inference requests that ended with an error, by its name in the gateway's own table.",
    *ARM,
    "error",
)
REROUTED: Final = counter(
    "requests_rerouted",
    "Requests that left a queue unrun because the route was withdrawn; they were routed again and"
    " are counted where they ended.",
    *ARM,
)
NON_FINITE: Final = counter(
    "answers_non_finite", "Answered requests with a NaN or an infinity in an output.", *ARM
)
LATENCY: Final = histogram(
    "request_duration_seconds",
    "Of answered requests, from the arrival of the message to the reply handed to the socket."
    " Buckets are exact; the sum is within 1.6 %.",
    *ARM,
)
RUN: Final = histogram(
    "run_duration_seconds",
    "Of group runs: what the model took for a batch, whose requests all wait for it. Buckets are"
    " exact; the sum is within 1.6 %.",
    *ARM,
)
UNSPLIT: Final = counter(
    "requests_not_split",
    "Requests that a split could not place, by reason: unkeyed, or ineligible (the canary of their"
    " key cannot take them).",
    "model",
    "reason",
)
PARTS: Final = counter(
    "request_part_seconds",
    "Time of answered requests by part (queue, compute_input, compute_infer, compute_output); each"
    " request is charged the whole time of its batch.",
    *VERSION,
    "part",
)
ROWS: Final = histogram(
    "batch_rows", "Rows of group runs; the sum is exact: all rows that were run.", *VERSION
)
RUNS: Final = counter(
    "runs", "Group runs, by where: on an io thread (inline) or on a worker.", *VERSION, "place"
)
PADDED: Final = counter(
    "runs_padded",
    "Group runs that were padded to the size from which answers are stable.",
    *VERSION,
)
SHADOW_OFFERED: Final = counter(
    "shadow_offered",
    "Requests offered to a shadow of the version `source`: sampled_out + queued + all that were"
    " dropped.",
    *SHADOW,
)
SHADOW_SAMPLED_OUT: Final = counter(
    "shadow_sampled_out", "Requests that the sample of a shadow left out.", *SHADOW
)
SHADOW_QUEUED: Final = counter("shadow_queued", "Requests that a shadow has taken.", *SHADOW)
SHADOW_DROPPED: Final = counter(
    "shadow_dropped", "Sampled requests that a shadow has not taken, by reason.", *SHADOW, "reason"
)
SHADOW_ENDED: Final = counter(
    "shadow_ended",
    "Queued requests by outcome: ok, error (it did not run) or expired (too old when its turn"
    " came).",
    *SHADOW,
    "outcome",
)
SHADOW_LATENCY: Final = histogram(
    "shadow_duration_seconds", "From leaving the shadow's queue to its outputs.", *SHADOW
)
COMPARED: Final = counter(
    "shadow_compared", "Requests whose answers could be compared, by output.", *SHADOW, "output"
)
DISAGREED: Final = counter(
    "shadow_disagreement",
    "Sum over compared requests of the fraction of rows on which shadow and source disagree.",
    *SHADOW,
    "output",
)
INCOMPATIBLE: Final = counter(
    "shadow_incompatible",
    "Requests whose output could not be compared, by what the shadow's has other than its"
    " source's.",
    *SHADOW,
    "output",
    "reason",
)
LEDGER_FAMILIES: Final = (
    REQUESTS, ERRORS, REROUTED, NON_FINITE, LATENCY, RUN, UNSPLIT, PARTS, ROWS, RUNS, PADDED,
    SHADOW_OFFERED, SHADOW_SAMPLED_OUT, SHADOW_QUEUED, SHADOW_DROPPED, SHADOW_ENDED, SHADOW_LATENCY,
    COMPARED, DISAGREED, INCOMPATIBLE,
)  # fmt: skip

IN_FLIGHT: Final = gauge(
    "requests_in_flight", "Requests that were assigned and have not ended.", *ARM
)
QUEUED: Final = gauge("queue_requests", "Requests that wait for a worker.", *ARM)
SHADOW_IN_FLIGHT: Final = gauge(
    "shadow_in_flight", "Requests that a shadow has taken and not finished.", *SHADOW
)
SHADOW_BYTES: Final = gauge(
    "shadow_held_bytes", "Memory that the requests in a shadow's queue hold.", *SHADOW
)
LAST: Final = gauge(
    "last_inference_timestamp_seconds", "When the version last ran, in unix time.", *VERSION
)

_PARTS: Final = ("queue", "compute_input", "compute_infer", "compute_output")


def rollout_series(counters: Mapping[str, Any]) -> dict[Owner, dict[Series, float]]:
    """What one Rollout.counters() has of what only grows, zeros left out."""
    model = counters["model"]
    found: dict[Owner, dict[Series, float]] = {}
    for arm in counted_arms(counters):
        _merge(found.setdefault((model, str(arm["version"])), {}), _arm_series(model, arm))
    for shadow in counters["shadows"]:
        owner = (model, str(shadow["version"]))
        _merge(found.setdefault(owner, {}), _shadow_series(model, shadow))
    reasons = [(reason, counters[reason]) for reason in ("unkeyed", "ineligible")]
    found[model, ""] = {UNSPLIT.total(model, reason): n for reason, n in reasons if n}
    return found


def version_series(row: Mapping[str, Any]) -> dict[Series, float]:
    """The same of one version in Engine.statistics(), what asks for its number among it."""
    labels = (row["model"], str(row["version"]))
    series = {PARTS.total(*labels, part): row[f"{part}_ns"] / NS_PER_S for part in _PARTS}
    series[RUNS.total(*labels, "inline")] = row["inline_runs"]
    series[RUNS.total(*labels, "worker")] = row["worker_runs"]
    series[PADDED.total(*labels)] = row["padded_runs"]
    if row["batch_sizes"]:
        runs = {rows: parts[0] for rows, parts in row["batch_sizes"].items()}
        _put_histogram(series, ROWS, labels, rows_buckets(runs), row["rows"])
    series = {one: value for one, value in series.items() if value}
    _merge(series, _arm_series(row["model"], row["pinned"]))
    return series


def gauges(
    rollouts: Sequence[Mapping[str, Any]],
    versions: Sequence[Mapping[str, Any]],
    left_out: Container[Owner] = (),
) -> Iterator[Filled]:
    """What goes up and down, of the rollouts in force and of the versions that are loaded.

    `left_out` are versions that are not to be shown.
    """
    arms = [(one["model"], arm) for one in rollouts for arm in counted_arms(one)]
    arms += [(row["model"], row["pinned"]) for row in versions if row["pinned"]["assigned"]]
    arms = [one for one in arms if (one[0], str(one[1]["version"])) not in left_out]
    for family, name in ((IN_FLIGHT, "in_flight"), (QUEUED, "queued")):
        yield filled(
            family, (((model, str(arm["version"]), arm["role"]), arm[name]) for model, arm in arms)
        )
    shadows = [(one["model"], shadow) for one in rollouts for shadow in one["shadows"]]
    shadows = [one for one in shadows if (one[0], str(one[1]["version"])) not in left_out]
    for family, name in ((SHADOW_IN_FLIGHT, "in_flight"), (SHADOW_BYTES, "bytes_held")):
        yield filled(family, ((_shadow_labels(model, one), one[name]) for model, one in shadows))
    last = {
        (row["model"], str(row["version"])): row["last_inference_ms"] / 1_000 for row in versions
    }
    yield filled(LAST, ((owner, at) for owner, at in last.items() if at and owner not in left_out))


def _arm_series(model: str, arm: Arm) -> dict[Series, float]:
    labels = (model, str(arm["version"]), arm["role"])
    found: dict[Series, float] = {}
    codes = {OK: arm["completed"], CANCELLED: arm["cancelled"]}
    for error, count in arm["errors"].items():
        code = code_of(error)
        codes[code] = codes.get(code, 0) + count
        found[ERRORS.total(*labels, error)] = count
    found |= {REQUESTS.total(*labels, code): n for code, n in codes.items()}
    found[REROUTED.total(*labels)] = arm["rerouted"]
    found[NON_FINITE.total(*labels)] = arm["non_finite"]
    found = {one: value for one, value in found.items() if value}
    _put_seconds(found, LATENCY, labels, arm["latency_buckets"])
    _put_seconds(found, RUN, labels, arm["run_buckets"])
    return found


def _shadow_series(model: str, shadow: Mapping[str, Any]) -> dict[Series, float]:
    labels = _shadow_labels(model, shadow)
    found: dict[Series, float] = {
        SHADOW_OFFERED.total(*labels): shadow["offered"],
        SHADOW_SAMPLED_OUT.total(*labels): shadow["sampled_out"],
        SHADOW_QUEUED.total(*labels): shadow["queued"],
    }
    for reason, count in shadow["dropped"].items():
        found[SHADOW_DROPPED.total(*labels, reason)] = count
    for outcome in ("ok", "error", "expired"):
        found[SHADOW_ENDED.total(*labels, outcome)] = shadow[outcome]
    for output in shadow["outputs"]:
        name = output["name"]
        found[COMPARED.total(*labels, name)] = output["compared"]
        found[DISAGREED.total(*labels, name)] = output["disagreed"]
        for reason, count in output["incompatible"].items():
            found[INCOMPATIBLE.total(*labels, name, reason)] = count
    found = {one: value for one, value in found.items() if value}
    _put_seconds(found, SHADOW_LATENCY, labels, shadow["latency_buckets"])
    return found


def _shadow_labels(model: str, shadow: Mapping[str, Any]) -> tuple[str, str, str]:
    return model, str(shadow["version"]), str(shadow["source"])


def _put_seconds(
    series: dict[Series, float], family: Family, labels: tuple[str, ...], counted: Histogram
) -> None:
    if counted:
        _put_histogram(series, family, labels, *seconds_buckets(counted))


def _put_histogram(
    series: dict[Series, float],
    family: Family,
    labels: tuple[str, ...],
    buckets: Iterable[tuple[str, int]],
    total: float,
) -> None:
    """All buckets, the empty ones too; the last is the count."""
    count = 0
    for edge, count in buckets:
        series[f"{family.name}_bucket", (*labels, edge)] = count
    series[f"{family.name}_count", labels] = count
    series[f"{family.name}_sum", labels] = total


def _merge(into: dict[Series, float], series: Mapping[Series, float]) -> None:
    """Add up: two arms may be of one version and role."""
    for one, value in series.items():
        into[one] = into.get(one, 0) + value
