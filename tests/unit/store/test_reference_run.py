"""The model over a reference, in the child: the same outputs, and nothing that a model can do."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from tests import models
from tests.models.build import model, node, serialised, tensor
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.signature import Signature, numpy_type, row_shape
from tiltyard.store.manifest import TensorSpec
from tiltyard.store.reference_run import BATCH_ROWS, RunLimits, run_reference

W1 = Signature(
    (TensorSpec("X", "FP32", (None, 30)),),
    (TensorSpec("label", "INT64", (None,)), TensorSpec("probabilities", "FP32", (None, 2))),
)


def rows(count: int, *row: int) -> Any:
    return np.random.default_rng(0).normal(size=(count, *row)).astype(np.float32)


def run(
    tmp_path: Path, data: bytes, signature: Signature, inputs: dict[str, Any], **options: Any
) -> dict[str, Any]:
    (tmp_path / "m.onnx").write_bytes(data)
    options.setdefault("is_batchable", False)
    return run_reference(tmp_path / "m.onnx", signature, inputs, **options)


@pytest.mark.parametrize("is_batchable", [True, False])
def test_outputs_are_those_of_the_model(tmp_path: Path, is_batchable: bool) -> None:
    given = rows(2 * BATCH_ROWS + 3, 30)
    found = run(tmp_path, models.w1(), W1, {"X": given}, is_batchable=is_batchable)
    labels, probabilities = ort.InferenceSession(models.w1()).run(None, {"X": given})
    assert found["label"].tolist() == labels.tolist()
    np.testing.assert_allclose(found["probabilities"], probabilities, atol=1e-6)


def test_a_zipmap_is_removed_as_it_is_for_serving(tmp_path: Path) -> None:
    outputs = (
        TensorSpec("output_label", "INT64", (None,)),
        TensorSpec("output_probability", "FP32", (None, 2)),
    )
    found = run(tmp_path, models.w1_zipmap(), Signature(W1.inputs, outputs), {"X": rows(5, 30)})
    assert found["output_probability"].shape == (5, 2)


def test_rows_that_depend_on_each_other_are_run_alone(tmp_path: Path) -> None:
    """In one batch each would be told the mean of all."""
    signature = Signature(
        (TensorSpec("x", "FP32", ("N", 4)),), (TensorSpec("y", "FP32", ("N", 4)),)
    )
    session = ort.InferenceSession(models.COUPLERS["mean_over_rows"]())
    given = rows(6, 4)
    alone = [session.run(None, {"x": given[i : i + 1]})[0][0] for i in range(6)]
    found = run(tmp_path, models.COUPLERS["mean_over_rows"](), signature, {"x": given})
    assert found["y"].tolist() == np.stack(alone).tolist()


def test_strings_are_the_strings(tmp_path: Path) -> None:
    """ONNX Runtime's Python interface takes bytes for their Python literal."""
    outputs = (TensorSpec("y", "BYTES", ("N", 2)), TensorSpec("is_yes", "BOOL", ("N", 2)))
    signature = Signature((TensorSpec("x", "BYTES", ("N", 2)),), outputs)
    given = np.array([[b"yes", b""], ["é".encode(), b"a\0b"]], object)
    found = run(tmp_path, models.strings(), signature, {"x": given})
    assert found["y"].tolist() == given.tolist()
    assert found["is_yes"].tolist() == [[True, False], [False, False]]
    with pytest.raises(ReferenceRefused, match=r"if they are UTF-8, got b'\\xff'"):
        run(tmp_path, models.strings(), signature, {"x": np.array([[b"\xff", b""]], object)})


def test_a_model_of_one_row_a_request(tmp_path: Path) -> None:
    data = serialised(
        model(
            [node("ReduceSum", "x", "total", keepdims=0), node("Add", "total bias", "y")],
            [tensor("x", [3]), tensor("bias", [])],
            [tensor("y", [])],
        )
    )
    signature = Signature(
        (TensorSpec("x", "FP32", (3,)), TensorSpec("bias", "FP32", ())),
        (TensorSpec("y", "FP32", ()),),
    )
    given, bias = rows(4, 3), rows(4)
    found = run(tmp_path, data, signature, {"x": given, "bias": bias}, is_batchable=True)
    np.testing.assert_allclose(found["y"], given.sum(axis=1) + bias, rtol=1e-6)


def test_external_data_is_read_beside_the_model(tmp_path: Path) -> None:
    path = models.external_data(tmp_path)
    session = ort.InferenceSession(str(path))
    (given,) = session.get_inputs()
    (result,) = session.get_outputs()
    width = given.shape[1]
    signature = Signature(
        (TensorSpec(given.name, "FP32", (None, width)),),
        (TensorSpec(result.name, "FP32", (None, *result.shape[1:])),),
    )
    found = run_reference(path, signature, {given.name: rows(3, width)}, is_batchable=False)
    expected = session.run(None, {given.name: rows(3, width)})[0]
    np.testing.assert_allclose(found[result.name], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "limits", "sentence"),
    [
        (models.hang_at_run, RunLimits(2.5), "hung at run: not done after the limit of 2.5 s"),
        (models.crash_at_run, RunLimits(), "crashed at run: SIGFPE"),
        (models.memory_at_run, RunLimits(memory_mb=900), "ran out of memory at run: the limit is"),
    ],
)
def test_harmful_models_end_with_a_sentence(
    tmp_path: Path, data: Any, limits: RunLimits, sentence: str
) -> None:
    with pytest.raises(
        ReferenceRefused, match=rf"the 2 rows of the reference .*{sentence}.*; give"
    ):
        run(tmp_path, data(), _signature(data()), _rows(data()), limits=limits)


def _signature(data: bytes) -> Signature:
    graph = onnx.load_from_string(data).graph
    return Signature(
        tuple(_spec(info) for info in graph.input), tuple(_spec(info) for info in graph.output)
    )


def _spec(info: Any) -> TensorSpec:
    kind = info.type.tensor_type
    names = {TensorProto.FLOAT: "FP32", TensorProto.INT64: "INT64", TensorProto.INT32: "INT32"}
    shape = tuple(dim.dim_value or None for dim in kind.shape.dim)
    return TensorSpec(info.name, names[kind.elem_type], shape)


def _rows(data: bytes) -> dict[str, Any]:
    return {
        spec.name: np.zeros((2, *(dim or 1 for dim in row_shape(spec))), numpy_type(spec.datatype))
        for spec in _signature(data).by_row().inputs
    }
