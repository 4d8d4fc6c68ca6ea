from pathlib import Path

import pytest

from tests import models
from tiltyard.errors import PublishRefused
from tiltyard.store import Store
from tiltyard.store.publish import publish_model


def _place(store: Store, name: str, version: int, data: bytes) -> None:
    store.objects.put(f"{name}/{version}/model.onnx", data)


@pytest.fixture(params=["store", "remote"])
def any_store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


def test_a_triton_repository_is_served_as_it_is(any_store: Store) -> None:
    _place(any_store, "w1", 1, models.w1())
    any_store.objects.put("w1/config.pbtxt", b'platform: "onnxruntime_onnx"')
    assert any_store.models() == {"w1": [1]}
    assert any_store.read_manifest("w1", 1) is None
    files = any_store.read_version("w1", 1)
    assert models.w1() == files.model
    assert files.manifest.description.rowwise.proved
    assert [(kind, shape) for kind, shape, _ in files.samples] == [("FP32", (16, 30))]
    assert files.notices == (
        "w1 version 1 has no manifest: examined and served as it is",
        "w1/config.pbtxt is ignored",
    )


def test_the_digest_depends_on_the_bytes_alone(any_store: Store) -> None:
    _place(any_store, "a", 1, models.w1())
    _place(any_store, "a", 2, models.w1())
    _place(any_store, "a", 3, models.mlp())
    digests = [any_store.read_version("a", version).digest for version in (1, 2, 3)]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_zipmap_is_removed_in_memory(store: Store) -> None:
    _place(store, "w1", 1, models.w1_zipmap())
    files = store.read_version("w1", 1)
    assert models.w1_zipmap() == store.read_file("w1", 1, "model.onnx")
    assert (
        files.manifest.description.outputs[1].datatype,
        files.manifest.description.outputs[1].dims,
    ) == ("FP32", (-1, 2))
    assert files.notices[-1].startswith("removed ZipMap node 'ZipMap'")


def test_external_data_are_read(store: Store) -> None:
    assert store.root is not None
    models.external_data(store.root / "m" / "1")
    files = store.read_version("m", 1)
    assert {"weights.bin"} == files.external.keys()


def test_harmful_models_are_refused_here_too(store: Store) -> None:
    _place(store, "bad", 1, models.crash_at_load())
    with pytest.raises(PublishRefused, match="crashed at load"):
        store.read_version("bad", 1)


def test_published_and_plain_versions_mix(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(models.identity())
    publish_model(store, "m", tmp_path / "m.onnx")
    _place(store, "m", 7, models.identity())
    assert store.models() == {"m": [1, 7]}
    assert store.read_version("m", 1).notices == ()
    assert store.read_version("m", 7).notices != ()
