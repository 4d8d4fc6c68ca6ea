"""The store over real HTTP to an S3 endpoint: an address and credentials are all it takes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import models
from tests.unit.store.s3_server import serve_s3
from tiltyard.errors import AlreadyExistsError, IntegrityError, NotFoundError, StoreError
from tiltyard.monitor.profile.build import build_profile
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store import open_store
from tiltyard.store.profiles import add_profile, read_profile
from tiltyard.store.publish import publish_model

URI = "s3://bucket/models"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of a bucket that the environment leads to."""
    with serve_s3() as (address, objects):
        for name, value in {
            "AWS_ENDPOINT": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "here",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():
            monkeypatch.setenv(name, value)
        yield objects


def test_a_model_is_published_listed_and_read(bucket: dict[str, bytes], tmp_path: Path) -> None:
    path = models.external_data(tmp_path)
    store = open_store(URI)
    assert store.models() == {}
    found = publish_model(store, "m", path)
    assert {
        f"models/m/1/{name}"
        for name in ("golden.npz", "manifest.json", "model.onnx", "weights.bin")
    } == bucket.keys()
    assert store.models() == {"m": [1]}
    files = store.read_version("m", 1)
    assert found == files.manifest
    assert path.read_bytes() == files.model


def test_the_second_publisher_of_a_version_is_refused(
    bucket: dict[str, bytes], tmp_path: Path
) -> None:
    path = models.external_data(tmp_path)
    store = open_store(URI)
    publish_model(store, "m", path, version=2)
    before = dict(bucket)
    with pytest.raises(AlreadyExistsError):
        publish_model(store, "m", path, version=2)
    assert before == bucket
    assert publish_model(store, "m", path).version == 3


def test_a_changed_object_is_found(bucket: dict[str, bytes], tmp_path: Path) -> None:
    store = open_store(URI)
    publish_model(store, "m", models.external_data(tmp_path))
    bucket["models/m/1/weights.bin"] = bytes(64 * 64 * 4)
    with pytest.raises(IntegrityError, match=r"weights\.bin changed: expected sha256"):
        store.read_version("m", 1)


def test_a_bucket_without_models_is_empty(bucket: dict[str, bytes]) -> None:
    bucket["other/m/1/model.onnx"] = b"beside the prefix"
    store = open_store(URI)
    assert store.models() == {}
    with pytest.raises(NotFoundError, match="no model 'm'; models: none"):
        store.read_version("m", 1)


def test_an_endpoint_that_is_not_there_is_said(
    bucket: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket == {}
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match=r"cannot read the store in s3://bucket/models"):
        open_store(URI).models()


def test_profiles_are_kept_beside_a_version(bucket: dict[str, bytes], tmp_path: Path) -> None:
    store = open_store(URI)
    publish_model(store, "m", models.external_data(tmp_path))
    manifest = store.read_manifest("m", 1)
    assert manifest is not None
    (spec,) = manifest.description.inputs
    rows = np.random.default_rng(0).normal(size=(50, int(spec.shape[1] or 0)))
    reference = Reference({spec.name: rows.astype(np.float32)})
    profile = build_profile(reference, Signature.of(manifest.description), model="m", version=1)
    digests = [add_profile(store, replace(profile, created=str(n))).digest for n in range(2)]
    assert {"models/m/1/profiles/1.npz", "models/m/1/profiles/2.npz"} <= bucket.keys()
    assert read_profile(store, "m", 1).digest == digests[1]
    assert store.read_version("m", 1).manifest == manifest
