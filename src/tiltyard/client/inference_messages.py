"""What the synchronous and the asyncio inference client share; nothing in here does I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy as np

from tiltyard.client.tensors import Array, datatype_of, from_raw, to_raw
from tiltyard.errors import ClientError
from tiltyard.protocol import messages

DEFAULT_ADDRESS: Final = "127.0.0.1:8001"
MESSAGE_BYTES_MAX: Final = 2**31 - 1  # grpc's own default of 4 MiB is too small for tensors
CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
)

Parameter = bool | int | float | str


class CallError(ClientError):
    """The server, or the way to it, refused a call. `code` is the gRPC status code."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class TlsOptions:
    """PEM texts: the CA that signed the server, and the client's own certificate and key."""

    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = None

    def credentials(self) -> Any:
        """These as grpc's channel credentials."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.cert)


@dataclass(frozen=True)
class InferReply:
    """What a model answered. `outputs` keeps the model's order; `version` is the one that ran."""

    model: str
    version: str
    id: str
    outputs: dict[str, Array]
    parameters: dict[str, Parameter]


def make_request(
    model: str,
    inputs: Mapping[str, Any],
    *,
    version: int | None = None,
    outputs: Sequence[str] = (),
    parameters: Mapping[str, Parameter] | None = None,
    datatypes: Mapping[str, str] | None = None,
    request_id: str = "",
) -> Any:
    """The ModelInferRequest message that InferenceClient.infer sends. Raises ClientError."""
    request = messages.ModelInferRequest(
        model_name=model, model_version="" if version is None else str(version), id=request_id
    )
    for name, values in inputs.items():
        array = np.asarray(values)
        datatype = (datatypes or {}).get(name) or datatype_of(array)
        request.inputs.add(name=name, datatype=datatype, shape=array.shape)
        request.raw_input_contents.append(to_raw(array, datatype))
    for name in outputs:
        request.outputs.add(name=name)
    for name, value in (parameters or {}).items():
        _set_parameter(request.parameters[name], value)
    return request


def _set_parameter(parameter: Any, value: Parameter) -> None:
    match value:
        case bool():
            parameter.bool_param = value
        case int():
            parameter.int64_param = value
        case float():
            parameter.double_param = value
        case str():
            parameter.string_param = value


def read_reply(reply: Any) -> InferReply:
    """What a ModelInferResponse says. Raises ClientError when it is malformed."""
    if len(reply.raw_output_contents) != len(reply.outputs):
        raise ClientError(
            f"the server sent {len(reply.outputs)} outputs with"
            f" {len(reply.raw_output_contents)} raw contents; expected one for each"
        )
    outputs = {
        tensor.name: from_raw(raw, tensor.datatype, tuple(tensor.shape))
        for tensor, raw in zip(reply.outputs, reply.raw_output_contents, strict=True)
    }
    parameters = {
        name: getattr(parameter, parameter.WhichOneof("parameter_choice"))
        for name, parameter in reply.parameters.items()
        if parameter.WhichOneof("parameter_choice")
    }
    return InferReply(reply.model_name, reply.model_version, reply.id, outputs, parameters)


def names_of(model: str, version: int | None) -> dict[str, str]:
    """The fields of requests that ask about a model or a version of it."""
    return {"name": model, "version": "" if version is None else str(version)}


def call_error(error: Any) -> CallError:
    """The error of a call as ours; grpc's and grpc.aio's have the same methods."""
    return CallError(error.code(), f"{error.code().name}: {error.details()}")


def call_coding(method: str) -> dict[str, Any]:
    """How grpc writes the request of a method and reads its response."""
    return {
        "request_serializer": lambda request: request.SerializeToString(),
        "response_deserializer": getattr(messages, f"{method}Response").FromString,
    }


def request_of(method: str, **fields: Any) -> Any:
    """The request message of a method."""
    return getattr(messages, f"{method}Request")(**fields)
