"""ModelStatistics: the engine's counters in the shape that Triton's clients read."""

from collections.abc import Iterable, Mapping
from typing import Any

from tiltyard.errors import NotFoundError
from tiltyard.protocol import messages

Row = Mapping[str, Any]  # one version of Engine.statistics()

DURATIONS = ("queue", "compute_input", "compute_infer", "compute_output")


def model_statistics(rows: Iterable[Row], model: str, version: str) -> bytes:
    """The serialized ModelStatisticsResponse of the versions asked for; "" asks for all.

    Durations are cumulative and count successful requests; each is charged its whole batch's time.
    Raises NotFoundError when there is no such model or version.
    """
    found = sorted(
        (row for row in rows if model in ("", row["model"])),
        key=lambda row: (row["model"], row["version"]),
    )
    if model and not found:
        raise NotFoundError(f"no model {model!r} is ready here, so it has no statistics")
    chosen = [row for row in found if version in ("", str(row["version"]))]
    if model and not chosen:
        known = ", ".join(str(row["version"]) for row in found)
        raise NotFoundError(f"{model!r} has no ready version {version!r}; ready: {known}")
    reply = messages.ModelStatisticsResponse()
    for row in chosen:
        _fill(reply.model_stats.add(), row)
    data: bytes = reply.SerializeToString()
    return data


def _fill(stats: Any, row: Row) -> None:
    stats.name = row["model"]
    stats.version = str(row["version"])
    stats.last_inference = row["last_inference_ms"]
    stats.inference_count = row["rows"]
    stats.execution_count = row["runs"]
    parts = stats.inference_stats
    _set(parts.success, row["success"], row["success_ns"])
    _set(parts.fail, row["fail"], row["fail_ns"])
    for name in DURATIONS:
        _set(getattr(parts, name), row["success"], row[f"{name}_ns"])
    for batch_rows, (runs, input_ns, infer_ns, output_ns) in sorted(row["batch_sizes"].items()):
        batch = stats.batch_stats.add(batch_size=batch_rows)
        _set(batch.compute_input, runs, input_ns)
        _set(batch.compute_infer, runs, infer_ns)
        _set(batch.compute_output, runs, output_ns)


def _set(duration: Any, count: int, ns: int) -> None:
    duration.count = count
    duration.ns = ns
