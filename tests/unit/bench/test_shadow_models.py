from pathlib import Path

import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from bench import shadow_models
from bench.corpus import open_session
from bench.models import workload

MADE_UP = np.random.default_rng(20).standard_normal((1, 30)).astype(np.float32)


def run(file: Path, rows: np.ndarray) -> dict[str, np.ndarray]:
    session = open_session(file)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"X": rows}), strict=True))


@pytest.mark.parametrize("make", [shadow_models.failing, shadow_models.not_a_number])
def test_made_up_rows_run_well_so_that_it_can_be_published(make: object) -> None:
    assert callable(make)
    found = run(make(), MADE_UP)
    assert found["label"].shape == (1,)
    assert np.isfinite(found["probabilities"]).all()


def test_real_rows_fail() -> None:
    with pytest.raises(InvalidArgument, match="out of data bounds"):
        run(shadow_models.failing(), workload("W1").rows[:1])


def test_real_rows_give_nan() -> None:
    found = run(shadow_models.not_a_number(), workload("W1").rows)
    assert np.isnan(found["probabilities"]).all()


def test_a_huge_answer() -> None:
    found = run(shadow_models.huge(), workload("W1").rows[:1])
    assert found["probabilities"].nbytes == shadow_models.HUGE_BYTES


def test_the_slow_one_gives_probabilities() -> None:
    found = run(shadow_models.slow(), workload("W1").rows[:1])
    assert found["probabilities"].sum() == pytest.approx(1.0)
