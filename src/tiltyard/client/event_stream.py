"""What a gateway goes on to tell, for a client that blocks."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc

from tiltyard.client.admin_errors import admin_call_error
from tiltyard.client.admin_requests import call_coding
from tiltyard.protocol.admin_words import admin_path

Item = TypeVar("Item")


class EventStream(Generic[Item]):
    """The events of a watch, in order. An iterator, and a context manager that ends the watch.

    Iterating raises AdminUnavailableError when the gateway stops or the line breaks: watch again
    with the last `seq` seen as `after_seq`, and none is missed.
    """

    def __init__(self, call: Any, read: Callable[[Any], Item]) -> None:
        self._call = call
        self._read = read
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return self._read(next(self._call).event)
        except grpc.RpcError as error:
            if self._closed:
                raise StopIteration from None
            raise admin_call_error(error) from error

    def close(self) -> None:
        """End the watch, from any thread; whoever iterates sees the end. Idempotent."""
        self._closed = True
        self._call.cancel()


def open_stream(
    channel: Any,
    method: str,
    request: Any,
    timeout_s: float | None,
    read: Callable[[Any], Item],
) -> EventStream[Item]:
    """The watch stands when this returns. Raises AdminCallError."""
    call = channel.unary_stream(admin_path(method), **call_coding(method))(
        request, timeout=timeout_s
    )
    call.initial_metadata()
    if not call.is_active() and call.code() is not grpc.StatusCode.OK:
        raise admin_call_error(call)
    return EventStream(call, read)
