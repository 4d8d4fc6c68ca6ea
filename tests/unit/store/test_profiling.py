from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import models
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.monitor.profile.reference import Reference
from tiltyard.monitor.profile.signature import Signature
from tiltyard.store import Store
from tiltyard.store.manifest import TensorSpec
from tiltyard.store.profiling import draft_profile, profile_version
from tiltyard.store.publish import publish_model
from tiltyard.store.reference_run import RunLimits

TWO = Signature(
    (TensorSpec("x", "FP32", (None, 2)),),
    (TensorSpec("y", "FP32", (None,)), TensorSpec("z", "FP32", (None,))),
)


def saved(tmp_path: Path, **arrays: Any) -> Path:
    np.savez(tmp_path / "r.npz", **arrays)
    return tmp_path / "r.npz"


def rows(count: int, width: int) -> Any:
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


def test_only_what_the_file_has_not_is_asked_for(tmp_path: Path) -> None:
    asked: list[Reference] = []

    def run(reference: Reference) -> dict[str, Any]:
        asked.append(reference)
        return {"y": np.full(60, 7, np.float32), "z": np.full(60, 8, np.float32)}

    path = saved(tmp_path, x=rows(60, 2), y=np.arange(60))
    profile = draft_profile(path, TWO, Declaration(), run, "somebody")
    means = {stream.name: stream.mean for stream in profile.streams}
    assert (means["y"], means["z"]) == (29.5, 8.0)
    assert len(asked) == 1
    assert (profile.source["outputs"], profile.source["file"]) == ("somebody", "r.npz")
    assert len(profile.source["sha256"]) == 64
    path = saved(tmp_path, x=rows(60, 2), y=np.arange(60), z=np.arange(60))
    profile = draft_profile(path, TWO, Declaration(), run, "somebody")
    assert (len(asked), profile.source["outputs"]) == (1, "columns of the file")


@pytest.mark.parametrize("kind", ["store", "remote"])
def test_a_version_of_any_store(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> None:
    store: Store = request.getfixturevalue(kind)
    publish_model(store, "m", models.external_data(tmp_path))
    (spec,) = _inputs(store)
    path = saved(tmp_path, **{spec.name: rows(50, int(spec.shape[1] or 0))})
    profile = profile_version(store, "m", 1, path, Declaration(), RunLimits())
    assert (profile.model, profile.version, profile.number) == ("m", 1, 0)
    assert profile.source["outputs"] == "the model, run over the reference"
    with pytest.raises(ReferenceRefused, match="the columns are"):
        profile_version(store, "m", 1, path, Declaration(ignored=frozenset({"q"})), RunLimits())


def _inputs(store: Store) -> Any:
    manifest = store.read_manifest("m", 1)
    assert manifest is not None
    return manifest.description.inputs
