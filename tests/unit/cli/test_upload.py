"""`tiltyard publish --admin`: what is sent, and what comes back."""

import json
from pathlib import Path

import pytest

from tests import models
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tiltyard.cli.upload import external_files
from tiltyard.control.views import VersionView
from tiltyard.errors import ClientError, PublishRefused


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "w1.onnx"
    path.write_bytes(models.w1())
    return path


def test_a_model_is_sent(client: FakeClient, invoke: Invoke, model: Path) -> None:
    done = invoke("publish", "fraud", model, "--admin", "box:8003")
    assert done.exception is None
    assert done.output.splitlines() == [
        "published fraud version 9 on box:8003",
        "  the gateway is loading it",
        "  next: tiltyard challenge fraud 9 --shadow --admin box:8003  # the champion serves on",
    ]
    assert client.address == "box:8003"
    options: dict[str, object] = {"version": None, "samples": None, "external": []}
    options["batchable"] = False
    assert client.calls == [("publish_version", ("fraud", model), options)]


def test_all_that_belongs_to_it_is_sent(client: FakeClient, invoke: Invoke, tmp_path: Path) -> None:
    model = models.external_data(tmp_path, "weights/all.bin")
    samples = tmp_path / "rows.npy"
    arguments = ("--version", 7, "--samples", samples, "--batchable")
    assert invoke("publish", "fraud", model, "--admin", "box:1", *arguments).exception is None
    sent = client.calls[0][2]
    assert sent["external"] == ["weights/all.bin"]
    assert (sent["version"], sent["samples"], sent["batchable"]) == (7, samples, True)


def test_a_program_reads_the_version(client: FakeClient, invoke: Invoke, model: Path) -> None:
    client.version = VersionView("fraud", 1, "ready", roles=("champion",))
    found = json.loads(invoke("publish", "fraud", model, "--admin", "box:1", "--json").output)
    assert (found["version"], found["roles"]) == (1, ["champion"])


def test_what_is_no_model_is_not_sent(client: FakeClient, invoke: Invoke, model: Path) -> None:
    model.write_bytes(b"no model")
    done = invoke("publish", "fraud", model, "--admin", "box:1")
    assert isinstance(done.exception, PublishRefused)
    assert client.calls == []


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"cannot read .*/none\.onnx: No such file or directory"):
        external_files(tmp_path / "none.onnx")
