"""The operations port as a client sees it: it listens, answers and stops."""

import http.client
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tiltyard.errors import ServeError
from tiltyard.ops.http_server import HttpServer

TIMEOUT_S = 60.0


async def answer(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


class World:
    """A server on a free port."""

    def __init__(self, make_app: Callable[[], Any] = lambda: answer) -> None:
        self.bugs: list[str] = []
        self.names: list[str] = []
        self.server = HttpServer(
            "127.0.0.1:0",
            make_app,
            on_bug=lambda where, error: self.bugs.append(f"{where}: {error}"),
            enter_priority=self.names.append,
        )

    def get(self, path: str) -> bytes:
        host, _, port = self.server.address.rpartition(":")
        client = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
        try:
            client.request("GET", path)
            return client.getresponse().read()
        finally:
            client.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    assert made.server.stop(TIMEOUT_S)


def test_it_answers_from_the_moment_it_has_started(world: World) -> None:
    world.server.start()
    assert world.get("/a") == b"/a"
    assert world.names == ["http"]
    assert world.server.counters()["accepted"] == 1


def test_it_stops_while_a_connection_is_open(world: World) -> None:
    host, _, port = world.server.start().rpartition(":")
    with socket.create_connection((host, int(port)), TIMEOUT_S) as client:
        assert world.get("/") == b"/"
        assert world.server.stop(TIMEOUT_S)
        assert client.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), TIMEOUT_S)
    assert world.server.stop(TIMEOUT_S)
    assert world.bugs == []


def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = HttpServer(
            address, lambda: answer, on_bug=lambda *_: None, enter_priority=lambda _: None
        )
        with pytest.raises(ServeError, match=f"cannot listen on {address} for HTTP: .*in use"):
            server.start()
        assert server.stop()


def test_a_host_that_does_not_exist_is_one_too() -> None:
    server = HttpServer(
        "999.1.1.1:0", lambda: answer, on_bug=lambda *_: None, enter_priority=lambda _: None
    )
    with pytest.raises(ServeError, match=r"cannot listen on 999\.1\.1\.1:0 for HTTP"):
        server.start()


def test_an_application_that_cannot_be_made_is_told() -> None:
    def fail() -> Any:
        raise KeyError("no page")

    world = World(fail)
    world.server.start()
    world.server._thread.join(TIMEOUT_S)
    assert world.bugs == ["http: 'no page'"]
    assert world.server.stop()


def test_ipv6_has_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = HttpServer(
        "[::1]:0", lambda: answer, on_bug=lambda *_: None, enter_priority=lambda _: None
    )
    assert server.start().startswith("[::1]:")
    assert server.stop(TIMEOUT_S)
