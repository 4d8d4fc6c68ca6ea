"""A stream over a call that is a fake; over the wire it is in the tests of the clients."""

import grpc
import pytest

from tiltyard.client.event_stream import EventStream


class Gone(grpc.RpcError):  # type: ignore[misc]  # grpc ships no types
    """As grpc ends a call that was cancelled."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.CANCELLED

    def details(self) -> str:
        return "Locally cancelled"

    def trailing_metadata(self) -> tuple[()]:
        return ()


class Message:
    event = 7


class Call:
    """One event; then the end that a cancelled call has."""

    def __init__(self) -> None:
        self.left = [Message()]
        self.is_cancelled = False

    def __next__(self) -> Message:
        if self.left:
            return self.left.pop()
        raise Gone

    def cancel(self) -> None:
        self.is_cancelled = True


def test_closing_is_the_end_and_no_error() -> None:
    call = Call()
    with EventStream(call, lambda event: event + 1) as stream:
        assert next(stream) == 8
    assert call.is_cancelled
    assert list(stream) == []


def test_a_call_that_ends_by_itself_is_an_error() -> None:
    stream = EventStream(Call(), lambda event: event)
    next(stream)
    with pytest.raises(Exception, match="Locally cancelled"):
        next(stream)
