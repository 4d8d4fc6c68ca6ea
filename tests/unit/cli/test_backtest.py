"""`tiltyard profile --backtest`."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from tests import models
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.reference_files import w1_rows
from tiltyard.errors import ConfigError
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.store import Store, open_store
from tiltyard.store.profiles import profile_numbers
from tiltyard.store.publish import publish_model

DAY_S = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With version 1 of `fraud`, which has no profile."""
    store = open_store(str(tmp_path / "store"), create=True)
    (tmp_path / "m.onnx").write_bytes(models.w1())
    publish_model(store, "fraud", tmp_path / "m.onnx")
    return store


def timed(folder: Path, *, rows: int, days: float, with_outputs: bool) -> Path:
    """A reference with a time column `at`."""
    path = folder / "timed.npz"
    at = np.sort(np.random.default_rng(1).uniform(0.0, days * DAY_S, rows)) + 1_767_225_600.0
    columns: dict[str, Any] = {"X": w1_rows(rows).astype(np.float32), "at": at}
    if with_outputs:
        score = np.random.default_rng(2).uniform(size=rows).astype(np.float32)
        columns["label"] = (score > 0.5).astype(np.int64)
        columns["probabilities"] = np.stack([1 - score, score], axis=1)
    np.savez(path, **columns)
    return path


def output(done: Any) -> str:
    if done.exception is not None:
        raise done.exception
    found: str = done.output
    return found


def test_it_prints_the_profile_and_the_backtest_and_stores_nothing(
    store: Store, invoke: Invoke, tmp_path: Path
) -> None:
    path = timed(tmp_path, rows=24_000, days=3, with_outputs=False)
    words = ("profile", "fraud", 1, "--reference", path, "--time-column", "at", "--backtest")
    options = ("--store", store.uri, "--delta", 0.2, "--false-alarms", "1 per week")
    lines = output(invoke(*words, *options)).splitlines()
    assert lines[0] == "fraud version 1: a backtest; nothing was stored"
    assert lines[1].startswith("  profile 0: 30 features (30 numeric) and 3 outputs; 24,000 rows")
    assert "  outputs: the model, run over the reference" in lines
    text = "\n".join(lines)
    assert "asked      delta 0.2, one false alarm in 7 days" in text
    assert "all hours" in text
    assert "a change in one feature is an alarm after" in text
    assert profile_numbers(store, "fraud", 1) == []


def test_a_program_reads_both(store: Store, invoke: Invoke, tmp_path: Path) -> None:
    path = timed(tmp_path, rows=24_000, days=3, with_outputs=True)
    words = ("profile", "fraud", 1, "--reference", path, "--time-column", "at", "--backtest")
    found = json.loads(output(invoke(*words, "--store", store.uri, "--json")))
    assert set(found) == {"profile", "backtest"}
    assert found["profile"]["rows"] == found["backtest"]["rows"] == 24_000
    assert len(found["profile"]["source"]["sha256"]) == 64
    assert found["backtest"]["by_all"]["alarms"] == []
    assert profile_numbers(store, "fraud", 1) == []


def test_too_little_is_refused_and_stores_nothing(
    store: Store, invoke: Invoke, tmp_path: Path
) -> None:
    path = timed(tmp_path, rows=400, days=2, with_outputs=True)
    words = ("profile", "fraud", 1, "--reference", path, "--time-column", "at", "--backtest")
    done = invoke(*words, "--store", store.uri)
    assert done.output.startswith("fraud version 1: a backtest; nothing was stored\n")
    with pytest.raises(ReferenceRefused, match="at least 3 days are needed"):
        output(done)
    assert profile_numbers(store, "fraud", 1) == []


def test_options_that_do_not_go_together(store: Store, invoke: Invoke, tmp_path: Path) -> None:
    path = timed(tmp_path, rows=400, days=2, with_outputs=True)
    words = ("profile", "fraud", 1, "--reference", path)
    cases = [
        (("--backtest",), "--backtest needs --time-column NAME"),
        (("--backtest", "--time-column", "at", "--admin", "box:1"), "asks no gateway"),
        (("--false-alarms", "1 per day"), "--false-alarms needs --backtest"),
    ]
    for more, sentence in cases:
        done = invoke(*words, *more)
        assert isinstance(done.exception, click.UsageError)
        assert sentence in str(done.exception.format_message())
    told = ("--backtest", "--time-column", "at", "--false-alarms", "often", "--store", store.uri)
    with pytest.raises(ConfigError, match="not 'often'"):
        output(invoke(*words, *told))
    assert profile_numbers(store, "fraud", 1) == []
