from pathlib import Path

import pytest

from tests import models
from tests.unit.cli.reference_files import w1_reference
from tests.unit.cli.test_reference_options import options
from tiltyard.cli.draft import Draft
from tiltyard.errors import ConfigError
from tiltyard.store.sandbox import Limits, examine


def test_a_draft_is_made_first_and_named_later(tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    told = options()._replace(path=w1_reference(tmp_path))
    draft = Draft(model, told, batchable=False)
    draft.make(examine(model, None, Limits()).description)
    profile = draft.of("fraud", 7)
    assert profile is not None
    assert (profile.model, profile.version, profile.rows) == ("fraud", 7, 200)
    assert profile.streams[0].name == "f0"
    assert profile.source["outputs"] == "the model, run over the reference"


def test_without_a_reference_nothing_is_made(tmp_path: Path) -> None:
    assert Draft(tmp_path / "m.onnx", None, batchable=False).of("fraud", 1) is None


def test_a_wrong_declaration_is_said_before_the_model_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Draft(tmp_path / "m.onnx", options()._replace(streams=tmp_path / "n"), batchable=False)
