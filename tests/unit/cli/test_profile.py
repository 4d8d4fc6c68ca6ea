"""`tiltyard profile`, and the profiles of publish and inspect."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from tests import models
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.fake_client import FakeClient
from tests.unit.cli.reference_files import NAMES, w1_reference, w1_rows
from tests.unit.cli.test_reference_requests import FakeInference
from tiltyard.cli import reference_requests
from tiltyard.cli.draft import ProfileNotStoredError
from tiltyard.errors import ClientError, NotFoundError, StoreError, TiltyardError
from tiltyard.monitor.profile.codec import decode
from tiltyard.monitor.profile.errors import ReferenceRefused
from tiltyard.store import Store, open_store, profiles
from tiltyard.store.profiles import profile_numbers, read_profile
from tiltyard.store.publish import publish_model


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With version 1 of `fraud`, which has no profile."""
    store = open_store(str(tmp_path / "store"), create=True)
    (tmp_path / "m.onnx").write_bytes(models.w1())
    publish_model(store, "fraud", tmp_path / "m.onnx")
    return store


def output(done: Any) -> str:
    if done.exception is not None:
        raise done.exception
    found: str = done.output
    return found


def test_a_version_is_given_a_profile(store: Store, invoke: Invoke, tmp_path: Path) -> None:
    path = w1_reference(tmp_path)
    told = output(invoke("profile", "fraud", 1, "--reference", path, "--store", store.uri))
    assert told.splitlines()[:3] == [
        f"fraud version 1 has a profile in {store.uri}",
        "  profile 1: 30 features (30 numeric) and 3 outputs; 200 rows of reference.csv",
        "  outputs: the model, run over the reference",
    ]
    assert "weak: 200 rows support delta >= 0.2" in told
    profile = read_profile(store, "fraud", 1)
    assert [stream.name for stream in profile.streams[:30]] == NAMES
    assert store.models() == {"fraud": [1]}
    more = output(
        invoke("profile", "fraud", 1, "--reference", path, "--store", store.uri, "--json")
    )
    assert json.loads(more)["number"] == 2
    assert profile_numbers(store, "fraud", 1) == [1, 2]


