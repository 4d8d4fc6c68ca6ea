import json
from pathlib import Path

import pytest

from bench import results
from bench.results import Measurement, median, save


def measured(run: int, value: float, faults: list[str] | None = None) -> Measurement:
    return Measurement(
        "throughput", "W1 16x8", "tiltyard", run, {"throughput": value}, faults or []
    )


def test_median_of_three_runs() -> None:
    found = [measured(0, 3.0), measured(1, 1.0), measured(2, 2.0)]
    assert median(found, "throughput", "W1 16x8", "tiltyard", "throughput") == 2.0


def test_a_run_with_a_fault_does_not_count() -> None:
    found = [measured(0, 9.0, ["3 wrong replies"]), measured(1, 1.0)]
    assert median(found, "throughput", "W1 16x8", "tiltyard", "throughput") == 1.0
    assert median(found[:1], "throughput", "W1 16x8", "tiltyard", "throughput") is None


def test_results_are_json_lines_with_the_machine_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "local")
    also = tmp_path / "kept.jsonl"
    file = save([measured(0, 1.0)], [{"text": "a bar", "met": True}], also)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["environment", "measurement", "bar"]
    assert {"cpu", "kernel", "commit", "packages", "time"} <= lines[0]["environment"].keys()
    assert file.read_text() == also.read_text()
