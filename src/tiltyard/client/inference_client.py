"""A synchronous client: numpy in, numpy out, one sentence for every error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import grpc
import numpy as np

from tiltyard.client.tensors import Array, datatype_of, from_raw, to_raw
from tiltyard.errors import ClientError
from tiltyard.protocol import messages

DEFAULT_ADDRESS: Final = "127.0.0.1:8001"
MESSAGE_BYTES_MAX: Final = 2**31 - 1  # grpc's own default of 4 MiB is too small for tensors

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


@dataclass(frozen=True)
class InferReply:
    """What a model answered. `outputs` keeps the model's order; `version` is the one that ran."""

    model: str
    version: str
    id: str
    outputs: dict[str, Array]
    parameters: dict[str, Parameter]


class PendingReply:
    """A request on its way."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def result(self) -> InferReply:
        """Wait for the reply. Raises CallError, ClientError."""
        try:
            return _read_reply(self._call.result())
        except grpc.RpcError as error:
            raise _call_error(error) from error

    def cancel(self) -> None:
        """Give the request up; the server is told."""
        self._call.cancel()


class InferenceClient:
    """One connection to a server. Safe for several threads. A context manager."""

    def __init__(self, address: str = DEFAULT_ADDRESS, *, tls: TlsOptions | None = None) -> None:
        options = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ]
        if tls is None:
            self._channel = grpc.insecure_channel(address, options)
        else:
            credentials = grpc.ssl_channel_credentials(tls.ca, tls.key, tls.cert)
            self._channel = grpc.secure_channel(address, credentials, options)
        self._calls: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; requests on their way fail."""
        self._channel.close()

    def infer(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        outputs: Sequence[str] = (),
        parameters: Mapping[str, Parameter] | None = None,
        datatypes: Mapping[str, str] | None = None,
        request_id: str = "",
        timeout_s: float | None = None,
    ) -> InferReply:
        """Send one request and wait for the reply.

        `inputs` are arrays (or lists) by input name; `outputs` are the ones wanted, all without;
        `datatypes` sends an input as another v2 datatype than its dtype says, such as BF16.
        Raises CallError when the server refuses, ClientError when the inputs cannot be sent.
        """
        request = make_request(
            model,
            inputs,
            version=version,
            outputs=outputs,
            parameters=parameters,
            datatypes=datatypes,
            request_id=request_id,
        )
        return self.send(request, timeout_s=timeout_s).result()

    def send(self, request: Any, *, timeout_s: float | None = None) -> PendingReply:
        """Send a request of make_request() without waiting, so that many can be on their way."""
        return PendingReply(self._method("ModelInfer").future(request, timeout=timeout_s))

    def is_live(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server runs. Raises CallError when it cannot be reached."""
        return bool(self._ask("ServerLive", timeout_s).live)

    def is_ready(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server's models have settled. Raises CallError."""
        return bool(self._ask("ServerReady", timeout_s).ready)

    def is_model_ready(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> bool:
        """Whether a version can answer. Raises CallError, NOT_FOUND for a model nobody knows."""
        return bool(self._ask("ModelReady", timeout_s, **_names(model, version)).ready)

    def server_metadata(self, *, timeout_s: float | None = None) -> Any:
        """The ServerMetadataResponse message. Raises CallError."""
        return self._ask("ServerMetadata", timeout_s)

    def model_metadata(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelMetadataResponse message. Raises CallError."""
        return self._ask("ModelMetadata", timeout_s, **_names(model, version))

    def model_config(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelConfig message. Raises CallError."""
        return self._ask("ModelConfig", timeout_s, **_names(model, version)).config

    def statistics(
        self, model: str = "", version: int | None = None, *, timeout_s: float | None = None
    ) -> list[Any]:
        """One ModelStatistics message a version; of all models by default. Raises CallError."""
        return list(self._ask("ModelStatistics", timeout_s, **_names(model, version)).model_stats)

    def index(self, *, only_ready: bool = False, timeout_s: float | None = None) -> list[Any]:
        """One ModelIndex message a version of the store. Raises CallError."""
        return list(self._ask("RepositoryIndex", timeout_s, ready=only_ready).models)

    def _ask(self, method: str, timeout_s: float | None, **fields: Any) -> Any:
        request = getattr(messages, f"{method}Request")(**fields)
        try:
            return self._method(method)(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise _call_error(error) from error

    def _method(self, name: str) -> Any:
        if name not in self._calls:
            response = getattr(messages, f"{name}Response")
            self._calls[name] = self._channel.unary_unary(
                messages.method_path(name),
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=response.FromString,
            )
        return self._calls[name]


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


def _read_reply(reply: Any) -> InferReply:
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


def _names(model: str, version: int | None) -> dict[str, str]:
    return {"name": model, "version": "" if version is None else str(version)}


def _call_error(error: Any) -> CallError:
    return CallError(error.code(), f"{error.code().name}: {error.details()}")
