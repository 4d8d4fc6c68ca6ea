"""Examining in this process, without the limits that the sandbox puts around it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from tests import models
from tests.models.build import model, node, serialised, tensor
from tiltyard.errors import PublishRefused
from tiltyard.store import golden
from tiltyard.store.examine import examine
from tiltyard.store.manifest import description_from_dict, file_entry

Stages = list[tuple[str, int]]


def run(
    folder: Path, data: bytes | Path, samples: Path | None = None
) -> tuple[dict[str, Any], Stages]:
    path = data if isinstance(data, Path) else folder / "m.onnx"
    if isinstance(data, bytes):
        path.write_bytes(data)
    (folder / "out").mkdir()
    stages: Stages = []
    found = examine(path, samples, folder / "out", lambda *stage: stages.append(stage))
    return found, stages


def test_the_stages_come_in_order_with_the_size_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    path = models.external_data(tmp_path / "model", "w/weights.bin")
    found, stages = run(tmp_path, path)
    weights = (tmp_path / "model" / "w" / "weights.bin").read_bytes()
    size = path.stat().st_size + len(weights)
    assert stages == [("check", size), ("load", size), ("run", size)]
    assert found["files"]["w/weights.bin"]["sha256"] == file_entry(weights).sha256
    assert sorted(found["files"]) == ["model.onnx", "w/weights.bin"]


def test_what_is_found_describes_the_model(tmp_path: Path) -> None:
    found, _ = run(tmp_path, models.w1())
    description = description_from_dict(found)
    assert [(s.name, s.datatype, s.shape) for s in description.inputs] == [
        ("X", "FP32", (None, 30))
    ]
    assert [(s.name, s.datatype) for s in description.outputs] == [
        ("label", "INT64"),
        ("probabilities", "FP32"),
    ]
    assert description.opset["ai.onnx.ml"] >= 1
    assert description.producer.startswith("skl2onnx ")
    assert description.golden.source == "random"
    assert description.changes == ()
    assert not (tmp_path / "out" / "model.onnx").exists()  # it is served as it came


def test_the_golden_samples_are_what_the_model_gives(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.savez(tmp_path / "rows.npz", a=rows, b=rows * 2)
    found, _ = run(tmp_path, models.two_in_two_out(), tmp_path / "rows.npz")
    description = description_from_dict(found)
    kept = golden.decode(
        (tmp_path / "out" / "golden.npz").read_bytes(),
        description.inputs,
        description.outputs,
        "golden.npz",
    )
    assert description.golden.source == "given"
    assert description.golden.outputs_sha256 == golden.outputs_digest(kept.outputs)
    assert [np.frombuffer(t.raw, np.float32).tolist() for t in kept.outputs] == [
        (rows * 3).ravel().tolist(),
        (-rows).ravel().tolist(),
    ]


def test_a_changed_model_is_written_out(tmp_path: Path) -> None:
    found, _ = run(tmp_path, models.w1_zipmap())
    served = (tmp_path / "out" / "model.onnx").read_bytes()
    assert b"ZipMap" in models.w1_zipmap()
    assert b"ZipMap" not in served
    assert found["class_labels"] == {"output_probability": (0, 1)}
    # What was read, not what will be served: the parent checks that it is still that.
    assert found["files"]["model.onnx"]["sha256"] == file_entry(models.w1_zipmap()).sha256


def test_an_output_without_a_declared_shape_has_the_rank_that_came_out(tmp_path: Path) -> None:
    data = serialised(
        model(
            [node("Reshape", "x shape", "y")],
            [tensor("x", ["N", 4]), tensor("shape", [3], TensorProto.INT64)],
            [tensor("y", None)],
        )
    )
    np.savez(tmp_path / "in.npz", x=np.zeros((2, 4), np.float32), shape=np.array([2, 2, 2]))
    found, _ = run(tmp_path, data, tmp_path / "in.npz")
    assert found["outputs"][0]["shape"] == (None, None, None)


def test_an_index_that_only_real_rows_have_needs_samples(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="give real rows with --samples"):
        run(tmp_path, models.zero_free())


def test_what_the_runtime_refuses_is_in_its_words(tmp_path: Path) -> None:
    data = serialised(
        model([node("Gather", "x far", "y")], [tensor("x", [2])], [tensor("y", None)], {"far": 7})
    )
    with pytest.raises(
        PublishRefused, match=r"ONNX Runtime fails to run it: .* out of data bounds, idx=7"
    ):
        run(tmp_path, data)
