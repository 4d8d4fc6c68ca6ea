import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import models
from tiltyard.cli.publish import publish
from tiltyard.errors import AlreadyExistsError, PublishRefused
from tiltyard.store import open_store


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "w1.onnx"
    path.write_bytes(models.w1_zipmap())
    return path


def _run(*arguments: object) -> str:
    done = CliRunner().invoke(publish, [str(item) for item in arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_person_reads_what_happened(tmp_path: Path, model: Path) -> None:
    uri = tmp_path / "store"
    first, change, batches = _run("fraud", model, "--store", uri).splitlines()
    assert first == f"published fraud version 1 in {uri}"
    assert change.startswith("  removed ZipMap node 'ZipMap': output 'output_probability' is")
    assert batches == "  rows share batches: proved from the graph"


def test_a_program_reads_the_manifest(tmp_path: Path, model: Path) -> None:
    uri = str(tmp_path / "store")
    found = json.loads(_run("fraud", model, "--store", uri, "--json", "--version", 3))
    stored = open_store(uri).read_manifest("fraud", 3)
    assert stored is not None
    assert ("fraud", 3, stored.digest) == (found["model"], found["version"], found["digest"])


def test_a_claim_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(models.COUPLERS["mean_over_rows"]())
    uri = tmp_path / "store"
    assert "rows do not share batches: ReduceMean node 'mean'" in _run("m", path, "--store", uri)
    claimed = _run("m", path, "--store", uri, "--batchable")
    assert "your claim; not proved (ReduceMean node 'mean'" in claimed


def test_samples_reach_the_model(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(models.zero_free())
    with pytest.raises(PublishRefused, match="--samples"):
        _run("m", path, "--store", tmp_path / "store")
    (tmp_path / "s.json").write_text('{"x": [-45, -41]}')
    output = _run("m", path, "--store", tmp_path / "store", "--samples", tmp_path / "s.json")
    assert output.startswith("published m version 1")


def test_limits_reach_the_child(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(models.hang_at_run())
    with pytest.raises(PublishRefused, match=r"hung at run: not done after the limit of 2\.5 s"):
        _run("m", path, "--store", tmp_path / "store", "--load-timeout", 2.5)
    path.write_bytes(models.memory_at_run())
    with pytest.raises(PublishRefused, match="ran out of memory at run: the limit is 900 MB"):
        _run("m", path, "--store", tmp_path / "store", "--memory", 900)


def test_a_second_time_is_refused(tmp_path: Path, model: Path) -> None:
    arguments = ("fraud", model, "--store", tmp_path / "store", "--version", 1)
    _run(*arguments)
    with pytest.raises(AlreadyExistsError):
        _run(*arguments)


def test_the_store_of_the_environment_is_used(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILTYARD_STORE", str(tmp_path / "here"))
    _run("fraud", model)
    assert open_store(str(tmp_path / "here")).models() == {"fraud": [1]}


@pytest.mark.parametrize("option", ["--store", "--load-timeout", "--memory"])
def test_what_a_gateway_has_itself_is_not_given_to_it(model: Path, option: str) -> None:
    done = CliRunner().invoke(publish, ["fraud", str(model), "--admin", "box:1", option, "5"])
    assert done.exit_code == 2
    assert f"{option} and --admin exclude each other" in done.output


def test_the_admin_address_of_the_environment_sends_nothing_away(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILTYARD_ADMIN", "127.0.0.1:1")
    assert _run("fraud", model, "--store", tmp_path / "s").startswith(
        "published fraud version 1 in"
    )
