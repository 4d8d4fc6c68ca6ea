"""Right requests, and what can be done to them to make them wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from grpc import StatusCode

from tests.wire.calls import FIXED_SIZE, identity_request
from tiltyard.client.inference_client import make_request
from tiltyard.protocol import messages

Change = Callable[[Any], object]


@dataclass(frozen=True)
class Mistake:
    """A right request, what is done to it, and what the gateway says then."""

    name: str
    sentence: str
    change: Change
    request: Any = field(default_factory=identity_request)
    code: StatusCode = StatusCode.INVALID_ARGUMENT

    def make(self, request_id: str = "") -> Any:
        """The wrong request."""
        request = messages.ModelInferRequest()
        request.CopyFrom(self.request)
        request.id = request_id
        self.change(request)
        return request


def two_request(rows: int = 2) -> Any:
    values = np.ones((rows, 3), np.float32)
    return make_request("two", {"a": values, "b": values})


def echo_request(datatype: str, **contents: list[Any]) -> Any:
    """Two typed values for one input of `echo_1`, and none for the others."""
    request = messages.ModelInferRequest(model_name="echo_1")
    for name in FIXED_SIZE:
        request.inputs.add(name=name.lower(), datatype=name, shape=[2 if name == datatype else 0])
        if name == datatype:
            request.inputs[-1].contents.MergeFrom(messages.InferTensorContents(**contents))
    return request


def words_request(raw: bytes) -> Any:
    """Two words for `words_1`, in raw contents."""
    request = messages.ModelInferRequest(model_name="words_1", raw_input_contents=[raw])
    request.inputs.add(name="bytes", datatype="BYTES", shape=[2])
    return request


def set_fields(**fields: Any) -> Change:
    def change(request: Any) -> None:
        for name, value in fields.items():
            setattr(request, name, value)

    return change


def set_input(**fields: Any) -> Change:
    def change(request: Any) -> None:
        for name, value in fields.items():
            if name == "shape":
                request.inputs[0].shape[:] = value
            else:
                setattr(request.inputs[0], name, value)

    return change


def set_raw(*raw: bytes) -> Change:
    def change(request: Any) -> None:
        request.raw_input_contents[:] = raw

    return change


def set_contents(**contents: list[Any]) -> Change:
    """The values in typed contents, without any in raw ones."""

    def change(request: Any) -> None:
        del request.raw_input_contents[:]
        for name, values in contents.items():
            getattr(request.inputs[0].contents, name).extend(values)

    return change


def ask_for(*outputs: str) -> Change:
    def change(request: Any) -> None:
        for output in outputs:
            request.outputs.add(name=output)

    return change


def set_parameter(name: str, **value: Any) -> Change:
    return lambda request: request.parameters[name].MergeFrom(messages.InferParameter(**value))


def set_tensor_parameter(name: str, output: str = "", **value: Any) -> Change:
    """A parameter of the input, or of a requested output."""

    def change(request: Any) -> None:
        tensor = request.outputs.add(name=output) if output else request.inputs[0]
        tensor.parameters[name].MergeFrom(messages.InferParameter(**value))

    return change


def repeat_input(request: Any) -> None:
    request.inputs.append(request.inputs[0])
    request.raw_input_contents.append(request.raw_input_contents[0])


def add_input(request: Any) -> None:
    request.inputs.add(name="z", datatype="FP32", shape=[1])
    request.raw_input_contents.append(bytes(4))


def drop_inputs(count: int) -> Change:
    def change(request: Any) -> None:
        del request.inputs[-count:]
        del request.raw_input_contents[-count:]

    return change


def drop_row_of_b(request: Any) -> None:
    request.inputs[1].shape[0] = 1
    request.raw_input_contents[1] = bytes(12)


def as_it_is(_: Any) -> None:
    """The request is wrong already."""
