from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.corpus import answers, open_session
from bench.models import Workload, workload
from bench.variants import variant
from tests.models import identity


def outputs_of(work: Workload) -> list[dict[str, np.ndarray]]:
    return list(answers(open_session(work.model_file), work.rows))


def test_the_first_version_is_the_workload_itself() -> None:
    work = workload("W1")
    assert variant(work, 1) is work


@pytest.mark.parametrize("number", [2, 3])
def test_versions_answer_in_their_own_way(number: int) -> None:
    work = workload("W1")
    other = variant(work, number)
    assert other.model_name == work.model_name
    pairs = zip(outputs_of(work), outputs_of(other), strict=True)
    differing = sum((a["probabilities"] != b["probabilities"]).any() for a, b in pairs)
    assert differing > 0.9 * len(work.rows)  # the others are certain to the last bit


def test_what_cannot_be_scaled_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "identity.onnx"
    file.write_bytes(identity())
    with pytest.raises(ValueError, match="expected a LinearClassifier or a Softmax"):
        variant(replace(workload("W1"), model_file=file), 2)
