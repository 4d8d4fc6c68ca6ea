import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from tests import models
from tests.models.build import model, node, serialised, tensor
from tiltyard import __version__
from tiltyard.errors import AlreadyExistsError, ConfigError, PublishRefused
from tiltyard.store import Manifest, Store
from tiltyard.store.manifest import Description
from tiltyard.store.publish import publish_model


def _publish(store: Store, tmp_path: Path, data: bytes, samples: Path | None = None) -> Manifest:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    return publish_model(store, "m", path, samples=samples)


def test_the_manifest_says_what_was_published(store: Store, tmp_path: Path) -> None:
    found = _publish(store, tmp_path, models.w1())
    description = found.description
    assert (found.model, found.version, found.batchable_claimed) == ("m", 1, False)
    assert [(spec.name, spec.datatype, spec.shape) for spec in description.inputs] == [
        ("X", "FP32", (None, 30))
    ]
    assert [(spec.name, spec.datatype, spec.dims) for spec in description.outputs] == [
        ("label", "INT64", (-1,)),
        ("probabilities", "FP32", (-1, 2)),
    ]
    assert description.producer.startswith("skl2onnx")
    assert {"ai.onnx", "ai.onnx.ml"} == description.opset.keys()
    assert description.rowwise.proved
    assert description.changes == ()
    assert (__version__, onnx.__version__, ort.__version__) == tuple(
        description.runtime[name] for name in ("tiltyard", "onnx", "onnxruntime")
    )
    assert found == store.read_manifest("m", 1)


def test_golden_outputs_are_what_the_model_gives(store: Store, tmp_path: Path) -> None:
    _publish(store, tmp_path, models.w1())
    files = store.read_version("m", 1)
    (sample,) = files.golden.inputs
    rows = np.frombuffer(sample.raw, np.float32).reshape(sample.shape)
    labels, probabilities = ort.InferenceSession(files.model).run(None, {"X": rows})
    assert labels.tobytes() == files.golden.outputs[0].raw
    assert probabilities.tobytes() == files.golden.outputs[1].raw


def test_zipmap_is_removed_and_the_manifest_says_so(store: Store, tmp_path: Path) -> None:
    found = _publish(store, tmp_path, models.w1_zipmap())
    (change,) = found.description.changes
    assert change.startswith("removed ZipMap node 'ZipMap'")
    assert found.description.class_labels == {"output_probability": (0, 1)}
    files = store.read_version("m", 1)
    plain = ort.InferenceSession(models.w1())
    served = ort.InferenceSession(files.model)
    rows, _ = models.breast_cancer()
    expected = plain.run(["probabilities"], {"X": rows})[0]
    assert expected.tobytes() == served.run(["output_probability"], {"X": rows})[0].tobytes()


def test_external_data_are_stored_with_the_model(store: Store, tmp_path: Path) -> None:
    path = models.external_data(tmp_path / "source", "parts/weights.bin")
    found = publish_model(store, "m", path)
    assert {"model.onnx", "golden.npz", "parts/weights.bin"} == found.files.keys()
    files = store.read_version("m", 1)
    weights = (tmp_path / "source" / "parts" / "weights.bin").read_bytes()
    assert {"parts/weights.bin": weights} == files.external


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16])
def test_every_datatype_can_be_published(store: Store, tmp_path: Path, kind: int) -> None:
    found = _publish(store, tmp_path, models.identity(kind))
    files = store.read_version("m", 1)
    assert files.golden.inputs == files.golden.outputs
    assert found.description.inputs[0].datatype == files.golden.inputs[0].datatype


def test_a_scalar_can_be_published(store: Store, tmp_path: Path) -> None:
    found = _publish(store, tmp_path, models.scalar())
    assert (found.description.inputs[0].shape, found.description.outputs[0].shape) == ((), ())
    assert not found.description.rowwise.proved


def test_an_output_without_a_declared_shape_gets_its_rank(store: Store, tmp_path: Path) -> None:
    data = serialised(model([node("Relu", "x", "y")], [tensor("x", ["N", 3])], [tensor("y", None)]))
    assert _publish(store, tmp_path, data).description.outputs[0].shape == ("N", 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (models.custom_operator(), "Score node 'y' is a custom operator of domain 'com.example'"),
        (models.sequence_output(), "is a sequence made by SplitToSequence node 'parts'"),
        (models.map_output(), "ZipMap node 'maps' feeds Identity node 'again'"),
        (b"not a model", "not an ONNX file"),
        (b"", "not an ONNX file"),
        (
            serialised(model([node("Relu", "x", "y")], [tensor("x", None)], [tensor("y", None)])),
            "input 'x' has no declared rank",
        ),
        (
            serialised(model([node("Nope", "x", "y")], [tensor("x", [1])], [tensor("y", [1])])),
            "Nope",
        ),
        (
            serialised(
                model([node("Relu", "x", "y")], [tensor("x", ["N", 3])], [tensor("y", ["N", 4])])
            ),
            "the ONNX checker refuses it",
        ),
    ],
    ids=["custom", "sequence", "map", "text", "empty", "no rank", "unknown", "contradiction"],
)
def test_what_cannot_be_served_is_refused(
    store: Store, tmp_path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(PublishRefused, match=reason):
        _publish(store, tmp_path, data)
    assert store.root is not None
    assert list(store.root.iterdir()) == []


def test_inputs_that_take_nothing_random_need_samples(store: Store, tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="give real rows with --samples"):
        _publish(store, tmp_path, models.zero_free())
    samples = tmp_path / "samples.json"
    samples.write_text(json.dumps({"x": [-50, -45, -41]}))
    found = _publish(store, tmp_path, models.zero_free(), samples)
    assert found.description.golden.source == "given"
    (outputs,) = store.read_version("m", found.version).golden.outputs
    assert np.frombuffer(outputs.raw, np.float32).tolist() == [0.0, 5.0, 9.0]


def test_a_version_is_published_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(models.identity())
    assert publish_model(store, "m", path, version=4).version == 4
    with pytest.raises(AlreadyExistsError, match="m version 4 exists"):
        publish_model(store, "m", path, version=4)
    assert publish_model(store, "m", path).version == 5


def test_unusable_names_are_refused_first(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model name '\.\./m' is not usable"):
        publish_model(store, "../m", tmp_path / "none.onnx")
    with pytest.raises(ConfigError, match="version 0 is not usable"):
        publish_model(store, "m", tmp_path / "none.onnx", version=0)


def test_a_remote_store_takes_the_same_versions(remote: Store, tmp_path: Path) -> None:
    path = models.external_data(tmp_path)
    found = publish_model(remote, "m", path, batchable=True)
    assert found.batchable_claimed
    files = remote.read_version("m", 1)
    assert found == files.manifest
    assert path.read_bytes() == files.model


def test_what_is_asked_before_storing_can_refuse(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(models.w1())
    asked: list[Description] = []

    def refuse(description: Description) -> None:
        asked.append(description)
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        publish_model(store, "m", tmp_path / "m.onnx", before=refuse)
    assert store.models() == {}
    found = publish_model(store, "m", tmp_path / "m.onnx", before=asked.append)
    assert asked == [found.description, found.description]
