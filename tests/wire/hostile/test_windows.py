"""Flow control as a weapon: windows that stay shut, open by a byte, or go below zero."""

import numpy as np

from tests.wire.hostile.target import Target
from tests.wire.hostile.wire import (
    Code,
    Wire,
    headers,
    long_data,
    message,
    request_fields,
    settings,
    wait_for,
    window,
)
from tiltyard.client.inference_client import make_request
from tiltyard.protocol import messages

INITIAL_WINDOW_SIZE = 4
WINDOW_MAX = 0x7FFFFFFF
FIELDS = request_fields("ModelInfer")


def rows(count: int) -> np.ndarray:
    """What the identity model is asked to give back."""
    return np.arange(count * 4, dtype=np.float32).reshape(count, 4)


def ask(stream: int, count: int) -> bytes:
    """A call whose reply is a little larger than 16 bytes a row."""
    body = make_request("identity", {"x": rows(count)}).SerializeToString()
    return headers(FIELDS, stream) + long_data(message(body), stream)


def check_reply(wire: Wire, stream: int, count: int) -> None:
    """The whole reply has come, to the bit."""
    reply = wire.reply(stream)
    assert reply.headers["grpc-status"] == "0", reply
    found = messages.ModelInferResponse.FromString(reply.body[5:])
    assert found.raw_output_contents[0] == rows(count).tobytes()


def test_replies_that_nobody_takes(target: Target) -> None:
    """They are counted as bytes in flight, and given up; the connection may go on."""
    before = target.counters()["calls_stalled"]
    streams = [2 * n + 1 for n in range(200)]
    with target.connect((INITIAL_WINDOW_SIZE, 0)) as wire:
        wire.send(*(ask(stream, 200) for stream in streams))
        wait_for(
            lambda: target.counters()["in_flight_bytes"] > 200 * 200 * 16,
            "the waiting replies are not in in_flight_bytes",
        )
        for stream in streams:
            assert wire.reply(stream).reset == Code.ENHANCE_YOUR_CALM
        wire.send(settings((INITIAL_WINDOW_SIZE, 1 << 20)), ask(401, 10))
        check_reply(wire, 401, 10)
    assert target.counters()["calls_stalled"] == before + len(streams)


def test_replies_beyond_what_may_be_in_flight(target: Target) -> None:
    """96 MB of replies behind a closed window: most are dropped, and memory stays bounded."""
    before = target.counters()["replies_dropped"]
    memory = target.peak_memory_bytes()
    streams = [2 * n + 1 for n in range(120)]
    with target.connect((INITIAL_WINDOW_SIZE, 0)) as wire:
        assert wire.is_alive()  # and has acknowledged the gateway's larger window
        for stream in streams:
            wire.send(ask(stream, 50_000))
            wire.read_ready()
            assert wire.is_alive()  # its window is open again
        for stream in streams:
            reply = wire.reply(stream)
            assert reply.reset == Code.ENHANCE_YOUR_CALM or reply.headers["grpc-status"] == "14"
    assert target.counters()["replies_dropped"] > before
    assert target.peak_memory_bytes() - memory < target.memory_slack_bytes


def test_the_connection_window_is_never_opened(target: Target) -> None:
    with target.connect((INITIAL_WINDOW_SIZE, WINDOW_MAX)) as wire:
        wire.send(*(ask(2 * n + 1, 1_000) for n in range(10)))
        replies = [wire.reply(2 * n + 1) for n in range(10)]
        assert sum(len(reply.body) for reply in replies) == 65_535
        assert {reply.reset for reply in replies} <= {None, Code.ENHANCE_YOUR_CALM}
        assert Code.ENHANCE_YOUR_CALM in {reply.reset for reply in replies}


def test_a_window_that_opens_by_one_byte(target: Target) -> None:
    with target.connect((INITIAL_WINDOW_SIZE, 0)) as wire:
        wire.send(ask(1, 30))
        while not wire.replies or not wire.replies[1].is_over:
            wire.send(window(1, 1))
            wire.read_ready()
        check_reply(wire, 1, 30)


def test_many_bytes_one_by_one_in_one_go(target: Target) -> None:
    with target.connect((INITIAL_WINDOW_SIZE, 0)) as wire:
        wire.send(ask(1, 1_000), window(1, 1) * 20_000)
        check_reply(wire, 1, 1_000)


def test_a_window_below_zero(target: Target) -> None:
    """A setting may take back what it gave (RFC 9113 6.9.2); the difference is waited for."""
    with target.connect((INITIAL_WINDOW_SIZE, 1_000)) as wire:
        wire.send(ask(1, 1_000))
        while not wire.replies or len(wire.replies[1].body) < 1_000:
            assert wire.read() is not None
        wire.send(settings((INITIAL_WINDOW_SIZE, 0)))
        wire.send(window(1, 1_000))  # and it is zero again
        assert wire.is_alive()
        assert len(wire.replies[1].body) == 1_000
        wire.send(window(1, 1))
        assert wire.is_alive(b"one more")
        while len(wire.replies[1].body) < 1_001:
            assert wire.read() is not None
        wire.send(settings((INITIAL_WINDOW_SIZE, 1 << 20)))
        check_reply(wire, 1, 1_000)


def test_a_window_that_opens_and_shuts(target: Target) -> None:
    """Each SETTINGS moves the windows of all streams."""
    with target.connect((INITIAL_WINDOW_SIZE, 0)) as wire:
        wire.send(*(ask(2 * n + 1, 50) for n in range(50)))
        for size in (1, 0, 70, 3, 500, 0, 1 << 20):
            wire.send(settings((INITIAL_WINDOW_SIZE, size)))
            assert wire.is_alive()
        for n in range(50):
            check_reply(wire, 2 * n + 1, 50)


def test_frames_as_large_as_the_client_offers_to_take(target: Target) -> None:
    """An offer of 16 MB a frame must not become a buffer of 16 MB."""
    with target.connect((INITIAL_WINDOW_SIZE, WINDOW_MAX), (5, (1 << 24) - 1)) as wire:
        assert wire.is_alive()
        wire.send(window(0, WINDOW_MAX - 65_535), ask(1, 60_000))
        largest = 0
        while 1 not in wire.replies or not wire.replies[1].is_over:
            found = wire.read()
            assert found is not None
            largest = max(largest, len(found.payload))
        assert largest <= 256 * 1_024  # output_bytes_max
        check_reply(wire, 1, 60_000)
