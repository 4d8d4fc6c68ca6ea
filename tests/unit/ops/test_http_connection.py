"""Connections: bounded, and closed where the peer makes them wait."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from tiltyard.ops.http_connection import (
    Connection,
    ConnectionCounts,
    ConnectionLimits,
    connection_class,
)

TIMEOUT_S = 20.0
SOON = ConnectionLimits(connections_max=2, silence_s=0.01, write_s=0.01)
LATE = ConnectionLimits(connections_max=2)
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class Transport(asyncio.Transport):
    """Keeps what is written, and says when it is closed or cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = asyncio.Event()
        self.wrote = asyncio.Event()
        self.was_aborted = False

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)
        self.wrote.set()

    def close(self) -> None:
        self.ended.set()

    def abort(self) -> None:
        self.was_aborted = True
        self.ended.set()

    def is_closing(self) -> bool:
        return self.ended.is_set()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def answer(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


class World:
    """Connections of one server, without sockets."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.counts = ConnectionCounts()
        made = connection_class(limits, self.counts)
        self._config = Config(answer, http=made, ws="none", lifespan="off", log_config=None)
        self._made = made
        self._state = ServerState()

    def connect(self) -> tuple[Connection, Transport]:
        transport = Transport()
        loop = asyncio.get_running_loop()
        connection = self._made(self._config, self._state, {}, loop)
        connection.connection_made(transport)
        return connection, transport


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), TIMEOUT_S))


def test_one_too_many_is_refused_and_a_free_place_is_used_again() -> None:
    async def work() -> None:
        world = World(LATE)
        first, _ = world.connect()
        world.connect()
        refused, transport = world.connect()
        assert transport.written.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert transport.ended.is_set()
        refused.data_received(REQUEST)  # what still comes is of no interest
        refused.pause_writing()
        refused.resume_writing()
        refused.connection_lost(None)
        first.connection_lost(None)
        _, transport = world.connect()
        assert not transport.ended.is_set()
        assert (world.counts.open, world.counts.accepted, world.counts.refused) == (2, 3, 1)

    run(work)


def test_who_sends_no_whole_request_is_closed() -> None:
    async def work() -> None:
        world = World(SOON)
        silent, silent_transport = world.connect()
        half, half_transport = world.connect()
        half.data_received(REQUEST[:10])
        await silent_transport.ended.wait()
        await half_transport.ended.wait()
        assert world.counts.silent == 2
        for connection in (silent, half):
            connection.connection_lost(None)
        assert world.counts.open == 0

    run(work)


def test_half_a_second_request_is_no_request() -> None:
    async def work() -> None:
        world = World(SOON)
        connection, transport = world.connect()
        connection.data_received(REQUEST)
        await transport.wrote.wait()
        connection.data_received(REQUEST[:10])
        await transport.ended.wait()
        assert transport.was_aborted
        assert transport.written.endswith(b"hello\r\n0\r\n\r\n")

    run(work)


def test_who_does_not_read_is_cut_off() -> None:
    async def work() -> None:
        world = World(ConnectionLimits(write_s=0.01))
        connection, transport = world.connect()
        connection.pause_writing()
        await transport.ended.wait()
        assert transport.was_aborted
        assert world.counts.slow == 1

    run(work)


def test_who_reads_on_is_not() -> None:
    async def work() -> None:
        world = World(LATE)
        connection, transport = world.connect()
        connection.pause_writing()
        timer = connection._slowness
        assert timer is not None
        connection.resume_writing()
        assert timer.cancelled()
        assert not transport.ended.is_set()

    run(work)


def test_what_is_not_http_is_counted() -> None:
    async def work() -> None:
        world = World(LATE)
        connection, transport = world.connect()
        connection.data_received(b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n")
        assert transport.written.startswith(b"HTTP/1.1 400 ")
        assert (transport.ended.is_set(), world.counts.malformed) == (True, 1)

    run(work)
