"""An asyncio client: numpy in, numpy out, as InferenceClient, for whoever has an event loop."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import grpc.aio

from tiltyard.client.inference_messages import (
    CHANNEL_OPTIONS,
    DEFAULT_ADDRESS,
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


class AsyncInferenceClient:
    """One connection to a server, of the event loop it is made on. An async context manager.

    Any number of calls can be on their way at once. A task that is cancelled gives its call up, and
    the server is told.
    """

    def __init__(self, address: str = DEFAULT_ADDRESS, *, tls: TlsOptions | None = None) -> None:
        if tls is None:
            self._channel = grpc.aio.insecure_channel(address, CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(address, tls.credentials(), CHANNEL_OPTIONS)
        self._calls: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; requests on their way fail."""
        await self._channel.close()

    async def infer(
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
        return await self.send(request, timeout_s=timeout_s)

    async def send(self, request: Any, *, timeout_s: float | None = None) -> InferReply:
        """Send a request of make_request() and wait. Raises CallError, ClientError."""
        return read_reply(await self._call("ModelInfer", request, timeout_s))

    async def is_live(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server runs. Raises CallError when it cannot be reached."""
        return bool((await self._ask("ServerLive", timeout_s)).live)

    async def is_ready(self, *, timeout_s: float | None = None) -> bool:
        """Whether the server's models have settled. Raises CallError."""
        return bool((await self._ask("ServerReady", timeout_s)).ready)

    async def is_model_ready(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> bool:
        """Whether a version can answer. Raises CallError, NOT_FOUND for a model nobody knows."""
        return bool((await self._ask("ModelReady", timeout_s, **names_of(model, version))).ready)

    async def server_metadata(self, *, timeout_s: float | None = None) -> Any:
        """The ServerMetadataResponse message. Raises CallError."""
        return await self._ask("ServerMetadata", timeout_s)

    async def model_metadata(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelMetadataResponse message. Raises CallError."""
        return await self._ask("ModelMetadata", timeout_s, **names_of(model, version))

    async def model_config(
        self, model: str, version: int | None = None, *, timeout_s: float | None = None
    ) -> Any:
        """The ModelConfig message. Raises CallError."""
        return (await self._ask("ModelConfig", timeout_s, **names_of(model, version))).config

    async def statistics(
        self, model: str = "", version: int | None = None, *, timeout_s: float | None = None
    ) -> list[Any]:
        """One ModelStatistics message a version; of all models by default. Raises CallError."""
        reply = await self._ask("ModelStatistics", timeout_s, **names_of(model, version))
        return list(reply.model_stats)

    async def index(self, *, only_ready: bool = False, timeout_s: float | None = None) -> list[Any]:
        """One ModelIndex message a version of the store. Raises CallError."""
        return list((await self._ask("RepositoryIndex", timeout_s, ready=only_ready)).models)

    async def _ask(self, method: str, timeout_s: float | None, **fields: Any) -> Any:
        return await self._call(method, request_of(method, **fields), timeout_s)

    async def _call(self, name: str, request: Any, timeout_s: float | None) -> Any:
        if name not in self._calls:
            self._calls[name] = self._channel.unary_unary(
                messages.method_path(name), **call_coding(name)
            )
        try:
            return await self._calls[name](request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise call_error(error) from error
