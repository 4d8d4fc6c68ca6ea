"""What both inference clients share; requests are tested in test_inference_client.py."""

import grpc
import grpc.aio
import numpy as np
import pytest

from tiltyard.client.inference_messages import TlsOptions, call_error, names_of, read_reply
from tiltyard.errors import ClientError
from tiltyard.protocol import messages


def test_a_reply() -> None:
    reply = messages.ModelInferResponse(model_name="m", model_version="3", id="7")
    reply.outputs.add(name="y", datatype="FP32", shape=[2])
    reply.raw_output_contents.append(np.array([1, 2], "<f4").tobytes())
    reply.parameters["role"].string_param = "canary"
    reply.parameters["nothing"].SetInParent()
    found = read_reply(reply)
    assert (found.model, found.version, found.id) == ("m", "3", "7")
    assert found.outputs["y"].tolist() == [1.0, 2.0]
    assert found.parameters == {"role": "canary"}


def test_a_reply_without_its_bytes() -> None:
    reply = messages.ModelInferResponse()
    reply.outputs.add(name="y", datatype="FP32", shape=[2])
    with pytest.raises(ClientError, match="1 outputs with 0 raw contents; expected one for each"):
        read_reply(reply)


def test_names() -> None:
    assert names_of("m", None) == {"name": "m", "version": ""}
    assert names_of("m", 3) == {"name": "m", "version": "3"}


def test_an_error_is_one_sentence() -> None:
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), grpc.aio.Metadata(), details="no such"
    )
    found = call_error(error)
    assert (found.code, str(found)) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND: no such")


def test_credentials() -> None:
    assert isinstance(TlsOptions().credentials(), grpc.ChannelCredentials)
