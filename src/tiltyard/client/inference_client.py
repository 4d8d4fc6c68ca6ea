"""A synchronous client: numpy in, numpy out, one sentence for every error."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import grpc

from tiltyard.client.inference_messages import (
    CHANNEL_OPTIONS,
    DEFAULT_ADDRESS,
    CallError,
    InferReply,
    Parameter,
    TlsOptions,
    call_coding,
    call_error,
    make_request,
    names_of,
    read_reply,
    request_of,
)
from tiltyard.protocol import messages

__all__ = [
    "DEFAULT_ADDRESS",
    "CallError",
    "InferReply",
    "InferenceClient",
    "Parameter",
    "PendingReply",
    "TlsOptions",
    "make_request",
]


class PendingReply:
    """A request on its way."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def result(self) -> InferReply:
        """Wait for the reply. Raises CallError, ClientError."""
        try:
            return read_reply(self._call.result())
        except grpc.RpcError as error:
            raise call_error(error) from error

    def cancel(self) -> None:
        """Give the request up; the server is told."""
        self._call.cancel()


class InferenceClient:
    """One connection to a server. Safe for several threads. A context manager."""

    def __init__(self, address: str = DEFAULT_ADDRESS, *, tls: TlsOptions | None = None) -> None:
        if tls is None:
            self._channel = grpc.insecure_channel(address, CHANNEL_OPTIONS)
        else:
            self._channel = grpc.secure_channel(address, tls.credentials(), CHANNEL_OPTIONS)
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
        return bool(self._ask("ModelReady", timeout_s, **names_of(model, version)).ready)

    def server_metadata(self, *, timeout_s: float | None = None) -> Any:
        """The ServerMetadataResponse message. Raises CallError."""
        return self._ask("ServerMetadata", timeout_s)

    def model_metadata(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelMetadataResponse message. Raises CallError."""
        return self._ask("ModelMetadata", timeout_s, **names_of(model, version))

    def model_config(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelConfig message. Raises CallError."""
        return self._ask("ModelConfig", timeout_s, **names_of(model, version)).config

    def statistics(
        self, model: str = "", version: int | None = None, *, timeout_s: float | None = None
    ) -> list[Any]:
        """One ModelStatistics message a version; of all models by default. Raises CallError."""
        return list(self._ask("ModelStatistics", timeout_s, **names_of(model, version)).model_stats)

    def index(self, *, only_ready: bool = False, timeout_s: float | None = None) -> list[Any]:
        """One ModelIndex message a version of the store. Raises CallError."""
        return list(self._ask("RepositoryIndex", timeout_s, ready=only_ready).models)

    def _ask(self, method: str, timeout_s: float | None, **fields: Any) -> Any:
        try:
            return self._method(method)(request_of(method, **fields), timeout=timeout_s)
        except grpc.RpcError as error:
            raise call_error(error) from error

    def _method(self, name: str) -> Any:
        if name not in self._calls:
            self._calls[name] = self._channel.unary_unary(
                messages.method_path(name), **call_coding(name)
            )
        return self._calls[name]
