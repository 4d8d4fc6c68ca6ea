"""A version's outputs from a gateway, here a fake one that computes them."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from tests.unit.cli.reference_files import w1_reference, w1_rows
from tiltyard.cli import reference_requests
from tiltyard.cli.reference_requests import ask_gateway, read_signature
from tiltyard.client.inference_messages import InferReply
from tiltyard.client.tensors import from_raw
from tiltyard.errors import ClientError
from tiltyard.monitor.profile.declaration import Declaration
from tiltyard.monitor.profile.errors import ReferenceRefused

METADATA = SimpleNamespace(
    inputs=[SimpleNamespace(name="X", datatype="FP32", shape=[-1, 30])],
    outputs=[
        SimpleNamespace(name="score", datatype="FP32", shape=[-1]),
        SimpleNamespace(name="limits", datatype="FP32", shape=[2]),
    ],
)


class FakeInference:
    """Answers with the sum of each row, and how many requests wait at once."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.waiting = 0
        self.waiting_max = 0
        self.score: Callable[[Any], Any] = lambda rows: rows.sum(axis=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def model_metadata(self, name: str, version: int, *, timeout_s: float) -> Any:
        assert (name, version) == ("m", 4)
        assert timeout_s > 0
        return METADATA

    def send(self, request: Any, *, timeout_s: float) -> Any:
        assert timeout_s > 0
        self.requests.append(request)
        self.waiting += 1
        self.waiting_max = max(self.waiting_max, self.waiting)
        return SimpleNamespace(result=lambda: self._answer(request))

    def _answer(self, request: Any) -> InferReply:
        self.waiting -= 1
        (told,) = request.inputs
        rows = from_raw(request.raw_input_contents[0], told.datatype, tuple(told.shape))
        outputs = {
            "score": self.score(rows),
            "limits": np.array([1, len(self.requests)], np.float32),
        }
        return InferReply("m", "4", "", outputs, {})


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> FakeInference:
    fake = FakeInference()
    monkeypatch.setattr(reference_requests, "InferenceClient", lambda _: fake)
    return fake


def ask(path: Path, timeout_s: float = 60.0) -> Any:
    return ask_gateway("box:1", "m", 4, path, Declaration(), timeout_s)


def test_every_row_is_a_pinned_request_of_its_own(gateway: FakeInference, tmp_path: Path) -> None:
    profile = ask(w1_reference(tmp_path))
    assert len(gateway.requests) == 200
    assert {request.model_version for request in gateway.requests} == {"4"}
    assert all(list(request.inputs[0].shape) == [1, 30] for request in gateway.requests)
    assert gateway.waiting_max == reference_requests.PENDING_MAX
    names = [stream.name for stream in profile.streams]
    assert names[30:] == ["score", "limits[0]", "limits[1]", "surprise", "mahalanobis"]
    expected = w1_rows().astype(np.float32).sum(axis=1).mean()
    assert profile.streams[30].mean == pytest.approx(expected, abs=1e-4)
    assert profile.source["outputs"] == "the gateway at box:1, asked by pinned requests"


def test_a_file_with_all_outputs_asks_nothing(gateway: FakeInference, tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    np.savez(path, X=w1_rows(50), score=np.zeros(50), limits=np.ones((50, 2)))
    assert ask(path).source["outputs"] == "columns of the file"
    assert gateway.requests == []


def test_rows_of_different_shapes_are_refused(gateway: FakeInference, tmp_path: Path) -> None:
    gateway.score = lambda _: np.zeros((1, 1 + len(gateway.requests) % 2, 2), np.float32)
    with pytest.raises(ReferenceRefused, match="output 'score': expected rows of one shape"):
        ask(w1_reference(tmp_path))


def test_it_ends_when_the_time_is_over(
    gateway: FakeInference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 2.0 * len(gateway.requests))
    with pytest.raises(ClientError, match=r"the outputs of 30 of 200 rows came within 60 s: give"):
        ask(w1_reference(tmp_path))


def test_the_signature_is_what_the_gateway_tells() -> None:
    signature = read_signature(METADATA)
    assert [spec.shape for spec in signature.inputs + signature.outputs] == [
        (None, 30),
        (None,),
        (2,),
    ]
