"""What operators see of a version: what was published, its slots, and what loading found."""

from pathlib import Path

import pytest

from tests import models
from tests.unit.control.conftest import World
from tests.unit.control.fakes import FakeVersion
from tiltyard.control.version_views import model_view, version_view
from tiltyard.loading import LoadReport
from tiltyard.registry import Challenger, ModelState
from tiltyard.store.publish import publish_model

STATE = ModelState(
    "m",
    4,
    1,
    previous=2,
    challengers=(Challenger(2, "shadow"), Challenger(3, "canary", 1, 0, ((0, 1),))),
    unloaded=frozenset([4]),
    versions=frozenset([1, 2, 3, 4]),
)


def report(*versions: FakeVersion) -> LoadReport:
    return LoadReport(list(versions), [("m", 3, "its bytes are odd")])  # type: ignore[arg-type]  # fakes


@pytest.fixture
def stored(empty: World, tmp_path: Path) -> World:
    (tmp_path / "upload").mkdir()
    path = tmp_path / "upload" / "model.onnx"
    path.write_bytes(models.identity())
    publish_model(empty.store, "m", path)
    return empty


def test_a_version_that_is_loaded(stored: World) -> None:
    found = FakeVersion("m", 1, batch_rows_max=64, bitwise=False, error_max=1e-6)
    view = version_view(stored.store, STATE, 1, report(found))
    manifest = stored.store.read_manifest("m", 1)
    assert manifest is not None
    assert (view.model, view.version, view.state, view.reason) == ("m", 1, "ready", "")
    assert (view.digest, view.created) == (manifest.digest, manifest.created)
    assert view.size_bytes > len(models.identity())
    assert (view.batchable, view.batch_rows_max) == (True, 64)
    assert (view.bitwise, view.error_max, view.batch_reason) == (False, 1e-6, "")


def test_a_version_that_is_not(stored: World) -> None:
    view = version_view(stored.store, STATE, 1, report())
    assert (view.state, view.batchable, view.bitwise, view.error_max) == (
        "stored",
        None,
        None,
        None,
    )


def test_without_a_manifest_or_files_the_state_says_what_is_wrong(empty: World) -> None:
    empty.put("m", 3)
    view = version_view(empty.store, STATE, 3, report())
    assert (view.state, view.reason, view.digest) == ("failed", "its bytes are odd", "")
    view = version_view(empty.store, STATE, 4, report())
    assert (view.state, view.digest, view.size_bytes, view.created) == ("stored", "", 0, "")
    (empty.root / "m" / "3" / "manifest.json").write_text("no manifest")
    assert version_view(empty.store, STATE, 3, report()).digest == ""


def test_slots_and_what_is_wanted(empty: World) -> None:
    view = model_view(empty.store, STATE, report())
    assert (view.model, view.epoch, view.champion, view.previous) == ("m", 4, 1, 2)
    assert view.challengers == (2, 3)
    assert [one.version for one in view.versions] == [1, 2, 3, 4]
    assert [one.roles for one in view.versions] == [
        ("champion",),
        ("previous", "shadow"),
        ("canary",),
        (),
    ]
    assert [one.wanted for one in view.versions] == [True, True, True, False]
