"""What a gateway goes on to tell, for a client with an event loop."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc
import grpc.aio

from tiltyard.client.admin_errors import admin_call_error
from tiltyard.client.admin_requests import call_coding
from tiltyard.protocol.admin_words import admin_path

Item = TypeVar("Item")


class AsyncEventStream(Generic[Item]):
    """The events of a watch, in order. An async iterator, and a context manager that ends it.

    Iterating raises AdminUnavailableError when the gateway stops or the line breaks: watch again
    with the last `seq` seen as `after_seq`, and none is missed.
    """

    def __init__(self, call: Any, read: Callable[[Any], Item]) -> None:
        self._call = call
        self._read = read
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        try:
            reply = await self._call.read()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            raise StopAsyncIteration from None
        except grpc.aio.AioRpcError as error:
            raise admin_call_error(error) from error
        if reply is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._read(reply.event)

    async def stand(self) -> None:
        """Wait until the gateway has begun the watch. Raises AdminCallError."""
        headers = await self._call.initial_metadata()
        if not self._call.done() or await self._call.code() is grpc.StatusCode.OK:
            return
        raise admin_call_error(
            grpc.aio.AioRpcError(
                await self._call.code(),
                headers,
                await self._call.trailing_metadata(),
                await self._call.details(),
            )
        )

    def close(self) -> None:
        """End the watch; whoever iterates sees the end. Idempotent."""
        self._closed = True
        self._call.cancel()


async def open_stream(
    channel: Any,
    method: str,
    request: Any,
    timeout_s: float | None,
    read: Callable[[Any], Item],
) -> AsyncEventStream[Item]:
    """The watch stands when this returns. Raises AdminCallError."""
    call = channel.unary_stream(admin_path(method), **call_coding(method))(
        request, timeout=timeout_s
    )
    stream = AsyncEventStream(call, read)
    await stream.stand()
    return stream
