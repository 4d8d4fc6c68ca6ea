from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import servers, store_models
from bench.corpus import open_session
from bench.models import workload
from bench.variants import variant
from tiltyard.store import open_store


def test_the_large_model_is_as_large_as_was_asked_and_runs() -> None:
    file = store_models.large_model(8)
    assert 0.9 * 8e6 < file.stat().st_size < 1.1 * 8e6
    rows = np.ones((3, store_models.FEATURES), np.float32)
    (answer,) = open_session(file).run(None, {"x": rows})
    assert answer.shape == (3, 8)
    assert np.isfinite(answer).all()


def test_many_models_are_in_the_store_as_if_each_had_been_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "BUILD", tmp_path)
    work = workload("W1")
    folder = store_models.make_many([work, variant(work, 2)], 3)
    store = open_store(str(folder))
    assert {name: list(numbers) for name, numbers in store.models().items()} == {
        "m000": [1, 2],
        "m001": [1, 2],
        "m002": [1, 2],
    }
    read = store.read_manifest("m002", 2)
    assert read is not None
    assert (read.model, read.version) == ("m002", 2)


def test_a_workload_can_be_another_model() -> None:
    work = store_models.as_model(workload("W1"), "m007")
    assert work.model_name == "m007"
    assert replace(work, name="W1") == workload("W1")