def test_outputs_in_the_file_are_taken_as_they_are(
    store: Store, invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "r.npz"
    score = np.linspace(0, 1, 100)
    both = np.stack([score, score], axis=1)
    np.savez(path, X=w1_rows(100), label=np.zeros(100, int), probabilities=both)
    told = output(invoke("profile", "fraud", 1, "--reference", path, "--store", store.uri))
    assert "outputs: columns of the file" in told
    assert read_profile(store, "fraud", 1).streams[31].mean == pytest.approx(0.5)


def test_what_is_wrong_stores_nothing(store: Store, invoke: Invoke, tmp_path: Path) -> None:
    path = w1_reference(tmp_path)
    arguments = ("--reference", path, "--store", store.uri)
    cases: list[tuple[tuple[object, ...], type[TiltyardError], str]] = [
        (("profile", "fraud", 9, *arguments), NotFoundError, "fraud has no version 9"),
        (
            ("profile", "fraud", 1, *arguments, "--ignore", "f3"),
            ReferenceRefused,
            "takes 30 columns, and 29 are left",
        ),
        (
            ("profile", "fraud", 1, *arguments, "--categorical", "region"),
            ReferenceRefused,
            "there is no 'region'",
        ),
    ]
    for words, kind, sentence in cases:
        with pytest.raises(kind, match=sentence):
            output(invoke(*words))
    assert profile_numbers(store, "fraud", 1) == []


def test_publishing_with_a_reference_makes_a_profile(invoke: Invoke, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1_zipmap())
    uri = tmp_path / "store"
    path = w1_reference(tmp_path)
    words = ("publish", "fraud", model, "--store", uri, "--reference", path)
    told = output(invoke(*words))
    assert "  profile 1: 30 features (30 numeric) and 3 outputs; 200 rows of" in told
    names = [stream.name for stream in read_profile(open_store(str(uri)), "fraud", 1).streams]
    assert names[30:33] == ["output_label", "output_probability[0]", "output_probability[1]"]
    found = json.loads(output(invoke(*words, "--json")))
    assert (found["version"], found["profile"]["version"], found["profile"]["number"]) == (2, 2, 1)


def test_a_reference_that_does_not_fit_publishes_nothing(invoke: Invoke, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    words = ("publish", "m", model, "--store", tmp_path / "s", "--reference")
    with pytest.raises(ReferenceRefused, match="and 29 are left"):
        output(invoke(*words, w1_reference(tmp_path), "--ignore", "f7"))
    assert open_store(str(tmp_path / "s")).models() == {}


def test_inspect_shows_the_profile(store: Store, invoke: Invoke, tmp_path: Path) -> None:
    told = output(invoke("inspect", "fraud", "--store", store.uri))
    assert "no profile; to watch its traffic: tiltyard profile fraud 1 --reference FILE" in told
    assert (
        json.loads(output(invoke("inspect", "fraud", "--store", store.uri, "--json")))["profile"]
        is None
    )
    path = w1_reference(tmp_path)
    output(invoke("profile", "fraud", 1, "--reference", path, "--store", store.uri))
    told = output(invoke("inspect", "fraud", "--store", store.uri))
    assert "200 rows of reference.csv" in told
    assert all(any(line.startswith(f"{name} ") for line in told.splitlines()) for name in NAMES)
    found = json.loads(output(invoke("inspect", "fraud", "--store", store.uri, "--json")))
    assert len(found["profile"]["streams"]) == 35
    with pytest.raises(NotFoundError, match="has no profile 2; profiles: 1"):
        output(invoke("inspect", "fraud", "--store", store.uri, "--profile", 2))


class Gateway:
    """Takes profiles as a gateway does."""

    def __init__(self, client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, int, bytes]] = []
        monkeypatch.setattr(client, "add_profile", self._add, raising=False)

    def _add(self, name: str, version: int, data: bytes) -> Any:
        self.sent.append((name, version, data))
        return decode(data, "sent", 5)


@pytest.fixture
def gateway(client: FakeClient, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(client, monkeypatch)


def test_publishing_to_a_gateway_sends_the_profile_after_the_version(
    client: FakeClient, gateway: Gateway, invoke: Invoke, tmp_path: Path
) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    path = w1_reference(tmp_path)
    told = output(invoke("publish", "fraud", model, "--admin", "box:1", "--reference", path))
    assert told.splitlines()[0] == "published fraud version 9 on box:1"
    assert "  profile 5: 30 features (30 numeric) and 3 outputs; 200 rows of" in told
    ((name, version, data),) = gateway.sent
    assert (name, version, decode(data, "sent").version) == ("fraud", 9, 9)
    assert [call[0] for call in client.calls] == ["publish_version"]


def test_a_version_is_told_of_when_its_profile_is_refused(
    client: FakeClient, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else somebody would publish it again."""

    def refuse(*_: object) -> None:
        raise ClientError("no monitor")

    monkeypatch.setattr(client, "add_profile", refuse, raising=False)
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    path = w1_reference(tmp_path)
    done = invoke("publish", "fraud", model, "--admin", "box:1", "--reference", path)
    assert done.output.splitlines()[0] == "published fraud version 9 on box:1"
    assert isinstance(done.exception, ProfileNotStoredError)
    assert done.exception.exit_code == 15
    assert str(done.exception) == (
        "fraud version 9 is published, and its profile is not stored (no monitor): give it one"
        " with: tiltyard profile fraud 9 --reference FILE"
    )


def test_a_store_that_refuses_a_profile_has_the_version(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("full")

    monkeypatch.setattr(profiles, "add_profile", refuse)
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    words = ("publish", "m", model, "--store", tmp_path / "s", "--reference")
    with pytest.raises(ProfileNotStoredError, match=r"m version 1 is published, .* \(full\)"):
        output(invoke(*words, w1_reference(tmp_path)))
    assert open_store(str(tmp_path / "s")).models() == {"m": [1]}


def test_a_reference_that_does_not_fit_sends_nothing(
    client: FakeClient, gateway: Gateway, invoke: Invoke, tmp_path: Path
) -> None:
    model = tmp_path / "m.onnx"
    model.write_bytes(models.w1())
    path = w1_reference(tmp_path)
    words = ("publish", "fraud", model, "--admin", "box:1", "--reference", path, "--ignore", "f1")
    with pytest.raises(ReferenceRefused):
        output(invoke(*words))
    assert (client.calls, gateway.sent) == ([], [])


def test_a_version_of_a_gateway_is_given_a_profile(
    gateway: Gateway, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def connect(address: str) -> FakeInference:
        asked.append(address)
        return FakeInference()

    monkeypatch.setattr(reference_requests, "InferenceClient", connect)
    path = w1_reference(tmp_path)
    words = ("profile", "m", 4, "--reference", path, "--admin", "box:1", "--grpc", "box:2")
    told = output(invoke(*words))
    assert told.splitlines()[0] == "m version 4 has a profile in box:1"
    assert "outputs: the gateway at box:2, asked by pinned requests" in told
    assert asked == ["box:2"]
    assert [(name, version) for name, version, _ in gateway.sent] == [("m", 4)]


def test_a_gateway_has_a_store_of_its_own(invoke: Invoke) -> None:
    done = invoke("profile", "m", 4, "--reference", "r", "--admin", "box:1", "--store", "s")
    assert isinstance(done.exception, click.UsageError)
    assert "--store and --admin exclude each other" in str(done.exception.format_message())
