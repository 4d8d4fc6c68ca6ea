import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import models
from tiltyard.cli.inspect import inspect
from tiltyard.errors import NotFoundError
from tiltyard.store import Store, open_store
from tiltyard.store.publish import publish_model


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("inspect")
    store = open_store(str(folder / "store"), create=True)
    (folder / "m.onnx").write_bytes(models.w1_zipmap())
    publish_model(store, "fraud", folder / "m.onnx", version=1, batchable=True)
    (folder / "m.onnx").write_bytes(models.embedding())
    publish_model(store, "fraud", folder / "m.onnx", version=2)
    store.objects.put("plain/1/model.onnx", models.identity())
    return store


def _run(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(inspect, [*arguments, "--store", store.uri], env={"COLUMNS": "200"})
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_person_reads_the_manifest(store: Store) -> None:
    manifest = store.read_manifest("fraud", 1)
    assert manifest is not None
    shown = _run(store, "fraud", "1")
    for text in (
        "fraud version 1",
        manifest.digest,
        "X: FP32 [?, 30]",
        "output_probability: FP32 [?, 2], columns 0, 1",
        "proved: every output carries the rows on axis 0",
        "claimed by the publisher",
        "removed ZipMap node 'ZipMap'",
        manifest.files["model.onnx"].sha256,
        manifest.files["golden.npz"].sha256,
    ):
        assert text in shown


def test_the_newest_version_is_the_default(store: Store) -> None:
    assert "fraud version 2" in _run(store, "fraud")


def test_a_program_reads_the_whole_manifest(store: Store) -> None:
    found = json.loads(_run(store, "fraud", "2", "--json"))
    assert found["inputs"] == [{"name": "index", "datatype": "INT64", "shape": ["N"]}]
    assert {"golden.npz", "model.onnx"} == found["files"].keys()
    assert found["rowwise"]["proved"]


def test_a_version_without_manifest_is_examined(store: Store) -> None:
    found = json.loads(_run(store, "plain", "--json"))
    assert found["inputs"] == [{"name": "x", "datatype": "FP32", "shape": ["N", 4]}]


def test_what_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no model 'none'"):
        _run(store, "none")
    with pytest.raises(NotFoundError, match="fraud has no version 9"):
        _run(store, "fraud", "9")


def test_markup_in_names_is_not_interpreted(tmp_path: Path) -> None:
    proto = models.identity().replace(b"tiltyard-tests", b"[red]is[/red]x")
    (tmp_path / "m.onnx").write_bytes(proto)
    store = open_store(str(tmp_path / "store"), create=True)
    publish_model(store, "m", tmp_path / "m.onnx")
    assert "[red]is[/red]x" in _run(store, "m")
