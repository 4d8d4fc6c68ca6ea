"""ModelStatistics against Triton's meaning of every field."""

from typing import Any

import pytest

from tiltyard.errors import NotFoundError
from tiltyard.protocol import messages
from tiltyard.protocol.statistics import model_statistics


def row(model: str, version: int, **changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "model": model,
        "version": version,
        "success": 5,
        "success_ns": 500,
        "fail": 2,
        "fail_ns": 20,
        "queue_ns": 50,
        "compute_input_ns": 10,
        "compute_infer_ns": 400,
        "compute_output_ns": 40,
        "rows": 9,
        "runs": 3,
        "last_inference_ms": 1_700_000_000_123,
        "batch_sizes": {8: (1, 4, 300, 20), 1: (2, 6, 100, 20)},
    }
    return {**values, **changed}


def answer(rows: list[dict[str, Any]], model: str = "", version: str = "") -> list[Any]:
    data = model_statistics(rows, model, version)
    return list(messages.ModelStatisticsResponse.FromString(data).model_stats)


def pair(duration: Any) -> tuple[int, int]:
    return duration.count, duration.ns


def test_counts_rows_and_runs() -> None:
    (stats,) = answer([row("m", 1)])
    assert (stats.name, stats.version) == ("m", "1")
    assert (stats.inference_count, stats.execution_count) == (9, 3)
    assert stats.last_inference == 1_700_000_000_123


def test_durations_count_requests() -> None:
    (stats,) = answer([row("m", 1)])
    parts = stats.inference_stats
    assert pair(parts.success) == (5, 500)
    assert pair(parts.fail) == (2, 20)
    assert pair(parts.queue) == (5, 50)
    assert pair(parts.compute_input) == (5, 10)
    assert pair(parts.compute_infer) == (5, 400)
    assert pair(parts.compute_output) == (5, 40)


def test_batches_by_size() -> None:
    (stats,) = answer([row("m", 1)])
    assert [batch.batch_size for batch in stats.batch_stats] == [1, 8]
    small, large = stats.batch_stats
    assert (pair(small.compute_input), pair(small.compute_infer)) == ((2, 6), (2, 100))
    assert (pair(large.compute_infer), pair(large.compute_output)) == ((1, 300), (1, 20))


def test_filters() -> None:
    rows = [row("b", 10), row("b", 9), row("a", 1)]
    named = [(s.name, s.version) for s in answer(rows)]
    assert named == [("a", "1"), ("b", "9"), ("b", "10")]
    assert [s.version for s in answer(rows, "b")] == ["9", "10"]
    assert [s.version for s in answer(rows, "b", "10")] == ["10"]


def test_without_models_there_is_nothing_to_list() -> None:
    assert answer([]) == []


def test_unknown_names_are_not_found() -> None:
    with pytest.raises(NotFoundError, match="no model 'x' is ready"):
        answer([row("m", 1)], "x")
    with pytest.raises(NotFoundError, match="no ready version '7'; ready: 1"):
        answer([row("m", 1)], "m", "7")
