"""The requests that the client makes. What servers say to them is in tests/e2e."""

import numpy as np
import pytest

from tiltyard.client import CallError, InferenceClient
from tiltyard.client.inference_client import make_request
from tiltyard.errors import ClientError


def test_a_request_has_everything_that_was_given() -> None:
    request = make_request(
        "fraud",
        {"X": np.ones((2, 3), np.float32), "name": np.array([b"a", b""], dtype=object)},
        version=7,
        outputs=["label"],
        parameters={"flag": True, "count": 3, "share": 0.5, "key": "k"},
        request_id="r-1",
    )
    assert (request.model_name, request.model_version, request.id) == ("fraud", "7", "r-1")
    assert [(t.name, t.datatype, list(t.shape)) for t in request.inputs] == [
        ("X", "FP32", [2, 3]),
        ("name", "BYTES", [2]),
    ]
    assert list(request.raw_input_contents) == [
        np.ones(6, np.float32).tobytes(),
        b"\x01\0\0\0a\0\0\0\0",
    ]
    assert [output.name for output in request.outputs] == ["label"]
    parameters = {
        name: (value.WhichOneof("parameter_choice"), value)
        for name, value in request.parameters.items()
    }
    assert parameters["flag"][0] == "bool_param"
    assert parameters["count"][1].int64_param == 3
    assert parameters["share"][1].double_param == 0.5
    assert parameters["key"][1].string_param == "k"


def test_without_a_version_none_is_asked_for() -> None:
    assert make_request("m", {"x": [1.0]}).model_version == ""


def test_a_datatype_can_be_asked_for() -> None:
    request = make_request("m", {"x": np.array([1.0], np.float32)}, datatypes={"x": "BF16"})
    assert request.inputs[0].datatype == "BF16"
    assert request.raw_input_contents[0] == b"\x80\x3f"


def test_nobody_there_is_one_sentence() -> None:
    with InferenceClient("127.0.0.1:1") as client, pytest.raises(CallError) as caught:
        client.is_live(timeout_s=5.0)
    assert str(caught.value).startswith("UNAVAILABLE: ")
    assert caught.value.code.name == "UNAVAILABLE"
    assert isinstance(caught.value, ClientError)
