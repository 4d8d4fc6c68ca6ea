"""The child's part by itself; test_reference_run.py runs it where it belongs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import models
from tests.models.build import model, node, serialised, tensor
from tiltyard.errors import PublishRefused
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store import golden, samples
from tiltyard.store.golden import Golden
from tiltyard.store.manifest import TensorSpec
from tiltyard.store.row_run import run_rows


def run(
    tmp_path: Path, data: bytes, signature: Signature, given: Any, step: int
) -> tuple[Any, list[tuple[str, int]]]:
    """The first output, and the stages that began."""
    (tmp_path / "m.onnx").write_bytes(data)
    tensors = (samples.to_tensor(given, signature.inputs[0].datatype),)
    (tmp_path / "rows.npz").write_bytes(golden.encode(Golden(tensors, ())))
    stages: list[tuple[str, int]] = []
    out = tmp_path / "out.npz"
    found = run_rows(
        tmp_path / "m.onnx",
        signature,
        tmp_path / "rows.npz",
        out,
        step,
        lambda stage, size: stages.append((stage, size)),
    )
    assert found == {"rows": len(given)}
    outputs = golden.decode(out.read_bytes(), (), signature.by_row().outputs, "out").outputs
    return samples.from_tensor(outputs[0]), stages


@pytest.mark.parametrize("step", [1, 3, 100])
def test_rows_are_run_in_steps(tmp_path: Path, step: int) -> None:
    signature = Signature(
        (TensorSpec("x", "FP32", ("N", 4)),), (TensorSpec("y", "FP32", ("N", 4)),)
    )
    given = np.arange(28, dtype=np.float32).reshape(7, 4)
    found, stages = run(tmp_path, models.identity(), signature, given, step)
    assert found.shape == (7, 4)
    assert [stage for stage, _ in stages] == ["load", "run"]
    assert stages[0][1] >= len(models.identity()) + given.nbytes  # what the limit is made for


def test_outputs_whose_rows_differ_in_shape_are_refused(tmp_path: Path) -> None:
    data = serialised(
        model(
            [node("NonZero", "x", "places"), node("Transpose", "places", "y", perm=[1, 0])],
            [tensor("x", ["N"])],
            [tensor("y", [None, 1], 7)],
        )
    )
    signature = Signature(
        (TensorSpec("x", "FP32", ("N",)),), (TensorSpec("y", "INT64", (None, 1)),)
    )
    with pytest.raises(PublishRefused, match=r"output 'y': expected 1 rows .*, got shape \[0, 1\]"):
        run(tmp_path, data, signature, np.array([1, 0, 1], np.float32), 1)
    whole = Signature(signature.inputs, (TensorSpec("y", "INT64", (7, 1)),))
    with pytest.raises(PublishRefused, match=r"'y': expected rows of one shape, got \[0, 1\] and"):
        run(tmp_path, data, whole, np.array([1, 0, 1], np.float32), 1)
